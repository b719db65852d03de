//! Whom the batch of a manifest would push aside.

use std::path::Path;

use reelq_model::BatchName;
use reelq_store::{BatchDraft, BatchView};

use crate::{Order, Takes};

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
