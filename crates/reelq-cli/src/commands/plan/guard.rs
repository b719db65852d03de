//! Refuses and asks about what stands against buying a plan.

use reelq_console::{CommandError, NOT_BOUGHT};
use reelq_producer::{Order, Plan};
use reelq_runner::{
    context::CommandContext,
    obstacles::{accept, elsewhere, in_the_place, in_the_way},
};
use reelq_store::Store;

use crate::commands::consent::Consent;

/// Refuses what would push another batch aside, and asks before the same is bought again: with a question of its own on a
/// terminal, elsewhere only with `--again`.
pub(crate) async fn hold(
    order: &Order,
    plan: &Plan,
    consent: Consent,
    context: &CommandContext,
    store: &dyn Store,
) -> Result<(), CommandError> {
    if let Some(said) = in_the_way(order, plan) {
        return Err(CommandError::usage(format!("{said}; {NOT_BOUGHT}")));
    }
    if plan.to_buy() == 0 || context.is_simulated() {
        return Ok(());
    }
    if order.source.again {
        let found = in_the_place(plan, context, store).await?;
        return accept(found, plan, context).await;
    }
    let mut found = None;
    let mut bought: Vec<String> = elsewhere(plan).into_iter().collect();
    // What a server forgot, this machine's journal tells it again before anything is bought; a file has none.
    if !context.is_shared() || store.batch(&plan.batch.name).await?.is_none() {
        found = in_the_place(plan, context, store).await?;
    }
    bought.extend(found.iter().map(|found| found.said.clone()));
    for said in bought {
        consent.to_again(&said).await?;
    }
    accept(found, plan, context).await
}

/// The same for what was loaded while the plan was asked about and loaded.
pub(crate) async fn hold_meanwhile(order: &Order, plan: &Plan, consent: Consent) -> Result<(), CommandError> {
    if let Some(said) = in_the_way(order, plan) {
        return Err(CommandError::usage(format!("{said}; {NOT_BOUGHT}")));
    }
    match elsewhere(plan).filter(|_| !order.source.again) {
        Some(said) => consent.to_again(&format!("meanwhile {said}")).await,
        None => Ok(()),
    }
}
