//! Links from a workbook to the clips.

use std::path::Path;

use rust_xlsxwriter::Url;

/// Where the links of a workbook lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClipLinks {
    /// To files below this address, which ends in `/`: `s3://bucket/prefix/`.
    Address(String),
    /// To files below this folder: as seen from the workbook's own folder, or from the root.
    Folder(String),
}

impl ClipLinks {
    /// Links from a workbook in `book`, a folder, to clips in the folder `clips`, both without links and `..`. They are
    /// relative where the clips lie in or below that folder, so that both can be moved together.
    pub fn between(book: Option<&Path>, clips: &Path) -> Self {
        let below = book.and_then(|book| clips.strip_prefix(book).ok());
        Self::Folder(below.unwrap_or(clips).display().to_string())
    }
}

/// Excel takes no more links in a sheet, and repairs a workbook that has more.
const MOST: u32 = 65_530;

/// The links of a workbook, counted for each sheet.
#[derive(Debug)]
pub(super) struct Links {
    clips: ClipLinks,
    in_sheet: u32,
    unlinked: u64,
    most: u32,
}

impl Links {
    pub(super) const fn new(clips: ClipLinks) -> Self {
        Self { clips, in_sheet: 0, unlinked: 0, most: MOST }
    }

    pub(super) const fn begin_sheet(&mut self) {
        self.in_sheet = 0;
    }

    pub(super) const fn unlinked(&self) -> u64 {
        self.unlinked
    }

    /// The link to a file; `None` where the sheet has as many as it may have, or Excel would not take the address.
    pub(super) fn to(&mut self, file: &str) -> Option<Url> {
        let address = match &self.clips {
            ClipLinks::Address(base) => format!("{base}{file}"),
            // Behind `file://` the library takes every path for a relative one.
            ClipLinks::Folder(folder) if folder.starts_with('/') => format!("File://{}", join(folder, file)),
            ClipLinks::Folder(folder) => format!("file:///{}", join(folder, file)),
        };
        // Excel reads what stands behind such a sign as a place in the file.
        if self.in_sheet >= self.most || address.contains('#') || address.encode_utf16().count() > LONGEST {
            self.unlinked += 1;
            return None;
        }
        self.in_sheet += 1;
        Some(Url::new(address))
    }

    #[cfg(test)]
    pub(super) const fn at_most(&mut self, most: u32) {
        self.most = most;
    }
}

/// Longer addresses are refused.
const LONGEST: usize = 2_000;

fn join(folder: &str, file: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}
