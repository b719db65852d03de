//! Cancelling an account's jobs of a batch: there may be as many as the batch has, so only their ids are held.

use reelq_console::{CommandError, Out};
use reelq_model::JobId;
use reelq_runner::{context::CommandContext, jobs::withdrawal::Abilities};
use reelq_store::{BatchView, JobFilter, JobView, Store, Walk};

use super::{CancelArgs, Report};
use crate::commands::lookup;

/// The jobs that are meant.
#[derive(Debug, Default)]
struct Meant {
    /// Sorted.
    ids: Vec<JobId>,
    /// One of them.
    first: Option<JobView>,
}

/// Cancels the jobs that fit when the question is asked, and no others; nothing where none does.
pub(super) async fn cancel(
    args: &CancelArgs,
    batch: &BatchView,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<Option<Report>, CommandError> {
    let selection = args.selection.plain();
    let filter = selection.filter(Some(&args.batch), args.statuses(), &[]);
    let Meant { ids, first } = meant(store, &filter).await?;
    lookup::explain(store, Some(batch), &selection, first.as_slice(), args.takes(), out).await?;
    if ids.is_empty() {
        return Ok(None);
    }
    args.agreed(count(ids.len()), context, out).await?;
    let (mut report, mut abilities, mut reached) = (Report::default(), Abilities::new(context), 0);
    let mut walk = Walk::new(store, &filter);
    while let Some(mut part) = walk.part().await? {
        part.retain(|view| ids.binary_search(&view.job.id).is_ok());
        reached += part.len();
        super::cancel(&part, &mut abilities, store, &mut report).await?;
    }
    // What fits no longer has ended, or is being fetched, since the question.
    report.refused += count(ids.len().saturating_sub(reached));
    Ok(Some(report))
}

async fn meant(store: &dyn Store, filter: &JobFilter) -> Result<Meant, CommandError> {
    let (mut walk, mut meant) = (Walk::new(store, filter), Meant::default());
    while let Some(part) = walk.part().await? {
        meant.ids.extend(part.iter().map(|view| view.job.id));
        meant.first = meant.first.or_else(|| part.into_iter().next());
    }
    meant.ids.sort_unstable();
    Ok(meant)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
