//! `reelq resolve`: submissions whose fate is unknown, and what a person found out about them.

use std::time::Duration;

use reelq_model::{Acceptance, BatchName, Event, Job, Money, Resolution, Stage, Status, TaskId, Timestamp};
use reelq_store::{Edited, JobView, Store};
use serde::Serialize;

use super::selection::{Selection, brief, matching, place};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    output::{Out, cost_of, grouped, money, plural, table},
    session::Session,
};

/// Flags of `reelq resolve`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("answer").args(["accepted", "not_bought", "give_up"])))]
pub(crate) struct Args {
    /// The batch; all batches where it is left out
    batch: Option<BatchName>,
    #[command(flatten)]
    selection: Selection,
    /// The provider took it: follow this task (one job)
    #[arg(long, value_name = "TASK_ID")]
    accepted: Option<TaskId>,
    /// The provider never took it: it may be submitted again
    #[arg(long)]
    not_bought: bool,
    /// Give the row up: it ends as failed, whatever it cost
    #[arg(long)]
    give_up: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// All that is known of an unconfirmed job.
#[derive(Debug, Serialize)]
struct Unconfirmed {
    job: String,
    batch: String,
    row: Option<u64>,
    copy: Option<u32>,
    id: Option<String>,
    account: String,
    model: String,
    prompt: String,
    price_usd: Option<Money>,
    submission: u32,
    key: String,
    sent_at: Timestamp,
    reason: String,
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let store = session.store().await?;
    if let Some(name) = &args.batch {
        session.batch(&*store, name).await?;
    }
    let filter = args.selection.filter(args.batch.as_ref(), &[Status::Unconfirmed], &[]);
    let jobs = matching(&*store, &filter).await?;
    if args.accepted.is_none() && !args.not_bought && !args.give_up {
        return Ok(list(&jobs, &session.flags(), out));
    }
    if args.selection.is_empty() && args.batch.is_none() {
        return Err(Failure::usage("name the jobs: a batch, --row N, --job ID or --account NAME"));
    }
    if args.accepted.is_some() && jobs.len() != 1 {
        let count = jobs.len();
        return Err(Failure::usage(format!("--accepted settles one job, and {count} fit: name it with --job ID")));
    }
    if !confirmed(args, &jobs, out) {
        return Err(Failure::usage("not confirmed; nothing was changed"));
    }
    settle(args, &jobs, &*store, out).await?;
    if let Some(view) = jobs.first() {
        session.say_run_again(&*store, &view.job.batch, out).await?;
    }
    Ok(Exit::Done)
}

async fn settle(args: &Args, jobs: &[JobView], store: &dyn Store, out: Out) -> Result<(), Failure> {
    let (mut done, mut refused) = (0_u64, 0_u64);
    let now = store.now().await?;
    for view in jobs {
        let Some(event) = event(args, &view.job, now) else { continue };
        match store.edit(view.job.id, event).await? {
            Edited::Done | Edited::Requested => done += 1,
            Edited::Refused(_) => refused += 1,
        }
    }
    let report = serde_json::json!({ "resolved": done, "moved_on": refused });
    out.report(&report, |_| format!("{done} resolved, {refused} had moved on meanwhile"));
    Ok(())
}

fn event(args: &Args, job: &Job, now: Timestamp) -> Option<Event> {
    let Stage::Unconfirmed { submission, .. } = &job.stage else { return None };
    if let Some(task) = &args.accepted {
        let acceptance =
            Acceptance { task: task.clone(), submission: submission.number, cost: None, at: now, outputs: Vec::new() };
        return Some(Event::Accepted { acceptance, first_poll: Duration::ZERO });
    }
    let resolution = if args.not_bought { Resolution::NotBought } else { Resolution::GiveUp };
    Some(Event::Resolved { resolution })
}

fn confirmed(args: &Args, jobs: &[JobView], out: Out) -> bool {
    let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
    let amount = cost_of(jobs.iter().map(|view| view.job.price));
    let jobs = format!("{} job{}", grouped(count), plural(count));
    let consequence = if args.not_bought {
        format!("{jobs} may be submitted again, for {amount}; if the provider did take one, it is paid for twice.")
    } else if args.give_up {
        format!("{jobs} will end as failed; up to {amount} may have been charged for nothing.")
    } else {
        format!("{jobs} will be followed as bought, for {amount}.")
    };
    out.note(&consequence);
    args.yes || !out.can_ask() || out.confirm("Go on?")
}

fn list(jobs: &[JobView], flags: &str, out: Out) -> Exit {
    let known: Vec<_> = jobs.iter().filter_map(known).collect();
    out.report_list("unconfirmed", &known, |known| {
        if known.is_empty() { "no job is unconfirmed".to_owned() } else { draw(known, jobs) }
    });
    if !known.is_empty() {
        out.note(&format!(
            "\nLook each one up in the provider's own task list by time and prompt (or by its key), then say what you found:\n  \
             reelq resolve{flags} --job ID --accepted TASK_ID    it is there: follow it\n  \
             reelq resolve{flags} --job ID --not-bought          it is not: it may be submitted again\n  \
             reelq resolve{flags} --job ID --give-up             leave it"
        ));
    }
    Exit::Done
}

fn known(view: &JobView) -> Option<Unconfirmed> {
    let job = &view.job;
    let Stage::Unconfirmed { submission, reason } = &job.stage else { return None };
    Some(Unconfirmed {
        job: job.id.to_string(),
        batch: job.batch.to_string(),
        row: view.line.as_ref().map(|line| line.row),
        copy: view.line.as_ref().map(|line| line.copy),
        id: view.line.as_ref().and_then(|line| line.label.clone()),
        account: job.spec.account.to_string(),
        model: job.spec.model.to_string(),
        prompt: job.spec.prompt().to_owned(),
        price_usd: job.price,
        submission: submission.number,
        key: submission.key.to_string(),
        sent_at: submission.at,
        reason: reason.clone(),
    })
}

fn draw(known: &[Unconfirmed], jobs: &[JobView]) -> String {
    let rows = known.iter().zip(jobs).map(|(job, view)| {
        let price = job.price_usd.map_or_else(|| "?".to_owned(), money);
        let prompt = brief(&job.prompt, 32);
        let (account, sent_at) = (job.account.clone(), job.sent_at.to_string());
        vec![place(view), job.job.clone(), account, job.model.clone(), price, sent_at, brief(&job.reason, 40), prompt]
    });
    table(&["row", "job", "account", "model", ">price", "sent at", "why", "prompt"], rows)
}
