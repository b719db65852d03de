//! `reelq cancel`: withdraws jobs.

use reelq_model::{BatchName, Status};
use reelq_store::Edited;
use serde::Serialize;

use super::selection::{Selection, matching};
use crate::{
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
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What became of the jobs.
#[derive(Debug, Default, Serialize)]
struct Report {
    cancelled: u64,
    requested: u64,
    refused: u64,
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let store = session.store().await?;
    session.batch(&*store, &args.batch).await?;
    let statuses: &[Status] =
        if args.queued { &[Status::Queued] } else { &[Status::Queued, Status::Submitting, Status::Running] };
    let jobs = matching(&*store, &args.selection.filter(Some(&args.batch), statuses, &[])).await?;
    if jobs.is_empty() {
        out.note("nothing to cancel");
        return Ok(Exit::Done);
    }
    let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
    let question = format!("Cancel {} job{} of {}?", grouped(count), plural(count), args.batch);
    if !args.yes && out.can_ask() && !out.confirm(&question) {
        return Err(Failure::usage("not confirmed; nothing was changed"));
    }
    let mut report = Report::default();
    for view in &jobs {
        match store.cancel(view.job.id).await? {
            Edited::Done => report.cancelled += 1,
            Edited::Requested => report.requested += 1,
            Edited::Refused(_) => report.refused += 1,
        }
    }
    out.report(&report, |report| {
        format!(
            "{} cancelled, {} asked for at the provider on the next run, {} too late",
            report.cancelled, report.requested, report.refused
        )
    });
    Ok(Exit::Done)
}
