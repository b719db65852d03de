//! The second yes: everything that is held of a batch is bought.

use reelq_console::{CommandError, NOT_BOUGHT, Out, Proposal, cost, grouped, plural};
use reelq_model::BatchName;
use reelq_producer::HeldCost;
use reelq_runner::context::CommandContext;
use reelq_store::SharedStore;

use super::lookup;

/// The command that says it.
pub(crate) fn command(batch: &BatchName, context: &CommandContext) -> String {
    format!("{} --all", context.continue_command(batch))
}

/// Asks, naming the sum, and releases. While a person thinks, another may load more: then it is asked anew.
///
/// # Errors
/// No one agreed, or the store fails.
pub(crate) async fn release(
    batch: &BatchName,
    beforehand: bool,
    store: &SharedStore,
    out: Out,
) -> Result<(), CommandError> {
    let mut named = reelq_producer::held(&**store, batch).await?;
    if named.jobs == 0 {
        out.note(&format!("nothing of batch {batch} is held"));
        return Ok(());
    }
    loop {
        proposal(batch, &named).agree(beforehand, out).await?;
        let now = reelq_producer::held(&**store, batch).await?;
        if now.jobs <= named.jobs && now.amount <= named.amount && now.unpriced <= named.unpriced {
            break;
        }
        out.note("more has been loaded meanwhile");
        named = now;
    }
    let view = lookup::batch(&**store, batch).await?;
    reelq_producer::release(&**store, &view).await?;
    tracing::info!(%batch, jobs = named.jobs, "held_jobs_released");
    out.note(&format!("{} held job{} may be bought now", grouped(named.jobs), plural(named.jobs)));
    Ok(())
}

fn proposal(batch: &BatchName, held: &HeldCost) -> Proposal {
    let (count, s, sum) = (grouped(held.jobs), plural(held.jobs), cost(held.amount, held.unpriced));
    let what = format!("buy the {count} held job{s} of batch {batch} for {sum}");
    Proposal { told: Vec::new(), what, otherwise: NOT_BOUGHT }
}
