//! `reelq run`: buys a manifest, and goes on with one.

use std::sync::Arc;

use reelq_producer::{Order, Plan};
use reelq_store::SharedStore;
use url::Url;

use super::{
    plan::{ManifestArgs, order},
    sim::SimArgs,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    output::{Out, grouped, money, plural},
    providers,
    running::{Engine, Finish, closing},
    session::Session,
    simulation::Simulated,
};

/// Flags of `reelq run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Do not ask before spending
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    sim: SimArgs,
    /// With --simulate: use the simulator at this address instead of one in this process
    #[arg(long, value_name = "URL", requires = "simulate", conflicts_with_all = ["faults", "seed", "speed"])]
    sim_url: Option<Url>,
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    if !session.is_simulated() && !args.sim.is_empty() {
        return Err(Failure::usage("--faults, --seed and --speed are for simulated vendors: add --simulate"));
    }
    let order = Arc::new(order(&args.manifest, session)?);
    let store = session.create_store()?;
    let plan = reelq_producer::plan(Some(&*store), &order).await?;
    tell(&plan, session, out);
    if !agreed(args, &plan, session, out) {
        return Err(Failure::usage("not confirmed; nothing was enqueued"));
    }
    let simulated = if session.is_simulated() {
        Some(Simulated::start(args.sim_url.as_ref(), &args.sim, session).await?)
    } else {
        None
    };
    let engine = Engine::prepare(session, Arc::clone(&store), &plan, simulated.as_ref()).await?;
    load(session, &store, &order, &plan).await?;
    let begun = session.clock.monotonic();
    let finish = Box::pin(engine.run(session, out)).await?;
    let seconds = session.clock.monotonic().saturating_sub(begun).as_secs();
    let exit = Box::pin(closing(session, &store, &plan, &finish, &args.manifest.again(), seconds, out)).await?;
    if let Some(simulated) = simulated {
        simulated.stop().await;
    }
    Ok(if finish == Finish::Interrupted { Exit::Interrupted } else { exit })
}

/// A person ran it again: what a provider refused before may be mended. Then the manifest goes in.
async fn load(session: &Session, store: &SharedStore, order: &Arc<Order>, plan: &Plan) -> Result<(), Failure> {
    for account in providers::used(plan) {
        store.resume_account(&account, false).await?;
    }
    reelq_producer::load(&**store, &session.blobs()?, order, plan).await?;
    Ok(())
}

fn tell(plan: &Plan, session: &Session, out: Out) {
    out.problems(&plan.warnings);
    out.note(&super::plan::draw(plan, session.is_simulated()));
    out.note("");
}

/// Whether to go on: asked only where there is a person, and real money at stake.
fn agreed(args: &Args, plan: &Plan, session: &Session, out: Out) -> bool {
    let (count, unpriced) = (plan.to_buy(), plan.unpriced());
    if args.yes || session.is_simulated() || count == 0 || !out.can_ask() {
        return true;
    }
    let unknown = if unpriced > 0 { format!(" and {} of unknown price", grouped(unpriced)) } else { String::new() };
    let jobs = format!("{} job{}", grouped(count), plural(count));
    out.confirm(&format!("Buy {jobs} for {}{unknown}?", money(plan.amount())))
}
