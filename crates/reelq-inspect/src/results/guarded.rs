//! Files that results must not replace: what a batch is made from, and what it is kept in.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use reelq_config::{AccountConfig, StorePlace};
use reelq_console::CommandError;
use reelq_results::{COLUMNS, is_own_workbook};
use reelq_runner::{adapters::vocabulary, context::CommandContext};
use reelq_store::BatchView;

use super::target::is_same;

/// Refuses a place where one of them lies, or where clips or the state are kept. Whatever leads there, by a link, by `..` or
/// in another spelling, is told by what it leads to. `outputs` are the output places of all batches.
pub(super) fn refuse(
    path: &Path,
    view: &BatchView,
    outputs: &[String],
    context: &CommandContext,
) -> Result<(), CommandError> {
    let (name, shown) = (&view.batch.name, path.display());
    if let Some((what, _)) = guarded(view, context).into_iter().find(|(_, file)| is_same(path, file)) {
        return Err(CommandError::usage(format!(
            "--out {shown} is {what}: the results of {name} would replace it; name another file"
        )));
    }
    if is_kept(path, context) {
        return Err(CommandError::usage(format!(
            "--out {shown} lies where reelq keeps its state: nothing else is written there; name another file"
        )));
    }
    match present(path).filter(|file| !file.is_own()) {
        Some(file) if file.is_output(outputs, context) => Err(CommandError::usage(format!(
            "--out {shown} is there already, in an output place, and is no result file: the results of {name} would \
             replace it, which may be a clip; name another file"
        ))),
        Some(file) if file.is_no_text() => Err(CommandError::usage(format!(
            "--out {shown} is there already, and is no text: the results of {name} would replace it; name another file"
        ))),
        _ => Ok(()),
    }
}

/// Whether it is below a folder of the state: the store's, or one of an output place that holds what is not whole yet.
fn is_kept(path: &Path, context: &CommandContext) -> bool {
    let Some(folder) = folder_of(path) else { return false };
    let state = context.state_folder();
    let is_own = |folder: &Path| {
        let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase());
        name.is_some_and(|name| OWN_FOLDERS.contains(&name.as_str()))
    };
    // A state file that lies among other files makes no folder of its own of theirs.
    folder.ancestors().any(|folder| is_own(folder) || (is_same(folder, &state) && is_own(&state)))
}

/// Folders that are reelq's alone, whatever they lie in.
const OWN_FOLDERS: [&str; 2] = [".reelq", ".parts"];

/// The folder that a path leads into, without links and `..`; nothing where there is none yet.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::canonicalize(folder).ok()
}

/// A regular file that is there already.
struct Present {
    path: PathBuf,
    begins: Vec<u8>,
}

/// Enough of a file to tell what it is.
const BEGINNING: u64 = 4096;

fn present(path: &Path) -> Option<Present> {
    let path = std::fs::canonicalize(path).ok()?;
    // What is no regular file is written through; to open a pipe would wait for whoever writes to it.
    if !std::fs::metadata(&path).ok()?.is_file() {
        return None;
    }
    let file = std::fs::File::open(&path).ok()?;
    let mut begins = Vec::new();
    file.take(BEGINNING).read_to_end(&mut begins).ok()?;
    Some(Present { path, begins })
}

impl Present {
    /// Whether it holds nothing, or results in one of their forms.
    fn is_own(&self) -> bool {
        let header = COLUMNS.join(",");
        let columns = COLUMNS.map(|column| format!("\"{column}\":"));
        let text = String::from_utf8_lossy(&self.begins);
        let is_line = text.starts_with('{') && columns.iter().take(5).all(|column| text.contains(column.as_str()));
        let is_table = text.trim_start_matches('\u{feff}').starts_with(&header);
        self.begins.is_empty() || is_table || is_line || is_own_workbook(&self.path)
    }

    fn is_no_text(&self) -> bool {
        self.begins.contains(&0)
    }

    fn is_output(&self, outputs: &[String], context: &CommandContext) -> bool {
        let places = outputs.iter().chain([&context.config.output]);
        let places: Vec<_> = places.filter(|place| !place.contains("://")).map(Path::new).collect();
        self.path.ancestors().skip(1).any(|folder| places.iter().any(|place| is_same(folder, place)))
    }
}

fn guarded(view: &BatchView, context: &CommandContext) -> Vec<(&'static str, PathBuf)> {
    let mut all: Vec<_> = manifest_files(Path::new(&view.batch.manifest)).map(|path| ("the manifest", path)).collect();
    if let StorePlace::Sqlite(file) = context.place() {
        let with = |ending: &str| PathBuf::from(format!("{}{ending}", file.display()));
        all.extend(["", "-wal", "-shm"].map(|ending| ("the state", with(ending))));
    }
    all.extend(context.settings.files.keys().map(|path| ("the configuration", path.clone())));
    let keys = context.config.accounts.values().filter_map(AccountConfig::key_file);
    all.extend(keys.map(|path| ("the file of a key", path)));
    all.extend(context.config.catalogue.values().map(|path| ("a catalogue", path.clone())));
    all
}

/// The manifest, and the files that its rows come from where it can still be read.
fn manifest_files(path: &Path) -> impl Iterator<Item = PathBuf> {
    let opened = reelq_manifest::Manifest::open(path, &vocabulary()).ok();
    let sources = opened.map(|manifest| manifest.files()).unwrap_or_default();
    std::iter::once(path.to_owned()).chain(sources)
}
