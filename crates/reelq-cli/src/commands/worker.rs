//! `reelq worker`: works on everything in the store, whoever enqueued it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::commands::lookup;
use anyhow::Context;
use reelq_config::AccountConfig;
use reelq_console::{Exit, Failure, Out, Outcome};
use reelq_model::{AccountName, BatchName, Timestamp, units::Span};
use reelq_runner::opened::OpenedStore;
use reelq_runner::{
    context::Session,
    ending::{
        outcome::Verdict,
        summary::{Commands, summary},
    },
    jobs::stranded::stranded,
    machine::CRON,
    progress::log::LogFace,
    signals::Signals,
    work::{
        concurrency::{Concurrency, Hands, StageName},
        engine::Engine,
        scope::{Finish, Task},
    },
};
use reelq_store::{BatchView, SharedStore, Store, WorkerView};
use serde::Serialize;

use super::{cron::Watch, loading::QuietArgs, sim::VendorArgs};

/// Flags of `reelq worker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these stages: submit, poll, collect
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    stages: Vec<StageName>,
    /// Only these accounts; otherwise all that are configured here with a key
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    accounts: Vec<AccountName>,
    /// Jobs in hand at once, in each stage of each account: N, or submit=N,poll=N,collect=N
    #[arg(long, value_name = "N")]
    concurrency: Option<Concurrency>,
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
    batches: &'a [Verdict],
}

/// What was there when the worker began.
struct Begun {
    at: Timestamp,
    open: BTreeSet<BatchName>,
    monotonic: Duration,
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    let out = out.quiet_if(args.quiet.quiet);
    args.vendors.check(session)?;
    let mut signals = Signals::take().context("listen for signals")?;
    let (store, begun) = tokio::select! {
        begun = begin(args, session) => begun?,
        () = signals.next() => {
            out.note("stopped before it had begun");
            return Ok(if args.drain { Exit::Interrupted } else { Exit::Done });
        }
    };
    let simulated = args.vendors.start(session).await?;
    let accounts = accounts(args, session, out)?;
    let hands = Hands::new(&args.stages, args.concurrency.clone().unwrap_or_default());
    let wait_at_most = args.wait_at_most.map_or(session.config.wait_at_most, |span| span.0);
    let task =
        Task { batch: args.batch.clone(), drain: args.drain, wait_at_most, hands, reports: true, kind: "worker" };
    let engine = Engine::prepare(&store, &accounts, &task, simulated.as_ref())?;
    out.note(&greeting(session, &engine, &accounts));
    for stranded in stranded(&*store, &session.config, args.batch.as_ref()).await? {
        out.warning(&stranded.told());
    }
    let face = LogFace::new(session, Arc::clone(store.shared()), args.batch.clone(), &engine, out);
    let watched = if args.cron { Some(Watch::new(session, Arc::clone(store.shared()), out)?) } else { None };
    let finish = Box::pin(work(engine, &face, watched, signals)).await?;
    let exit = ending(args, session, store.shared(), finish, &begun, out).await?;
    if let Some(simulated) = simulated {
        simulated.stop().await;
    }
    Ok(exit)
}

/// Works, and fires ticks besides; both end together.
async fn work(engine: Engine, face: &LogFace, watched: Option<Watch<'_>>, signals: Signals) -> Result<Finish, Failure> {
    let Some(watched) = watched else { return engine.run(face, signals).await };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let work = async {
        let finish = engine.run(face, signals).await;
        stop.send_replace(true);
        finish
    };
    let (finish, fired) = tokio::join!(work, watched.run(stopped));
    fired?;
    finish
}

/// Being stopped is how a worker ends; only one that was to end by itself was interrupted.
async fn ending(
    args: &Args,
    session: &Session,
    store: &SharedStore,
    finish: Finish,
    begun: &Begun,
    out: Out,
) -> Outcome {
    match (finish, args.drain) {
        (Finish::Interrupted, true) => Ok(Exit::Interrupted),
        (_, false) => {
            out.note("stopped; what was in hand is given back");
            Ok(Exit::Done)
        }
        (Finish::Settled, true) => drained(args, session, store, begun, out).await,
    }
}

/// Opens the store, looks whether this worker may work on it, and at what is there.
async fn begin<'a>(args: &Args, session: &'a Session) -> Result<(OpenedStore<'a>, Begun), Failure> {
    let store = OpenedStore::create(session).await?;
    if let Some(name) = &args.batch {
        lookup::batch(&*store, name).await?;
    }
    refuse_second_simulator(args, session, &*store).await?;
    let begun = begun(session, &*store).await?;
    Ok((store, begun))
}

async fn begun(session: &Session, store: &dyn Store) -> Result<Begun, Failure> {
    let views = store.batches().await?.into_iter().filter(is_open);
    Ok(Begun {
        at: store.now().await?,
        open: views.map(|view| view.batch.name).collect(),
        monotonic: session.clock.monotonic(),
    })
}

fn is_open(view: &BatchView) -> bool {
    view.counts.outstanding() + view.others.outstanding() > 0
}

/// Says how the batches stand that this worker may have worked on, and gives the most urgent exit code.
async fn drained(args: &Args, session: &Session, store: &SharedStore, begun: &Begun, out: Out) -> Outcome {
    let ours = |view: &BatchView| match &args.batch {
        Some(name) => view.batch.name == *name,
        None => is_open(view) || begun.open.contains(&view.batch.name) || view.created_at >= begun.at,
    };
    let used: Vec<_> = session.config.accounts.keys().map(ToString::to_string).collect();
    let seconds = session.clock.monotonic().saturating_sub(begun.monotonic).as_secs();
    let mut verdicts = Vec::new();
    for view in store.batches().await?.into_iter().filter(|view| view.whole && ours(view)) {
        let commands = Commands::of_worker(session, &view);
        let verdict = Verdict::read(&**store, view, &used).await?;
        out.ending(verdict.exit(), &summary(&verdict, &commands, seconds));
        verdicts.push(verdict);
    }
    if verdicts.is_empty() {
        out.note("nothing was outstanding");
    }
    let exit = Exit::most_urgent(|exit| verdicts.iter().any(|verdict| verdict.holds(exit)));
    if out.is_json() {
        out.json(&Report { simulated: session.is_simulated(), exit_code: exit as u8, batches: &verdicts });
    }
    Ok(exit)
}

/// The accounts to work for. One that was named must have its key; others without one are left to workers that have it.
fn accounts<'a>(args: &Args, session: &'a Session, out: Out) -> Result<Vec<&'a AccountConfig>, Failure> {
    for name in &args.accounts {
        lookup::known_account(session, name)?;
    }
    let mut found = Vec::new();
    for account in session.config.accounts.values() {
        let named = args.accounts.contains(&account.name);
        if !args.accounts.is_empty() && !named {
            continue;
        }
        match account.api_key(&session.environment) {
            Err(trouble) if !session.is_simulated() && !named => out.warning(&format!("{trouble}; left alone")),
            Err(trouble) if !session.is_simulated() => return Err(Failure::usage(trouble.to_string())),
            _ => found.push(account),
        }
    }
    if found.is_empty() {
        return Err(Failure::usage("there is no account to work for: configure one with its key in [accounts.NAME]"));
    }
    Ok(found)
}

fn greeting(session: &Session, engine: &Engine, accounts: &[&AccountConfig]) -> String {
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    let simulated = if session.is_simulated() { " (simulated: nothing is real)" } else { "" };
    format!("worker {} on {}{simulated}, for {}", engine.worker, session.place(), names.join(", "))
}

/// Simulated vendors in two processes would not know each other's tasks.
async fn refuse_second_simulator(args: &Args, session: &Session, store: &dyn Store) -> Result<(), Failure> {
    const ALIVE: Duration = Duration::from_secs(20);
    if !session.is_simulated() || args.vendors.is_outside() {
        return Ok(());
    }
    let now = store.now().await?;
    // Processes that only fire ticks have no vendors.
    let works = |worker: &WorkerView| !worker.id.as_str().starts_with(CRON);
    if store.workers().await?.iter().filter(|worker| works(worker)).any(|worker| now.since(worker.seen_at) < ALIVE) {
        let how = "start `reelq sim` and give its address to each worker with --sim-url";
        return Err(Failure::usage(format!(
            "another worker is at work, and simulated vendors must be the same: {how}"
        )));
    }
    Ok(())
}
