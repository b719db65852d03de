//! What a sheet shows of a job.

use std::path::{Component, Path, PathBuf};

use reelq_collector::record;
use reelq_console::money;
use reelq_model::{Job, Stage, StoredFile};
use reelq_store::{BatchView, ResultLine};
use serde::Serialize;

use crate::place::SheetPlace;

/// A job as the page takes it. What is not known is left out.
#[derive(Debug, Serialize)]
pub(crate) struct ClipEntry {
    job: String,
    pub(crate) row: u64,
    copy: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) copies: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    prompt: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    model: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mode: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    account: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<String>,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<ClipOutput>,
}

/// A file of a job.
#[derive(Debug, Serialize)]
struct ClipOutput {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    missing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    poster: Option<String>,
    bytes: u64,
}

/// Where the clips of a batch are, as seen from its sheet.
#[derive(Debug)]
pub(crate) struct Clips {
    /// The output place, where it is no folder.
    address: Option<String>,
    folder: PathBuf,
    /// The folder as seen from the sheet.
    from_sheet: PathBuf,
}

impl Clips {
    pub(crate) fn of(batch: &BatchView, place: &SheetPlace) -> Self {
        let output = &batch.batch.output;
        let folder = whole(Path::new(output));
        Self {
            address: output.contains("://").then(|| output.trim_end_matches('/').to_owned()),
            from_sheet: relative(place.folder(), &folder),
            folder,
        }
    }

    /// What the sheet shows of a line; `poster` is the path of a picture of its first file.
    pub(crate) fn entry(&self, line: &ResultLine, poster: Option<PathBuf>) -> ClipEntry {
        let told = record(line, &[]);
        let job = &line.view.job;
        let mut outputs: Vec<_> = files(job).iter().map(|file| self.output(file)).collect();
        if let (Some(first), Some(poster)) = (outputs.first_mut(), poster) {
            first.poster = self.from_sheet.join(poster).to_str().map(str::to_owned);
        }
        ClipEntry {
            row: told.row,
            copy: told.copy,
            copies: None,
            id: told.id,
            prompt: told.prompt,
            model: told.model,
            mode: told.mode,
            account: told.account,
            cost: told.cost_usd.filter(|_| !outputs.is_empty()).map(money),
            status: told.status.map_or_else(|| "failed".to_owned(), |status| status.to_string()),
            reason: told.error_message.or(told.note).filter(|_| outputs.is_empty()),
            finished_at: told.stored_at.or(told.finished_at).map(reelq_model::Timestamp::with_millis),
            fields: facts(&told.params, told.remote_task),
            outputs,
            job: told.job,
        }
    }

    fn output(&self, file: &StoredFile) -> ClipOutput {
        let kind = kind(&file.path);
        let output =
            ClipOutput { kind, file: None, path: None, place: None, missing: false, poster: None, bytes: file.bytes };
        if let Some(address) = &self.address {
            return ClipOutput { place: Some(format!("{address}/{}", file.path)), ..output };
        }
        let whole = self.folder.join(&file.path);
        ClipOutput {
            file: self.from_sheet.join(&file.path).to_str().map(str::to_owned),
            missing: !whole.exists(),
            path: Some(whole.display().to_string()),
            ..output
        }
    }
}

pub(crate) fn files(job: &Job) -> &[StoredFile] {
    match &job.stage {
        Stage::Succeeded { files, .. } => files,
        _ => &[],
    }
}

fn facts(params: &reelq_model::Fields, task: Option<String>) -> Vec<(String, String)> {
    let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fields = params.iter().map(|(name, value)| (name.clone(), plain(value)));
    fields.chain(task.map(|task| ("remote task".to_owned(), task))).collect()
}

/// What kind of file it is, by its extension, which the collector gave it by its content.
pub(crate) fn kind(path: &str) -> &'static str {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "mp4" | "webm" | "mov" | "mkv" | "m4v" | "avi" => "video",
        "png" | "jpg" | "jpeg" | "webp" | "gif" | "avif" => "image",
        "mp3" | "wav" | "m4a" | "ogg" | "flac" => "audio",
        _ => "other",
    }
}

/// A path from the root, without links where it is there.
pub(crate) fn whole(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// A folder as seen from another one; both from the root.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_seen_from_each_other() {
        for (from, to, seen) in
            [("/a/b", "/a/b", ""), ("/a", "/a/b/c", "b/c"), ("/a/b/c", "/a/d", "../../d"), ("/x", "/y", "../y")]
        {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(seen), "{from} {to}");
        }
    }
}
