//! Workbooks that this crate wrote are told from others, so that none but its own is replaced.

use std::{fs::File, io::Read as _, path::Path};

use rust_xlsxwriter::DocProperties;

const SUBJECT: &str = "result manifest of reelq";

/// What a workbook says of itself.
pub(super) fn properties() -> DocProperties {
    DocProperties::new().set_subject(SUBJECT)
}

/// Enough for what a workbook says of itself.
const BYTES: u64 = 64 * 1024;

/// Whether this file is a workbook of results that was written here.
pub fn is_own_workbook(path: &Path) -> bool {
    let said = || {
        let mut archive = zip::ZipArchive::new(File::open(path).ok()?).ok()?;
        let mut text = String::new();
        archive.by_name("docProps/core.xml").ok()?.take(BYTES).read_to_string(&mut text).ok()?;
        Some(text)
    };
    said().is_some_and(|text| text.contains(SUBJECT))
}
