//! `reelq retry`: takes jobs up again that ended without an output. Where a task is known it is looked at first.

mod course;
mod intent;

use reelq_console::{CommandError, CommandResult, Exit, Out, Proposal, grouped, money, plural};
use reelq_model::{BatchName, FailureKind, Status, Timestamp};
use reelq_runner::{
    context::CommandContext,
    jobs::{
        edit::{Changed, Editor},
        selection::{AT_ONCE, matching},
        stuck::say_stuck,
    },
    paid::Paid,
};
use reelq_store::{BatchView, JobView, Store, Walk};
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
    args.selection.look_up(&*store, Some(&batch)).await?;
    let Chosen { intent, named, passed_over, unreadable } = Chosen::read(args, &*store).await?;
    if passed_over + unreadable == 0 {
        lookup::explain(&*store, Some(&batch), &args.selection.plain(), &named, &args.takes(), out).await?;
        if named.is_empty() || args.selection.names_jobs() {
            say_stuck(&args.selection.plain().filter(Some(&args.batch), &[], &[]), context, &*store, out).await?;
        }
    }
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
    intent: Intent,
    /// Those that were named one by one; of others the first.
    named: Vec<JobView>,
    /// For they were not named.
    passed_over: u64,
    unreadable: u64,
}

impl Chosen {
    async fn read(args: &RetryArgs, store: &dyn Store) -> Result<Self, CommandError> {
        let (now, selection) = (store.now().await?, args.selection.plain());
        let intent = Intent::new(args.look, now);
        let mut chosen = Self { intent, named: Vec::new(), passed_over: 0, unreadable: 0 };
        let mut statuses = vec![Status::Failed];
        statuses.extend(args.cancelled.then_some(Status::Cancelled));
        // An output beside what was bought may have come late.
        statuses.extend((args.look && selection.names_jobs()).then_some(Status::Succeeded));
        let filter = selection.filter(Some(&args.batch), &statuses, &args.kinds);
        let mut walk = Walk::new(store, &filter);
        while let Some(view) = walk.next().await? {
            chosen.take(view, args, now);
        }
        if selection.names_jobs() && args.kinds.is_empty() {
            let named = matching(store, &selection.filter(Some(&args.batch), &[], &[])).await?;
            for view in named.into_iter().filter(|view| view.parked && !view.job.stage.is_terminal()) {
                chosen.take(view, args, now);
            }
        }
        Ok(chosen)
    }

    fn take(&mut self, view: JobView, args: &RetryArgs, now: Timestamp) {
        if view.is_unreadable() {
            self.unreadable += 1;
            return;
        }
        if args.uncharged && Paid::of(&view.job, now) != Paid::Nothing {
            return;
        }
        let is_named = !args.kinds.is_empty() || !args.selection.is_empty();
        if !is_named && !is_taken_by_itself(&view, args.look) {
            self.passed_over += 1;
            return;
        }
        self.intent.add(&view);
        if self.named.is_empty() || args.selection.names_jobs() {
            self.named.push(view);
        }
    }
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
    let meant: Vec<_> = intent.jobs.iter().filter(|meant| meant.course != Course::Leave).collect();
    for part in meant.chunks(AT_ONCE) {
        let changes: Vec<_> = part.iter().map(|meant| (meant.job, meant.shown, meant.course.event())).collect();
        for (meant, changed) in part.iter().zip(editor.apply_all(&changes).await?) {
            match meant.course {
                _ if changed != Changed::Yes => report.refused += 1,
                Course::Buy => report.retried += 1,
                Course::LookThenBuy => report.looked_at += 1,
                Course::Look | Course::Leave => report.fetched_again += 1,
            }
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
