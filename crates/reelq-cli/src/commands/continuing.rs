//! `reelq continue`: goes on with a batch as it is in the store, under the yes that loaded it.

use reelq_console::{CommandError, CommandResult, NOT_BOUGHT, Out, Proposal, cost, money};
use reelq_model::{AccountName, BatchName, Money, units::Span};
use reelq_runner::{
    context::CommandContext,
    ending::survived::tell_survived,
    jobs::stranded::stranded,
    locks::run_lock::RunLock,
    opened::OpenedStore,
    orders,
    simulated_vendors::SimulatedVendors,
    work::{
        batch::{Work, engine, needed},
        collecting::usable,
    },
};
use reelq_store::BatchView;

use super::{consent::Consent, loading::QuietArgs, ordering::budget, releasing, sim::VendorArgs};
use crate::commands::lookup;

/// Flags of `reelq continue`.
#[derive(Debug, clap::Args)]
pub(crate) struct ContinueArgs {
    /// The batch
    batch: BatchName,
    /// Let the batch spend this much in all from now on, in dollars: asks first, where it may spend more than before
    #[arg(long, value_name = "USD", value_parser = budget, allow_hyphen_values = true)]
    budget: Option<Money>,
    /// Let the batch spend whatever its jobs cost from now on: asks first
    #[arg(long, conflicts_with = "budget")]
    no_budget: bool,
    /// Buy everything that is held of it, too: asks first, with its sum
    #[arg(long)]
    all: bool,
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

pub(crate) async fn run(args: &ContinueArgs, context: &CommandContext, out: Out) -> CommandResult {
    args.vendors.check(context)?;
    let store = lookup::store(context).await?;
    let view = lookup::batch(&*store, &args.batch).await?;
    if !view.whole {
        return Err(unfinished(&view, context));
    }
    let held = RunLock::take(&store, args.batch.clone()).await?;
    let continued = Continued { args, context, store: &store, held: &held, out: out.quiet_if(args.quiet.quiet) };
    let outcome = tokio::select! {
        outcome = Box::pin(continued.budget_to_end(&view)) => outcome,
        never = held.keep() => match never {},
    };
    held.leave().await;
    outcome
}

/// Nothing of such a batch is bought before its manifest is there to its end.
fn unfinished(view: &BatchView, context: &CommandContext) -> CommandError {
    let (name, plan) = (&view.batch.name, context.plan_command(&view.batch));
    CommandError::usage(format!(
        "batch {name} was not loaded to its end, so nothing of it is bought: load its manifest again; what that would do: {plan}"
    ))
}

/// A batch that is gone on with, and held.
struct Continued<'a> {
    args: &'a ContinueArgs,
    context: &'a CommandContext,
    store: &'a OpenedStore<'a>,
    held: &'a RunLock,
    out: Out,
}

impl Continued<'_> {
    async fn budget_to_end(&self, view: &BatchView) -> CommandResult {
        self.set_budget(view).await?;
        if self.args.all {
            let beforehand = self.args.consent.is_given(self.context);
            releasing::release(&self.args.batch, beforehand, self.store.shared(), self.out).await?;
        }
        // While a person thought about it, another may have taken the batch.
        self.held.assure().await?;
        let simulated = self.args.vendors.start(self.context).await?;
        let outcome = self.work(view, simulated.as_ref()).await;
        if let Some(simulated) = simulated {
            tell_survived(&simulated, &**self.store, &self.args.batch, self.out).await;
            simulated.stop().await;
        }
        outcome
    }

    async fn set_budget(&self, view: &BatchView) -> Result<(), CommandError> {
        let Self { args, context, store, out, .. } = *self;
        if args.budget.is_none() && !args.no_budget {
            return Ok(());
        }
        let before = view.batch.budget;
        let is_more = before.is_some_and(|before| args.budget.is_none_or(|budget| budget > before));
        if is_more {
            self.agree_to_raise(view).await?;
        }
        store.set_budget(&args.batch, args.budget).await?;
        let (batch, flags) = (&args.batch, context.flags());
        if let Some(budget) = args.budget {
            let what = format!("the budget of batch {batch} is {}", money(budget));
            let again = format!("say it again: reelq continue {batch} --budget {budget}{flags}");
            orders::is_held(&what, &again, &**store, out).await?;
        }
        Ok(())
    }

    /// Asks until the sum that was named is what is to be bought: while a person thinks, another may load more.
    async fn agree_to_raise(&self, view: &BatchView) -> Result<(), CommandError> {
        let Self { args, context, store, out, .. } = *self;
        let mut named = view.clone();
        loop {
            args.consent.to(&raise(&named, args.budget), context, out).await?;
            let now = lookup::batch(&**store, &args.batch).await?;
            if now.to_spend <= named.to_spend && now.unpriced <= named.unpriced {
                return Ok(());
            }
            out.note("more has been loaded meanwhile");
            named = now;
        }
    }

    async fn work(&self, view: &BatchView, simulated: Option<&SimulatedVendors>) -> CommandResult {
        let Self { args, context, store, held, out } = *self;
        let batch = &args.batch;
        let accounts = needed(context, &**store, batch, &[]).await?;
        let used: Vec<AccountName> = accounts.iter().map(|account| account.name.clone()).collect();
        for stranded in stranded(&**store, &context.config, Some(batch)).await? {
            out.warning(&stranded.told());
        }
        let wait_at_most = args.wait_at_most.map_or(context.config.wait_at_most, |span| span.0);
        let engine = engine(store, &accounts, batch, wait_at_most, simulated)?;
        usable(context, &view.batch).await?;
        for account in &used {
            // A person goes on: what a provider refused before may be fixed.
            store.resume_account(account, false).await?;
        }
        let work = Work { opened: store, held, batch, used, manifest: None, out };
        work.to_end(engine, wait_at_most).await
    }
}

/// What a higher budget lets the batch spend.
fn raise(view: &BatchView, budget: Option<Money>) -> Proposal {
    let (name, before) = (&view.batch.name, view.batch.budget.map(money).unwrap_or_default());
    let to = budget.map_or_else(|| "no limit".to_owned(), money);
    let open = cost(view.to_spend, view.unpriced);
    let what = format!("raise the budget of batch {name} from {before} to {to}, with {open} still to be bought");
    Proposal { told: Vec::new(), what, otherwise: NOT_BOUGHT }
}
