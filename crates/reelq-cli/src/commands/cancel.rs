//! `reelq cancel`: withdraws jobs, as far as they can be.

mod followed;

use reelq_model::{BatchName, Status};
use reelq_store::{Edited, JobView, Store};
use serde::Serialize;

use super::{
    ability::Abilities,
    matched::explain,
    selection::{Selection, matching},
};
use crate::{
    consent::{Consent, Stake},
    exit::Exit,
    failure::{Failure, Outcome},
    output::{Out, grouped, plural},
    session::Session,
};

/// Flags of `reelq cancel`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The batch
    batch: BatchName,
    #[command(flatten)]
    selection: Selection,
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

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let store = session.store().await?;
    let batch = session.batch(&*store, &args.batch).await?;
    let statuses: &[Status] =
        if args.queued { &[Status::Queued] } else { &[Status::Queued, Status::Submitting, Status::Running] };
    let jobs = matching(&*store, &args.selection.filter(Some(&args.batch), statuses, &[])).await?;
    explain(&*store, Some(&batch), &args.selection, &jobs, args.takes(), out).await?;
    if jobs.is_empty() {
        out.report(&Report::default(), |_| "nothing to cancel".to_owned());
        return Ok(Exit::Done);
    }
    let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
    let what = format!("cancel {} job{} of batch {}", grouped(count), plural(count), args.batch);
    args.consent.to(&Stake { told: Vec::new(), what, otherwise: "nothing was changed" }, session, out).await?;
    let report = cancel(jobs, session, &*store).await?;
    out.report(&report, |report| draw(report, &args.batch, &session.flags()));
    if report.requested + report.submitting > 0 {
        session.say_follow(&*store, &args.batch, out).await?;
    }
    Ok(Exit::Done)
}

impl Args {
    const fn takes(&self) -> &'static str {
        if self.queued {
            "cancel --queued takes queued jobs"
        } else {
            "cancel takes queued, submitting and running jobs: what is being fetched is paid for, and unconfirmed ones are settled by reelq resolve"
        }
    }
}

async fn cancel(jobs: Vec<JobView>, session: &Session, store: &dyn Store) -> Result<Report, Failure> {
    let (mut report, mut abilities) = (Report::default(), Abilities::new(session));
    for view in jobs {
        let withdraws = abilities.withdraws(&view.job)?;
        match store.cancel(view.job.id).await? {
            Edited::Done if view.job.doubtful.is_empty() => report.cancelled += 1,
            Edited::Done => report.doubtful += 1,
            Edited::Refused(_) => report.refused += 1,
            Edited::Requested if view.job.status() != Status::Running => report.submitting += 1,
            Edited::Requested if withdraws => report.requested += 1,
            // The wish stands all the same: should the task fail uncharged, the row is not bought again.
            Edited::Requested => {
                report.followed += 1;
                report.kept.push(view);
            }
        }
    }
    Ok(report)
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
