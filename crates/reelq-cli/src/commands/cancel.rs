//! `reelq cancel`: withdraws jobs, as far as they can be.

mod followed;
mod of_account;
mod whole;

use reelq_console::{CommandError, CommandResult, Out, Proposal, grouped, plural};
use reelq_model::{BatchName, Status};
use reelq_runner::{
    context::CommandContext,
    jobs::{
        selection::{AT_ONCE, matching},
        withdrawal::Abilities,
    },
    orders,
};
use reelq_store::{BatchView, Edit, Edited, JobView, Store};
use serde::Serialize;

use super::consent::Consent;
use crate::commands::{lookup, selection::SelectionArgs};

/// Flags of `reelq cancel`.
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    /// The batch
    batch: BatchName,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Only jobs that were not submitted yet
    #[arg(long)]
    queued: bool,
    #[command(flatten)]
    consent: Consent,
}

/// What became of the jobs.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Withdrawn: nothing was bought.
    cancelled: u64,
    /// Withdrawn, but an earlier submission may have been bought.
    doubtful: u64,
    /// The provider is asked to withdraw its task.
    requested: u64,
    /// The request to buy is under way; what comes of it decides.
    submitting: u64,
    /// The provider cannot withdraw a task: followed to its end.
    followed: u64,
    /// Ended or were fetched meanwhile.
    refused: u64,
    #[serde(skip)]
    kept: Vec<JobView>,
}

pub(crate) async fn run(args: &CancelArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::store(context).await?;
    let batch = lookup::batch(&*store, &args.batch).await?;
    args.selection.look_up(&*store, Some(&batch)).await?;
    let report = if args.selection.is_empty() {
        whole::cancel_whole(args, &batch, context, &*store, out).await?
    } else if args.selection.names_jobs() {
        some(args, &batch, context, &*store, out).await?
    } else {
        of_account::cancel(args, &batch, context, &*store, out).await?
    };
    let Some(report) = report else {
        out.report(&Report::default(), |_| "nothing to cancel".to_owned());
        return args.hold(&format!("batch {} has nothing to cancel", args.batch), context, &*store, out).await;
    };
    out.report(&report, |report| draw(report, &args.batch, &context.flags()));
    if report.cancelled + report.doubtful > 0 {
        let (batch, flags) = (&args.batch, context.flags());
        out.note(&format!("they stay cancelled when the manifest is run again; to take them up: reelq retry {batch} --cancelled{flags}"));
    }
    if report.requested + report.submitting > 0 {
        context.say_follow(&*store, &args.batch, out).await?;
    }
    args.hold(&format!("jobs of batch {} are cancelled", args.batch), context, &*store, out).await
}

/// Cancels the jobs that were named.
async fn some(
    args: &CancelArgs,
    batch: &BatchView,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<Option<Report>, CommandError> {
    let jobs = matching(store, &args.selection.plain().filter(Some(&args.batch), args.statuses(), &[])).await?;
    lookup::explain(store, Some(batch), &args.selection.plain(), &jobs, args.takes(), out).await?;
    if jobs.is_empty() {
        return Ok(None);
    }
    args.agreed(u64::try_from(jobs.len()).unwrap_or(u64::MAX), context, out).await?;
    let (mut report, mut abilities) = (Report::default(), Abilities::new(context));
    for part in jobs.chunks(AT_ONCE) {
        cancel(part, &mut abilities, store, &mut report).await?;
    }
    Ok(Some(report))
}

impl CancelArgs {
    const fn statuses(&self) -> &'static [Status] {
        if self.queued { &[Status::Queued] } else { &[Status::Queued, Status::Submitting, Status::Running] }
    }

    async fn agreed(&self, count: u64, context: &CommandContext, out: Out) -> Result<(), CommandError> {
        let what = format!("cancel {} job{} of batch {}", grouped(count), plural(count), self.batch);
        self.consent.to(&Proposal { told: Vec::new(), what, otherwise: "nothing was changed" }, context, out).await
    }

    /// Waits until what was cancelled cannot be forgotten.
    async fn hold(&self, what: &str, context: &CommandContext, store: &dyn Store, out: Out) -> CommandResult {
        let (batch, flags, queued) = (&self.batch, context.flags(), if self.queued { " --queued" } else { "" });
        let then = if self.selection.is_empty() {
            format!("say it again: reelq cancel {batch}{queued}{flags}")
        } else {
            format!("look whether they still are: reelq status {batch}{flags}")
        };
        orders::hold(what, &then, store, out).await
    }

    const fn takes(&self) -> &'static str {
        if self.queued {
            "cancel --queued takes queued jobs"
        } else {
            "cancel takes queued, submitting and running jobs: what is being fetched is paid for, and unconfirmed ones are settled by reelq resolve"
        }
    }
}

/// Cancels a part of the jobs in one step, and adds what became of them.
async fn cancel(
    jobs: &[JobView],
    abilities: &mut Abilities<'_>,
    store: &dyn Store,
    report: &mut Report,
) -> Result<(), CommandError> {
    let edits: Vec<_> = jobs.iter().map(|view| (view.job.id, Edit::Cancel)).collect();
    for (view, edited) in jobs.iter().zip(store.edit_all(&edits).await?) {
        match edited {
            Edited::Done if view.job.doubtful.is_empty() => report.cancelled += 1,
            Edited::Done => report.doubtful += 1,
            Edited::Refused(_) => report.refused += 1,
            Edited::Requested if view.job.status() != Status::Running => report.submitting += 1,
            Edited::Requested if abilities.withdraws(&view.job)? => report.requested += 1,
            // The wish stands all the same: should the task fail uncharged, the row is not bought again.
            Edited::Requested => {
                report.followed += 1;
                report.kept.push(view.clone());
            }
        }
    }
    Ok(())
}

fn draw(report: &Report, batch: &BatchName, flags: &str) -> String {
    let lines = [
        (report.cancelled, "cancelled: nothing was bought"),
        (report.doubtful, "cancelled: nothing more is sent, but an earlier submission of each may have been bought"),
        (
            report.requested,
            "running: the provider is asked to withdraw its task, which it may refuse once the task has begun",
        ),
        (report.submitting, "being submitted: withdrawn if the provider did not take it, else as one that runs"),
        (report.refused, "too late: ended or being fetched meanwhile"),
    ];
    let told =
        lines.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", grouped(count)));
    told.chain(followed::told(&report.kept, batch, flags)).collect::<Vec<_>>().join("\n")
}
