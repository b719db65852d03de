//! Cancelling a whole batch: it is stopped in one step, so that nothing more of it is bought, and then withdrawn part by part.

use std::time::Duration;

use reelq_console::{CommandError, Out};
use reelq_model::Status;
use reelq_runner::{context::CommandContext, jobs::withdrawal::Abilities};
use reelq_store::{BatchView, JobFilter, Store, Walk};

use super::{CancelArgs, Report, cancel};
use crate::commands::lookup;

/// How long requests on their way may take to come back, where only what was not submitted is withdrawn: what the provider did
/// not take is queued again.
const COMING_BACK: u32 = 100;
const MOMENT: Duration = Duration::from_millis(100);

/// Cancels all of the batch that can be; nothing where there is nothing. Whoever dies at it says the same again.
pub(super) async fn cancel_whole(
    args: &CancelArgs,
    batch: &BatchView,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<Option<Report>, CommandError> {
    let name = &args.batch;
    let count = args.statuses().iter().map(|status| batch.counts.of(*status) + batch.others.of(*status)).sum();
    if count == 0 && !batch.cancelling {
        lookup::explain(store, Some(batch), &args.selection.plain(), &[], args.takes(), out).await?;
        return Ok(None);
    }
    args.agreed(count, context, out).await?;
    store.begin_cancel(name).await?;
    out.note(&format!("batch {name} is stopped: nothing more of it is bought; what it has queued is withdrawn"));
    let mut report = Report::default();
    let mut abilities = Abilities::new(context);
    walk(args.statuses(), args, store, &mut abilities, &mut report).await?;
    if args.queued {
        wait_for_requests(args, store).await?;
        walk(&[Status::Queued], args, store, &mut abilities, &mut report).await?;
    }
    store.end_cancel(name).await?;
    Ok(Some(report))
}

async fn walk(
    statuses: &[Status],
    args: &CancelArgs,
    store: &dyn Store,
    abilities: &mut Abilities<'_>,
    report: &mut Report,
) -> Result<(), CommandError> {
    let filter = JobFilter { batch: Some(args.batch.clone()), statuses: statuses.to_vec(), ..JobFilter::default() };
    let mut walk = Walk::new(store, &filter);
    while let Some(part) = walk.part().await? {
        cancel(&part, abilities, store, report).await?;
    }
    Ok(())
}

async fn wait_for_requests(args: &CancelArgs, store: &dyn Store) -> Result<(), CommandError> {
    for _ in 0..COMING_BACK {
        let submitting = |view: &BatchView| view.counts.of(Status::Submitting) + view.others.of(Status::Submitting);
        if store.batch(&args.batch).await?.is_none_or(|view| submitting(&view) == 0) {
            break;
        }
        tokio::time::sleep(MOMENT).await;
    }
    Ok(())
}
