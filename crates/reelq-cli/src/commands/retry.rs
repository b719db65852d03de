//! `reelq retry`: takes failed jobs up again.

use reelq_model::{BatchName, Event, FailureKind, Stage, Status};
use reelq_store::{Edited, JobView};
use serde::Serialize;

use super::selection::{Selection, matching};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    output::{Out, cost_of, grouped, plural},
    session::Session,
};

/// Flags of `reelq retry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The batch
    batch: BatchName,
    #[command(flatten)]
    selection: Selection,
    /// Only failures of this kind: content, invalid, transient, provider, expired, output, `given_up` (may be repeated)
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<FailureKind>,
    /// Also jobs that were cancelled
    #[arg(long)]
    cancelled: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

fn kind(text: &str) -> Result<FailureKind, String> {
    let found = FailureKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("one of {}", FailureKind::ALL.map(FailureKind::as_str).join(", ")))
}

/// Kinds that the same request would only meet again, or that cost a second look.
const NOT_BY_ITSELF: [FailureKind; 3] = [FailureKind::Content, FailureKind::Invalid, FailureKind::GivenUp];

#[derive(Debug, Default, Serialize)]
struct Report {
    retried: u64,
    fetched_again: u64,
    refused: u64,
    passed_over: u64,
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let store = session.store().await?;
    session.batch(&*store, &args.batch).await?;
    let statuses: &[Status] = if args.cancelled { &[Status::Failed, Status::Cancelled] } else { &[Status::Failed] };
    let mut all = matching(&*store, &args.selection.filter(Some(&args.batch), statuses, &args.kinds)).await?;
    // The record of an unexpected charge is never bought again.
    all.retain(|view| view.job.orphan_of.is_none() || is_fetch(view));
    let chosen = !args.kinds.is_empty() || !args.selection.is_empty();
    let (jobs, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|view| chosen || is_retried_by_itself(view));
    let mut report = Report { passed_over: u64::try_from(rest.len()).unwrap_or(u64::MAX), ..Report::default() };
    if !confirmed(args, &jobs, out) {
        return Err(Failure::usage("not confirmed; nothing was changed"));
    }
    for view in &jobs {
        let again = is_fetch(view);
        match store.edit(view.job.id, Event::Retry { buy: true }).await? {
            Edited::Done | Edited::Requested if again => report.fetched_again += 1,
            Edited::Done | Edited::Requested => report.retried += 1,
            Edited::Refused(_) => report.refused += 1,
        }
    }
    out.report(&report, draw);
    session.say_run_again(&*store, &args.batch, out).await?;
    Ok(Exit::Done)
}

fn is_retried_by_itself(view: &JobView) -> bool {
    match &view.job.stage {
        Stage::Failed { failure, .. } => !NOT_BY_ITSELF.contains(&failure.kind),
        _ => true,
    }
}

/// Whether a retry fetches what is paid for, instead of buying again.
fn is_fetch(view: &JobView) -> bool {
    matches!(&view.job.stage, Stage::Failed { failure, task: Some(_) } if failure.kind == FailureKind::Output)
}

fn confirmed(args: &Args, jobs: &[JobView], out: Out) -> bool {
    let bought: Vec<_> = jobs.iter().filter(|view| !is_fetch(view)).collect();
    let count = u64::try_from(bought.len()).unwrap_or(u64::MAX);
    let amount = cost_of(bought.iter().map(|view| view.job.price));
    if args.yes || count == 0 || !out.can_ask() {
        return true;
    }
    out.confirm(&format!("Buy {} job{} again, for about {}?", grouped(count), plural(count), amount))
}

fn draw(report: &Report) -> String {
    let mut lines = vec![format!("{} queued again, {} to be fetched again", report.retried, report.fetched_again)];
    if report.passed_over > 0 {
        let hint = "content, invalid or given up: change the row, or name --kind or --row";
        lines.push(format!("{} passed over ({hint})", report.passed_over));
    }
    if report.refused > 0 {
        lines.push(format!("{} in hand or moved on meanwhile", report.refused));
    }
    lines.join("\n")
}
