//! `reelq run`: buys a manifest, and goes on with one.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use reelq_model::{AccountName, Status, units::Span};
use reelq_producer::{Order, Plan};
use reelq_store::{JobFilter, Page, SharedStore, Store};

use super::{
    loading::{Agreed, QuietArgs, agree, load},
    plan::{ManifestArgs, order, placed},
    sim::VendorArgs,
    stranded::stranded,
};
use crate::{
    config::AccountConfig,
    consent::Consent,
    exit::Exit,
    failure::{Failure, Outcome},
    output::Out,
    providers,
    running::{BatchFace, Engine, Finish, Hands, Holding, RUN, Signals, Task, closing, usable, waiting},
    session::Session,
    simulation::Simulated,
};

/// Flags of `reelq run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    manifest: ManifestArgs,
    #[command(flatten)]
    consent: Consent,
    /// End once nothing that is left is due within this time (15m, or `wait_at_most` of the configuration)
    #[arg(long, value_name = "TIME")]
    wait_at_most: Option<Span>,
    #[command(flatten)]
    quiet: QuietArgs,
    #[command(flatten)]
    vendors: VendorArgs,
}

pub(crate) async fn run(args: &Args, session: &Session, out: Out) -> Outcome {
    args.vendors.check(session)?;
    let order = order(&args.manifest, session)?;
    let store = session.create_store().await?;
    let held = Holding::take(session, &store, order.batch.clone()).await?;
    let run = Run { args, session, store: &store, held: &held, out: out.quiet_if(args.quiet.quiet) };
    let outcome = tokio::select! {
        outcome = Box::pin(run.plan_to_end(order)) => outcome,
        never = held.keep() => match never {},
    };
    held.leave().await;
    outcome
}

/// A run that holds its batch.
struct Run<'a> {
    args: &'a Args,
    session: &'a Session,
    store: &'a SharedStore,
    held: &'a Holding,
    out: Out,
}

impl Run<'_> {
    async fn plan_to_end(&self, order: Order) -> Outcome {
        let order = placed(order, &self.args.manifest, self.session, Some(&**self.store)).await?;
        let agreed = agree(order, self.args.consent, self.session, self.store, self.out).await?;
        // While a person thought about it, nothing was renewed.
        self.held.assure().await?;
        let simulated = self.args.vendors.start(self.session).await?;
        let outcome = self.work(&agreed, simulated.as_ref()).await;
        if let Some(simulated) = simulated {
            simulated.stop().await;
        }
        outcome
    }

    async fn work(&self, agreed: &Agreed, simulated: Option<&Simulated>) -> Outcome {
        let Self { args, session, store, out, .. } = *self;
        let plan = &agreed.plan;
        let accounts = needed(session, &**store, plan).await?;
        for stranded in stranded(&**store, &session.config, Some(&plan.batch.name)).await? {
            out.warning(&stranded.told());
        }
        let wait_at_most = args.wait_at_most.map_or(session.config.wait_at_most, |span| span.0);
        let engine = Engine::prepare(session, store, &accounts, &task(plan, wait_at_most), simulated)?;
        let place = usable(session, plan).await?;
        bring_in(agreed, place, session, store, out).await?;
        waiting::look_soon(&**store, &plan.batch.name, wait_at_most).await?;
        let begun = session.clock.monotonic();
        let face = BatchFace::new(session, Arc::clone(store), &plan.batch.name, &engine, out);
        let signals = Signals::take().context("listen for signals")?;
        let finish = Box::pin(engine.run(&face, signals)).await?;
        // The workers have signed off; the result manifests are still this run's to write.
        self.held.renew().await;
        let seconds = session.clock.monotonic().saturating_sub(begun).as_secs();
        let exit = Box::pin(closing(session, store, plan, &finish, &args.manifest.again(), seconds, out)).await?;
        Ok(if finish == Finish::Interrupted { Exit::Interrupted } else { exit })
    }
}

/// The batch, until nothing of it moves any more.
fn task(plan: &Plan, wait_at_most: Duration) -> Task {
    let batch = Some(plan.batch.name.clone());
    // What is said at the end comes with the result manifest.
    Task { batch, drain: true, wait_at_most, hands: Hands::default(), reports: false, kind: RUN }
}

/// A person ran it again: what a provider refused before may be mended. Then the manifest goes in.
async fn bring_in(
    agreed: &Agreed,
    place: reelq_collector::Place,
    session: &Session,
    store: &reelq_store::SharedStore,
    out: Out,
) -> Result<(), Failure> {
    for account in providers::used(&agreed.plan) {
        store.resume_account(&account, false).await?;
    }
    load(agreed, place, session, store, out).await?;
    Ok(())
}

/// The accounts that the plan names, and those whose tasks of the batch are still to be followed.
async fn needed<'a>(session: &'a Session, store: &dyn Store, plan: &Plan) -> Result<Vec<&'a AccountConfig>, Failure> {
    let used = providers::used(plan);
    let mut needed = Vec::new();
    for account in session.config.accounts.values() {
        let mut names = std::iter::once(&account.name).chain(account.was.as_ref());
        let is_used = names.any(|name| used.contains(name));
        if is_used || follows(store, plan, &account.name).await? || follows_earlier(store, plan, account).await? {
            needed.push(account);
        }
    }
    Ok(needed)
}

async fn follows_earlier(store: &dyn Store, plan: &Plan, account: &AccountConfig) -> Result<bool, Failure> {
    match &account.was {
        Some(was) => follows(store, plan, was).await,
        None => Ok(false),
    }
}

async fn follows(store: &dyn Store, plan: &Plan, account: &AccountName) -> Result<bool, Failure> {
    let filter = JobFilter {
        batch: Some(plan.batch.name.clone()),
        account: Some(account.clone()),
        statuses: vec![Status::Queued, Status::Submitting, Status::Running, Status::Fetching],
        ..JobFilter::default()
    };
    Ok(!store.jobs(&filter, Page { after: 0, limit: 1 }).await?.is_empty())
}
