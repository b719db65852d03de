//! Files that results must not replace: what a batch is made from, and what it is kept in.

use std::path::{Path, PathBuf};

use reelq_store::BatchView;

use super::target::is_same;
use crate::{
    config::{AccountConfig, StorePlace},
    failure::Failure,
    session::{Session, vocabulary},
};

/// Refuses a place where one of them lies.
pub(super) fn refuse(path: &Path, view: &BatchView, session: &Session) -> Result<(), Failure> {
    let found = guarded(view, session).into_iter().find(|(_, file)| is_same(path, file));
    let Some((what, _)) = found else { return Ok(()) };
    let (name, path) = (&view.batch.name, path.display());
    Err(Failure::usage(format!("--out {path} is {what}: the results of {name} would replace it; name another file")))
}

fn guarded(view: &BatchView, session: &Session) -> Vec<(&'static str, PathBuf)> {
    let mut all: Vec<_> = manifest_files(Path::new(&view.batch.manifest)).map(|path| ("the manifest", path)).collect();
    if let StorePlace::Sqlite(file) = session.place() {
        let with = |ending: &str| PathBuf::from(format!("{}{ending}", file.display()));
        all.extend(["", "-wal", "-shm"].map(|ending| ("the state", with(ending))));
    }
    all.extend(session.settings.files.keys().map(|path| ("the configuration", path.clone())));
    let keys = session.config.accounts.values().filter_map(AccountConfig::key_file);
    all.extend(keys.map(|path| ("the file of a key", path)));
    all.extend(session.config.catalogue.values().map(|path| ("a catalogue", path.clone())));
    all
}

/// The manifest, and the files that its rows come from where it can still be read.
fn manifest_files(path: &Path) -> impl Iterator<Item = PathBuf> {
    let opened = reelq_manifest::Manifest::open(path, &vocabulary()).ok();
    let sources = opened.map(|manifest| manifest.files()).unwrap_or_default();
    std::iter::once(path.to_owned()).chain(sources)
}
