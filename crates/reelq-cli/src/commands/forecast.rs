//! `reelq forecast`: what a manifest will probably take, played against what earlier jobs of its accounts tell.

mod text;

use std::sync::Arc;

use reelq_console::{CommandError, CommandResult, Exit, Out};
use reelq_producer::{BatchForecast, ForecastReport, Plan};
use reelq_runner::{adapters, context::CommandContext, opened::OpenedStore};
use reelq_store::Store;

pub(crate) use text::end_in_words;

use super::ordering::{ManifestArgs, named_before, order, placed};

/// Flags of `reelq forecast`.
#[derive(Debug, clap::Args)]
pub(crate) struct ForecastArgs {
    #[command(flatten)]
    manifest: ManifestArgs,
}

pub(crate) async fn run(args: &ForecastArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = OpenedStore::read(context).await?;
    let mut order = order(&args.manifest, context, out).await?;
    order.source.reads_only = true;
    let order = match &store {
        Some(store) => named_before(order, &args.manifest, &**store).await?,
        None => order,
    };
    let order = Arc::new(placed(order, &args.manifest, context, store.as_deref()).await?);
    let plan = reelq_producer::plan(store.as_deref(), &order).await?;
    let played = play(store.as_deref(), &plan, context).await?;
    let now = context.clock.now();
    let report = ForecastReport::of(plan.batch.name.as_str(), &played, now);
    out.report(&report, |_| text::draw(&plan, &played, now));
    out.note("nothing was bought");
    Ok(Exit::Done)
}

/// More jobs take longer to play than to plan.
const PLAYED_WITH_A_PLAN: u64 = 100_000;

/// What a plan tells of its time, where it is not too large to be played beside it.
pub(crate) async fn beside(
    store: Option<&dyn Store>,
    plan: &Plan,
    context: &CommandContext,
) -> Result<Option<BatchForecast>, CommandError> {
    if plan.to_buy() == 0 || plan.to_buy() > PLAYED_WITH_A_PLAN {
        return Ok(None);
    }
    play(store, plan, context).await.map(Some)
}

/// Plays what is to be bought of a plan.
async fn play(store: Option<&dyn Store>, plan: &Plan, context: &CommandContext) -> Result<BatchForecast, CommandError> {
    let accounts = adapters::accounts(context, None)?;
    let retries = |name: &reelq_model::AccountName| {
        let account = context.config.accounts.get(name);
        account.and_then(|account| adapters::submit_settings(account).ok()).map_or(0, |settings| settings.retries)
    };
    reelq_producer::play(store, &accounts, plan, &retries).await?.map_err(|many| CommandError::usage(many.to_string()))
}
