//! `reelq worker`: works on everything in the store, whoever enqueued it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use anyhow::Context;
use reelq_config::AccountConfig;
use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_model::{AccountName, BatchName, Timestamp, units::Span};
use reelq_runner::{
    context::CommandContext,
    ending::{
        outcome::BatchOutcome,
        summary::{NextCommands, summary},
    },
    jobs::stranded::stranded,
    machine::CRON,
    opened::OpenedStore,
    progress::log::LogProgress,
    signals::Signals,
    work::{
        concurrency::{Concurrency, SlotCounts, StageName},
        engine::Engine,
        scope::{WorkEnd, WorkScope},
    },
};
use reelq_store::{BatchView, SharedStore, Store, WorkerView};
use serde::Serialize;

use super::{cron::Watch, loading::QuietArgs, sim::VendorArgs};
use crate::commands::lookup;

/// Flags of `reelq worker`.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkerArgs {
    /// Only these stages: submit, poll, collect
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    stages: Vec<StageName>,
    /// Only these accounts; otherwise all that are configured here with a key
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    accounts: Vec<AccountName>,
    /// Jobs in hand at once, in each stage of each account: N, or submit=N,poll=N,collect=N
    #[arg(long, value_name = "N")]
    concurrency: Option<SlotCounts>,
    /// Only this batch
    #[arg(long, value_name = "NAME")]
    batch: Option<BatchName>,
    /// End when nothing is outstanding that could still move, with the exit codes of `run`
    #[arg(long)]
    drain: bool,
    /// With --drain: end, too, once nothing is due within this time (15m, or `wait_at_most` of the configuration)
    #[arg(long, value_name = "TIME", requires = "drain")]
    wait_at_most: Option<Span>,
    /// Fire the ticks of all schedules as well
    #[arg(long, conflicts_with_all = ["drain", "batch"])]
    cron: bool,
    #[command(flatten)]
    quiet: QuietArgs,
    #[command(flatten)]
    vendors: VendorArgs,
}

/// How a drained worker ended, as data.
#[derive(Debug, Serialize)]
struct Report<'a> {
    simulated: bool,
    exit_code: u8,
    batches: &'a [BatchOutcome],
}

/// What was there when the worker began.
struct Begun {
    at: Timestamp,
    open: BTreeSet<BatchName>,
    monotonic: Duration,
}

pub(crate) async fn run(args: &WorkerArgs, context: &CommandContext, out: Out) -> CommandResult {
    let out = out.quiet_if(args.quiet.quiet);
    args.vendors.check(context)?;
    let mut signals = Signals::take().context("listen for signals")?;
    let (store, begun) = tokio::select! {
        begun = begin(args, context) => begun?,
        () = signals.next() => {
            out.note("stopped before it had begun");
            return Ok(if args.drain { Exit::Interrupted } else { Exit::Done });
        }
    };
    let simulated = args.vendors.start(context).await?;
    let accounts = accounts(args, context, out)?;
    let concurrency = Concurrency::new(&args.stages, args.concurrency.clone().unwrap_or_default());
    let wait_at_most = args.wait_at_most.map_or(context.config.wait_at_most, |span| span.0);
    let task = WorkScope {
        batch: args.batch.clone(),
        drain: args.drain,
        wait_at_most,
        concurrency,
        reports: true,
        kind: "worker",
    };
    let engine = Engine::prepare(&store, &accounts, &task, simulated.as_ref())?;
    out.note(&greeting(context, &engine, &accounts));
    for stranded in stranded(&*store, &context.config, args.batch.as_ref()).await? {
        out.warning(&stranded.told());
    }
    let view = LogProgress::new(context, Arc::clone(store.shared()), &engine, out);
    let watched = if args.cron { Some(Watch::new(context, Arc::clone(store.shared()), out)?) } else { None };
    let finish = Box::pin(work(engine, &view, watched, signals)).await?;
    let exit = ending(args, context, store.shared(), finish, &begun, out).await?;
    if let Some(simulated) = simulated {
        simulated.stop().await;
    }
    Ok(exit)
}

/// Works, and fires ticks besides; both end together.
async fn work(
    engine: Engine,
    view: &LogProgress,
    watched: Option<Watch<'_>>,
    signals: Signals,
) -> Result<WorkEnd, CommandError> {
    let Some(watched) = watched else { return engine.run(view, signals).await };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let work = async {
        let finish = engine.run(view, signals).await;
        stop.send_replace(true);
        finish
    };
    let (finish, fired) = tokio::join!(work, watched.run(stopped));
    fired?;
    finish
}

/// Being stopped is how a worker ends; only one that was to end by itself was interrupted.
async fn ending(
    args: &WorkerArgs,
    context: &CommandContext,
    store: &SharedStore,
    finish: WorkEnd,
    begun: &Begun,
    out: Out,
) -> CommandResult {
    match (finish, args.drain) {
        (WorkEnd::Interrupted, true) => Ok(Exit::Interrupted),
        (_, false) => {
            out.note("stopped; what was in hand is given back, or lapses by itself");
            Ok(Exit::Done)
        }
        (WorkEnd::Settled, true) => drained(args, context, store, begun, out).await,
    }
}

/// Opens the store, looks whether this worker may work on it, and at what is there.
async fn begin<'a>(args: &WorkerArgs, context: &'a CommandContext) -> Result<(OpenedStore<'a>, Begun), CommandError> {
    let store = OpenedStore::create(context).await?;
    if let Some(name) = &args.batch {
        lookup::batch(&*store, name).await?;
    }
    refuse_second_simulator(args, context, &*store).await?;
    let begun = begun(context, &*store).await?;
    Ok((store, begun))
}

async fn begun(context: &CommandContext, store: &dyn Store) -> Result<Begun, CommandError> {
    let views = store.batches().await?.into_iter().filter(is_open);
    Ok(Begun {
        at: store.now().await?,
        open: views.map(|view| view.batch.name).collect(),
        monotonic: context.clock.monotonic(),
    })
}

fn is_open(view: &BatchView) -> bool {
    view.counts.outstanding() + view.others.outstanding() > 0
}

/// Says how the batches stand that this worker may have worked on, and gives the most urgent exit code.
async fn drained(
    args: &WorkerArgs,
    context: &CommandContext,
    store: &SharedStore,
    begun: &Begun,
    out: Out,
) -> CommandResult {
    let ours = |view: &BatchView| match &args.batch {
        Some(name) => view.batch.name == *name,
        None => is_open(view) || begun.open.contains(&view.batch.name) || view.created_at >= begun.at,
    };
    let used: Vec<_> = context.config.accounts.keys().map(ToString::to_string).collect();
    let seconds = context.clock.monotonic().saturating_sub(begun.monotonic).as_secs();
    let mut outcomes = Vec::new();
    for view in store.batches().await?.into_iter().filter(|view| view.whole && ours(view)) {
        let commands = NextCommands::of_worker(context, &view);
        let outcome = BatchOutcome::read(&**store, view, &used).await?;
        out.ending(outcome.exit(), &summary(&outcome, &commands, seconds));
        outcomes.push(outcome);
    }
    if outcomes.is_empty() {
        out.note("nothing was outstanding");
    }
    let exit = Exit::most_urgent(|exit| outcomes.iter().any(|outcome| outcome.holds(exit)));
    if out.is_json() {
        out.json(&Report { simulated: context.is_simulated(), exit_code: exit as u8, batches: &outcomes });
    }
    Ok(exit)
}

/// The accounts to work for. One that was named must have its key; others without one are left to workers that have it.
fn accounts<'a>(
    args: &WorkerArgs,
    context: &'a CommandContext,
    out: Out,
) -> Result<Vec<&'a AccountConfig>, CommandError> {
    for name in &args.accounts {
        lookup::known_account(context, name)?;
    }
    let mut found = Vec::new();
    for account in context.config.accounts.values() {
        let named = args.accounts.contains(&account.name);
        if !args.accounts.is_empty() && !named {
            continue;
        }
        match account.api_key(&context.environment) {
            Err(trouble) if !context.is_simulated() && !named => out.warning(&format!("{trouble}; left alone")),
            Err(trouble) if !context.is_simulated() => return Err(CommandError::usage(trouble.to_string())),
            _ => found.push(account),
        }
    }
    if found.is_empty() {
        return Err(CommandError::usage(
            "there is no account to work for: configure one with its key in [accounts.NAME]",
        ));
    }
    Ok(found)
}

fn greeting(context: &CommandContext, engine: &Engine, accounts: &[&AccountConfig]) -> String {
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    let simulated = if context.is_simulated() { " (simulated: nothing is real)" } else { "" };
    format!("worker {} on {}{simulated}, for {}", engine.worker, context.place(), names.join(", "))
}

/// Simulated vendors in two processes would not know each other's tasks.
async fn refuse_second_simulator(
    args: &WorkerArgs,
    context: &CommandContext,
    store: &dyn Store,
) -> Result<(), CommandError> {
    const ALIVE: Duration = Duration::from_secs(20);
    if !context.is_simulated() || args.vendors.is_outside() {
        return Ok(());
    }
    let now = store.now().await?;
    // Processes that only fire ticks have no vendors.
    let works = |worker: &WorkerView| !worker.id.as_str().starts_with(CRON);
    if store.workers().await?.iter().filter(|worker| works(worker)).any(|worker| now.since(worker.seen_at) < ALIVE) {
        let how = "start `reelq sim` and give its address to each worker with --sim-url";
        return Err(CommandError::usage(format!(
            "another worker is at work, and simulated vendors must be the same: {how}"
        )));
    }
    Ok(())
}
