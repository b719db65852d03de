//! `reelq run`: buys a manifest, and goes on with one.

mod canary;

use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_model::units::Span;
use reelq_producer::Order;
use reelq_runner::{
    adapters,
    context::CommandContext,
    ending::survived::tell_survived,
    jobs::stranded::stranded,
    locks::run_lock::RunLock,
    opened::OpenedStore,
    simulated_vendors::SimulatedVendors,
    work::{
        batch::{Work, engine, needed},
        collecting::usable,
    },
};

use super::{
    consent::Consent,
    loading::{Agreed, QuietArgs, agree, load},
    ordering::{ManifestArgs, named_before, order, placed},
    sim::VendorArgs,
};

/// Flags of `reelq run`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
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

pub(crate) async fn run(args: &RunArgs, context: &CommandContext, out: Out) -> CommandResult {
    args.vendors.check(context)?;
    let order = order(&args.manifest, context, out.quiet_if(args.quiet.quiet)).await?;
    let store = OpenedStore::create(context).await?;
    let order = named_before(order, &args.manifest, &*store).await?;
    let held = RunLock::take(&store, order.batch.clone()).await?;
    let run = Run { args, context, store: &store, held: &held, out: out.quiet_if(args.quiet.quiet) };
    let outcome = tokio::select! {
        outcome = Box::pin(run.plan_to_end(order)) => outcome,
        never = held.keep() => match never {},
    };
    held.leave().await;
    outcome
}

/// A run that holds its batch.
struct Run<'a> {
    args: &'a RunArgs,
    context: &'a CommandContext,
    store: &'a OpenedStore<'a>,
    held: &'a RunLock,
    out: Out,
}

impl Run<'_> {
    async fn plan_to_end(&self, order: Order) -> CommandResult {
        let order = placed(order, &self.args.manifest, self.context, Some(&**self.store)).await?;
        let mut agreed = agree(order, self.args.consent, self.context, self.store.shared(), self.out).await?;
        // While a person thought about it, nothing was renewed.
        self.held.assure().await?;
        let simulated = self.args.vendors.start(self.context).await?;
        let outcome = self.work(&mut agreed, simulated.as_ref()).await;
        if let Some(simulated) = simulated {
            tell_survived(&simulated, &**self.store, &agreed.plan.batch.name, self.out).await;
            simulated.stop().await;
        }
        outcome
    }

    async fn work(&self, agreed: &mut Agreed, simulated: Option<&SimulatedVendors>) -> CommandResult {
        let Self { args, context, store, held, out } = *self;
        let (draft, used) = (agreed.plan.batch.clone(), adapters::used(&agreed.plan));
        let batch = &draft.name;
        let accounts = needed(context, &**store, batch, &used).await?;
        for stranded in stranded(&**store, &context.config, Some(batch)).await? {
            out.warning(&stranded.told());
        }
        let wait_at_most = args.wait_at_most.map_or(context.config.wait_at_most, |span| span.0);
        let engine = engine(store, &accounts, batch, wait_at_most, simulated)?;
        let place = usable(context, &draft).await?;
        bring_in(agreed, place, args.consent, context, store.shared(), out).await?;
        let manifest = Some((agreed.plan.lines, context.plan_command(&draft)));
        let work = Work { opened: store, held, batch, used, manifest, out };
        let exit = work.to_end(engine, wait_at_most).await?;
        if !args.manifest.part.is_canary() || exit == Exit::Interrupted || !canary::goes_on(&work, context).await? {
            return Ok(exit);
        }
        // What the first rows showed is not said of the others.
        let engine = self::engine(store, &accounts, batch, wait_at_most, simulated)?;
        work.to_end(engine, wait_at_most).await
    }
}

/// A person ran it again: what a provider refused before may be fixed. Then the manifest goes in.
async fn bring_in(
    agreed: &mut Agreed,
    place: reelq_collector::Place,
    consent: Consent,
    context: &CommandContext,
    store: &reelq_store::SharedStore,
    out: Out,
) -> Result<(), CommandError> {
    for account in adapters::used(&agreed.plan) {
        store.resume_account(&account, false).await?;
    }
    load(agreed, place, consent, context, store, out).await?;
    Ok(())
}
