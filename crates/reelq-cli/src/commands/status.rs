//! `reelq status`: where batches, accounts and jobs stand.

use std::time::Duration;

use anyhow::Context;
use reelq_console::{
    CommandError, CommandResult, Exit, Listing, Out, duration, grouped, spent, stdout, sum, table, to_spend,
};
use reelq_model::{BatchName, Money, Status, Timestamp};
use reelq_runner::{
    awaited::say_waiting,
    context::CommandContext,
    jobs::{
        absent,
        noticed::Noticed,
        selection::{brief, place},
        stranded::{Stranded, stranded},
        stuck::{Stuck, draw as draw_stuck, stuck},
    },
    pauses,
    signals::Signals,
};
use reelq_store::{
    Absentees, AccountCap, AccountView, BatchView, GuardStep, JobFilter, JobView, Store, Walk, WorkerView,
};
use serde::Serialize;

use crate::commands::{lookup, selection::SelectionArgs};

/// Flags of `reelq status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The batch; all batches and accounts where it is left out
    batch: Option<BatchName>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// List the batch's jobs with this status: queued, submitting, unconfirmed, running, fetching, succeeded, failed, cancelled
    #[arg(long = "status", value_name = "STATUS", requires = "batch")]
    statuses: Vec<Status>,
    /// Go on showing until interrupted
    #[arg(long)]
    watch: bool,
    /// Show all batches, and not the first 20
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Show so many batches: those that have not ended first, then the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Everything that is shown.
#[derive(Debug, Serialize)]
struct Report {
    batches: Vec<BatchView>,
    accounts: Vec<AccountView>,
    workers: Vec<WorkerView>,
    /// The store's time.
    now: Timestamp,
    /// Work of accounts that no one acts for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stranded: Vec<Stranded>,
    #[serde(flatten)]
    noticed: Noticed,
    /// Purchases that only journals know.
    #[serde(skip_serializing_if = "is_nothing")]
    absent: Absentees,
    /// Jobs of the batch that do not get on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stuck: Vec<Stuck>,
}

fn is_nothing(absent: &Absentees) -> bool {
    absent.jobs == 0
}

/// How often `--watch` looks where nothing is heard of.
const WATCH_EVERY: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &StatusArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = lookup::reading(context).await?;
    let mut signals = Signals::take().context("listen for signals")?;
    let mut mark = store.watch(0, Duration::ZERO).await?;
    loop {
        let shown = match read(args, context, &*store).await {
            Ok(report) => {
                if args.watch && out.is_terminal() && !out.is_json() {
                    out.clear();
                }
                show(&report, args, context, &*store, out).await
            }
            Err(error) => Err(error),
        };
        match shown {
            // Whoever watches goes on watching once the store is back.
            Err(CommandError::Other(error)) if args.watch => {
                out.note(&format!("failed to {error:#}"));
                tokio::select! {
                    () = signals.next() => return Ok(Exit::Done),
                    () = tokio::time::sleep(WATCH_EVERY) => continue,
                }
            }
            shown => shown?,
        }
        say_waiting(&*store, out).await?;
        if !args.watch || stdout::is_gone() {
            return Ok(Exit::Done);
        }
        tokio::select! {
            () = signals.next() => return Ok(Exit::Done),
            seen = wait(&*store, mark) => mark = seen.unwrap_or(mark),
        }
    }
}

/// Writes the report and, where jobs are asked for, these behind it: as they are read, for there may be a million.
async fn show(
    report: &Report,
    args: &StatusArgs,
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> Result<(), CommandError> {
    let mut listing = out.listing(report, "jobs", &JOB_HEADINGS, |report| draw(report, args, &context.flags()));
    let selection = args.selection.plain();
    let mut outcome = Ok(());
    if listing.is_shown() && !(args.statuses.is_empty() && selection.is_empty()) {
        let filter = selection.filter(args.batch.as_ref(), &args.statuses, &[]);
        outcome = list(&mut listing, &filter, store).await;
    }
    // A list that is not whole is left open, but where another document follows it.
    if outcome.is_ok() || args.watch {
        listing.end();
    }
    outcome
}

async fn list(listing: &mut Listing<'_, Report>, filter: &JobFilter, store: &dyn Store) -> Result<(), CommandError> {
    let mut walk = Walk::new(store, filter);
    let mut read = walk.part().await?;
    while let Some(jobs) = read.filter(|_| !stdout::is_gone()) {
        // The next part is read while this one is drawn.
        let (next, ()) = tokio::join!(walk.part(), async { listing.add(&jobs, job_row) });
        read = next?;
    }
    Ok(())
}

async fn wait(store: &dyn Store, mark: u64) -> Result<u64, CommandError> {
    let seen = store.watch(mark, WATCH_EVERY).await?;
    // News come by the hundred; people read once a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(seen)
}

async fn read(args: &StatusArgs, context: &CommandContext, store: &dyn Store) -> Result<Report, CommandError> {
    let batches = match &args.batch {
        Some(name) => vec![lookup::batch(store, name).await?],
        None => store.batches().await?,
    };
    let batch = args.batch.as_ref().and(batches.first());
    args.selection.look_up(store, batch).await?;
    lookup::all_there(store, batch, &args.selection.plain()).await?;
    let stuck = match &args.batch {
        Some(_) => stuck(store, &args.selection.plain().filter(args.batch.as_ref(), &[], &[])).await?,
        // Of all batches the first few are told: the rest is with each batch.
        None => stuck(store, &JobFilter::default()).await?.into_iter().take(STUCK_SHOWN).collect(),
    };
    let noticed = Noticed::read(store, batches.iter().map(|view| &view.batch.name)).await?;
    Ok(Report {
        stranded: stranded(store, &context.config, args.batch.as_ref()).await?,
        absent: store.guard(&GuardStep::List).await?.absent,
        batches,
        noticed,
        accounts: store.accounts().await?,
        workers: store.workers().await?,
        now: store.now().await?,
        stuck: stuck.into_iter().map(|(_, stuck)| stuck).collect(),
    })
}

fn draw(report: &Report, args: &StatusArgs, flags: &str) -> String {
    let limit = if args.all { usize::MAX } else { args.limit };
    let mut parts = vec![draw_batches(&report.batches, limit, flags)];
    parts.extend(report.stranded.iter().map(|stranded| format!("! {}", stranded.told())));
    parts.extend(report.noticed.alarms(flags).iter().map(|alarm| format!("! {alarm}")));
    if !report.absent.sums.is_empty() {
        let told = absent::told(&report.absent);
        parts.push(format!("! {}\n    {}", told.join("\n! "), absent::ways_on(&report.absent, flags)));
    }
    if !report.accounts.is_empty() {
        parts.push(draw_accounts(&report.accounts, &report.noticed));
    }
    if !report.workers.is_empty() {
        parts.push(draw_workers(report));
    }
    if !report.stuck.is_empty() {
        parts.push(draw_stuck(&report.stuck, STUCK_SHOWN, report.now));
    }
    parts.join("\n\n")
}

/// At most this many jobs that do not get on are shown; `resolve --stuck` shows them all.
const STUCK_SHOWN: usize = 10;

/// The batches that have not ended, then the others, the newest first.
fn draw_batches(batches: &[BatchView], limit: usize, flags: &str) -> String {
    if batches.is_empty() {
        return "no batch was run yet".to_owned();
    }
    let (active, ended): (Vec<_>, Vec<_>) = batches.iter().partition(|view| view.finished_at.is_none());
    let shown = active.into_iter().chain(ended).take(limit);
    // What there is none of is left empty, and its column out.
    let some = |count: u64| if count > 0 { grouped(count) } else { String::new() };
    let rows = shown.map(|view| {
        let mut row = vec![view.batch.name.to_string(), grouped(view.counts.total())];
        row.extend(Status::ALL.map(|status| some(view.counts.of(status))));
        row.extend([spent(view), to_spend_or_nothing(view), remarks(view)]);
        row
    });
    let headings = [
        "batch",
        ">jobs",
        ">queued",
        ">submitting",
        ">unconfirmed",
        ">running",
        ">fetching",
        ">succeeded",
        ">failed",
        ">cancelled",
        ">spent",
        ">to spend",
        "",
    ];
    let text = table(&headings, rows);
    match batches.len().saturating_sub(limit) {
        0 => text,
        more => format!("{text}\n{} more: reelq status --all{flags}", grouped(more as u64)),
    }
}

/// Nothing where nothing is left to be bought.
fn to_spend_or_nothing(view: &BatchView) -> String {
    let queued = view.counts.of(Status::Queued) + view.others.of(Status::Queued);
    if queued == 0 && view.to_spend == Money::ZERO { String::new() } else { to_spend(view, view.to_spend) }
}

fn remarks(view: &BatchView) -> String {
    let counted = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    let flag = |on: bool, what: &str| on.then(|| what.to_owned());
    // Unknown prices and charges stand with the amounts.
    let remarks = [
        flag(!view.whole, "load unfinished"),
        flag(view.purging, "being purged"),
        flag(view.cancelling, "being cancelled"),
        flag(view.paused, "paused"),
        flag(view.budget_reached, "budget reached"),
        counted(view.held, "held"),
        counted(view.overdue, "overdue"),
        counted(view.orphans, "charged unexpectedly"),
    ];
    remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The places in flight and the rate: as configured, and what was learned where that is another number.
fn limits_in_words(view: &AccountView) -> [String; 2] {
    let Some(limits) = view.limits else { return ["?".to_owned(), "?".to_owned()] };
    let words = |configured: String, learned: Option<String>, open: bool| match (learned, open) {
        (Some(learned), true) => format!("{learned} (auto)"),
        (Some(learned), false) => format!("{learned} (of {configured})"),
        (None, true) => format!("{configured} (auto)"),
        (None, false) => configured,
    };
    let places = view.pace.in_flight.map(|_| view.pace.max_in_flight(&limits).to_string());
    let rate = view.pace.rate.map(|_| format!("{:.1}", view.pace.requests_per_second(&limits)));
    [
        words(limits.max_in_flight.to_string(), places, limits.open_in_flight),
        words(limits.requests_per_second.to_string(), rate, limits.open_rate),
    ]
}

fn draw_accounts(accounts: &[AccountView], noticed: &Noticed) -> String {
    let rows = accounts.iter().map(|view| {
        let [cap, rate] = limits_in_words(view);
        let pauses = view
            .pauses
            .iter()
            .map(pauses::pause)
            .chain(short(view))
            .chain(view.unread.clone())
            .collect::<Vec<_>>()
            .join("; ");
        vec![
            view.name.to_string(),
            grouped(view.in_flight),
            cap,
            rate,
            charges(view.spent, noticed.unpriced_accounts.contains(&view.name)),
            charges(view.spent_today, noticed.unpriced_accounts.contains(&view.name)),
            sum(view.reserved),
            pauses,
        ]
    });
    let headings = ["account", ">in flight", ">of", ">requests/s", ">spent", ">today", ">set aside", "held back by"];
    table(&headings, rows)
}

/// A sum of charges, some of which may be of unknown amount.
fn charges(known: Money, is_partly_unknown: bool) -> String {
    match (is_partly_unknown, known) {
        (false, _) => sum(known),
        (true, Money::ZERO) => "unknown".to_owned(),
        (true, _) => format!("{} + unknown", sum(known)),
    }
}

/// The budgets of an account that are reached, each with the batches that wait for it.
fn short(view: &AccountView) -> Vec<String> {
    let caps = [AccountCap::Budget, AccountCap::DailyBudget];
    let line = |cap: AccountCap| {
        let held: Vec<_> = view.held.iter().filter(|held| held.by == cap).collect();
        let names: Vec<_> = held.iter().take(NAMED).map(|held| held.batch.as_str()).collect();
        let more = if held.len() > names.len() { ", …" } else { "" };
        held.first().map(|first| format!("{}, for {}{more}", pauses::cap_in_words(view, first), names.join(", ")))
    };
    caps.into_iter().filter_map(line).collect()
}

/// At most this many batches are named in a line.
const NAMED: usize = 5;

/// A worker that was not heard of for so long lives no more, or is out of reach; its leases end by themselves.
const ALIVE: Duration = Duration::from_secs(20);

fn draw_workers(report: &Report) -> String {
    let rows = report.workers.iter().map(|view| {
        let silent = report.now.since(view.seen_at);
        let state = if silent < ALIVE { "alive" } else { "not heard of" };
        let seen = format!("{} ago", duration(silent.as_secs()));
        vec![view.id.to_string(), grouped(view.leases), state.to_owned(), seen]
    });
    table(&["worker", ">in hand", "", "seen"], rows)
}

const JOB_HEADINGS: [&str; 7] = ["row", "job", "status", "account", "model", "task", "prompt"];

fn job_row(view: &JobView) -> Vec<String> {
    let job = &view.job;
    let task = job.stage.task().map(|task| task.id.to_string()).unwrap_or_default();
    let status = view.status().map(|status| status.to_string()).unwrap_or_default();
    if view.is_unreadable() {
        let why = "its record cannot be read; `reelq doctor` names it".to_owned();
        return vec![place(view), job.id.to_string(), status, String::new(), String::new(), String::new(), why];
    }
    let line = match &view.unread {
        Some(_) => " (its line of the manifest cannot be read)",
        None => "",
    };
    vec![
        place(view),
        job.id.to_string(),
        status,
        job.spec.account.to_string(),
        job.spec.model.to_string(),
        task,
        brief(job.spec.prompt(), 40) + line,
    ]
}
