//! `reelq retry`: takes jobs up again that ended without an output. Where a task is known it is looked at first.

mod course;
mod intent;

use reelq_console::{CommandError, CommandResult, Exit, Out, Proposal, grouped, money, plural};
use reelq_model::{BatchName, FailureKind, Status};
use reelq_runner::{
    context::CommandContext,
    jobs::{
        edit::{Changed, Editor},
        selection::matching,
        stuck::say_stuck,
    },
    paid::Paid,
};
use reelq_store::{BatchView, JobView, Store};
use serde::Serialize;

use super::{
    consent::Consent,
    retry::{
        course::{Course, is_taken_by_itself},
        intent::Intent,
    },
    selection::{SelectionArgs, failure_kind},
};
use crate::commands::lookup;

/// Flags of `reelq retry`.
#[derive(Debug, clap::Args)]
pub(crate) struct RetryArgs {
    /// The batch
    batch: BatchName,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Only failures of this kind: content, invalid, transient, provider, expired, output, `given_up` (may be repeated)
    #[arg(long = "kind", value_name = "KIND", value_parser = failure_kind)]
    kinds: Vec<FailureKind>,
    /// Also jobs that were cancelled
    #[arg(long)]
    cancelled: bool,
    /// Only look at the tasks that are known, and fetch what they have: nothing is bought. Of succeeded rows that --row or
    /// --job names, outputs that are not there yet
    #[arg(long)]
    look: bool,
    /// Only jobs that nothing was paid for: the provider took nothing, or gave the money back
    #[arg(long)]
    uncharged: bool,
    #[command(flatten)]
    consent: Consent,
}

/// What became of the jobs.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// To be bought.
    retried: u64,
    /// To be looked at, and bought only if the task is over without an output.
    looked_at: u64,
    /// To be looked at and fetched.
    fetched_again: u64,
    /// In a worker's hands, or moved on meanwhile.
    refused: u64,
    /// Not taken up unless named.
    passed_over: u64,
    /// Without a task that could be looked at.
    without_task: u64,
    /// Of those meant, whose record cannot be read.
    unreadable: u64,
}

pub(crate) async fn run(args: &RetryArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::store(context).await?;
    let batch = lookup::batch(&*store, &args.batch).await?;
    let Chosen { jobs, passed_over, unreadable } = chosen(args, &*store).await?;
    if passed_over + unreadable == 0 {
        lookup::explain(&*store, Some(&batch), &args.selection.plain(), &jobs, &args.takes(), out).await?;
        if jobs.is_empty() || args.selection.plain().names_jobs() {
            say_stuck(&args.selection.plain().filter(Some(&args.batch), &[], &[]), context, &*store, out).await?;
        }
    }
    let intent = Intent::new(jobs, args.look, store.now().await?);
    intent.bought_blindly(&context.flags()).iter().for_each(|line| out.warning(line));
    agree(args, &intent, context, out).await?;
    let report =
        Report { passed_over, unreadable, without_task: intent.count(Course::Leave), ..retry(&intent, &*store).await? };
    out.report(&report, draw);
    say_next(&report, &batch, context, &*store, out).await?;
    Ok(Exit::Done)
}

impl RetryArgs {
    /// What the command is about, for whoever named something else.
    fn takes(&self) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
        let unpaid = if self.uncharged { " that nothing was paid for" } else { "" };
        let cancelled = if self.cancelled { " and cancelled ones" } else { "; with --cancelled, cancelled ones too" };
        format!("this retry takes failed jobs{kinds}{unpaid}{cancelled}")
    }
}

/// The jobs that are meant.
struct Chosen {
    jobs: Vec<JobView>,
    /// For they were not named.
    passed_over: u64,
    unreadable: u64,
}

async fn chosen(args: &RetryArgs, store: &dyn Store) -> Result<Chosen, CommandError> {
    let now = store.now().await?;
    let mut statuses = vec![Status::Failed];
    statuses.extend(args.cancelled.then_some(Status::Cancelled));
    // An output beside what was bought may have come late.
    statuses.extend((args.look && args.selection.plain().names_jobs()).then_some(Status::Succeeded));
    let mut all = matching(store, &args.selection.plain().filter(Some(&args.batch), &statuses, &args.kinds)).await?;
    if args.selection.plain().names_jobs() && args.kinds.is_empty() {
        let named = matching(store, &args.selection.plain().filter(Some(&args.batch), &[], &[])).await?;
        all.extend(named.into_iter().filter(|view| view.parked && !view.job.stage.is_terminal()));
    }
    let meant = all.len();
    all.retain(|view| !view.is_unreadable());
    let unreadable = u64::try_from(meant - all.len()).unwrap_or(u64::MAX);
    all.retain(|view| !args.uncharged || Paid::of(&view.job, now) == Paid::Nothing);
    let named = !args.kinds.is_empty() || !args.selection.plain().is_empty();
    let (jobs, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|view| named || is_taken_by_itself(view, args.look));
    Ok(Chosen { jobs, passed_over: u64::try_from(rest.len()).unwrap_or(u64::MAX), unreadable })
}

/// Tells what is going to be done, and asks where money may be spent.
async fn agree(args: &RetryArgs, intent: &Intent, context: &CommandContext, out: Out) -> Result<(), CommandError> {
    let told = intent.told();
    if !intent.may_buy() {
        for line in &told {
            out.note(line);
        }
        return Ok(());
    }
    let count = intent.count(Course::Buy) + intent.count(Course::LookThenBuy);
    let (jobs, cost) = (format!("{} job{}", grouped(count), plural(count)), intent.at_most());
    let what = format!("spend at most {cost} on {jobs} of batch {}", args.batch);
    args.consent.to(&Proposal { told, what, otherwise: "nothing was changed, and nothing bought" }, context, out).await
}

async fn retry(intent: &Intent, store: &dyn Store) -> Result<Report, CommandError> {
    let (mut report, mut editor) = (Report::default(), Editor::new(store));
    let meant: Vec<_> = intent.jobs.iter().filter(|(_, course)| *course != Course::Leave).collect();
    let changes: Vec<_> = meant.iter().map(|(view, course)| (&view.job, course.event())).collect();
    for ((_, course), changed) in meant.into_iter().zip(editor.apply_all(&changes).await?) {
        match course {
            _ if changed != Changed::Yes => report.refused += 1,
            Course::Buy => report.retried += 1,
            Course::LookThenBuy => report.looked_at += 1,
            Course::Look | Course::Leave => report.fetched_again += 1,
        }
    }
    Ok(report)
}

fn draw(report: &Report) -> String {
    let hint = "content, invalid or given up: change the row, or name --kind or --row";
    let lines = [
        (report.retried, "queued again"),
        (report.looked_at, "to be looked at, and bought only if over without an output"),
        (report.fetched_again, "to be looked at and fetched"),
        (report.without_task, "left: no task is known"),
        (report.unreadable, "left: the record cannot be read; `reelq doctor` says what to do"),
        (report.refused, "in a worker's hands, or moved on meanwhile: run it again"),
    ];
    let told =
        lines.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{} {what}", grouped(count)));
    let passed = (report.passed_over > 0).then(|| format!("{} passed over ({hint})", grouped(report.passed_over)));
    let lines: Vec<_> = told.chain(passed).collect();
    if lines.is_empty() { "nothing to retry".to_owned() } else { lines.join("\n") }
}

/// Names the command that goes on; where it would buy other rows too, it says so.
async fn say_next(
    report: &Report,
    before: &BatchView,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<(), CommandError> {
    let name = &before.batch.name;
    if report.retried == 0 {
        if report.looked_at + report.fetched_again > 0 {
            context.say_follow(store, name, out).await?;
        }
        if report.looked_at > 0 {
            out.note(&format!(
                "what is over without an output is queued then; to buy that: {}",
                context.continue_command(name)
            ));
        }
    } else {
        context.say_work_on(store, name, out).await?;
    }
    let others = before.counts.of(Status::Queued) + before.others.of(Status::Queued);
    if others > 0 && report.retried + report.looked_at > 0 {
        let (jobs, price) = (format!("{} other job{}", grouped(others), plural(others)), money(before.to_spend));
        out.note(&format!("{jobs} of the batch {} queued as well, for about {price}, and bought with it", are(others)));
    }
    Ok(())
}

const fn are(count: u64) -> &'static str {
    if count == 1 { "is" } else { "are" }
}
