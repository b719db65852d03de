//! Where a manifest lies, and whom its batch would push aside.

use std::path::Path;

use reelq_model::BatchName;
use reelq_store::{BatchDraft, BatchView};

use crate::{Order, error::Result};

/// Where a manifest lies, and what a person said of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, or a fact about it")]
#[derive(Debug, Clone, Default)]
pub struct ManifestSource {
    /// The manifest's own place: absolute, and with links followed.
    pub path: Option<String>,
    /// The batch has the name of its file, because no one gave it one.
    pub named_by_file: bool,
    /// Requests are looked up in other batches, too.
    pub looks_elsewhere: bool,
    /// Nothing is bought with the plan: where the look-up needs what a reader may not do, it is left out.
    pub reads_only: bool,
    /// A person said that what other batches have may be bought again.
    pub again: bool,
    /// A person said that it takes the place of another file's manifest.
    pub replaces: bool,
}

/// The manifest that a batch was loaded from, where another one would take its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takes {
    /// Where the other manifest lies.
    pub manifest: String,
    /// Rows of the batch that are still to be bought, and would be withdrawn unless this manifest has them, too.
    pub waiting: u64,
}

impl ManifestSource {
    /// What a look-up came to; nothing where it failed and nothing is bought on its word.
    pub(crate) fn tolerate<T>(&self, looked: Result<T>) -> Result<Option<T>> {
        match looked {
            Ok(found) => Ok(Some(found)),
            Err(error) if self.reads_only => {
                tracing::warn!(%error, "what other batches have was not looked up");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether the batch of this name is another file's.
pub(crate) fn takes(batches: &[BatchView], order: &Order) -> Option<Takes> {
    let source = &order.source;
    let path = source.path.as_ref().filter(|_| source.named_by_file)?;
    let view = batches.iter().find(|view| view.batch.name == order.batch)?;
    let there = place_of(&view.batch)?;
    let waiting = view.counts.of(reelq_model::Status::Queued);
    (there != *path).then_some(Takes { manifest: there, waiting })
}

/// Where a batch's manifest lies. An earlier version kept the path as it was given: it counts where it still leads to a file.
fn place_of(batch: &BatchDraft) -> Option<String> {
    batch.manifest_path.clone().or_else(|| {
        let found = Path::new(&batch.manifest).canonicalize().ok()?;
        Some(found.display().to_string())
    })
}

/// Another batch that writes its results to the same place; nothing where this batch wrote there before.
pub(crate) fn same_output(batches: &[BatchView], draft: &BatchDraft) -> Option<BatchName> {
    let same = |view: &&BatchView| plain(&view.batch.output) == plain(&draft.output);
    if batches.iter().filter(same).any(|view| view.batch.name == draft.name) {
        return None;
    }
    batches.iter().find(same).map(|view| view.batch.name.clone())
}

/// Where a batch's outputs went so far, where that is another place.
pub(crate) fn moved_from(batches: &[BatchView], draft: &BatchDraft) -> Option<String> {
    let before = batches.iter().find(|view| view.batch.name == draft.name && view.whole)?;
    (plain(&before.batch.output) != plain(&draft.output)).then(|| before.batch.output.clone())
}

/// A folder as every spelling of it reads.
fn plain(output: &str) -> String {
    if output.contains("://") {
        return output.trim_end_matches('/').to_owned();
    }
    let path = Path::new(output);
    let found = path.canonicalize().or_else(|_| std::path::absolute(path));
    found.map_or_else(
        |_| output.to_owned(),
        |path| path.components().collect::<std::path::PathBuf>().display().to_string(),
    )
}
