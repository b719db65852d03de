//! `reelq enqueue`: brings a manifest into the store, for workers to work on.

use reelq_console::{CommandError, CommandResult, Exit, Out, cost, grouped, known, plural};
use reelq_model::Money;
use reelq_producer::LoadReport;
use reelq_runner::{
    context::CommandContext,
    opened::OpenedStore,
    work::{collecting::usable, reporting::stamped},
};
use reelq_store::SharedStore;
use serde::Serialize;

use super::{
    consent::Consent,
    loading::{Agreed, QuietArgs, agree, load},
    ordering::{ManifestArgs, named_before, order, placed},
};
use crate::commands::lookup;

/// Flags of `reelq enqueue`.
#[derive(Debug, clap::Args)]
pub(crate) struct EnqueueArgs {
    #[command(flatten)]
    manifest: ManifestArgs,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    quiet: QuietArgs,
}

/// What became of the manifest.
#[derive(Debug, Serialize)]
struct Report {
    batch: String,
    simulated: bool,
    output: String,
    /// Lines of the manifest, now the batch's.
    jobs: u64,
    new: u64,
    known: u64,
    /// Jobs whose line is gone and that were not submitted.
    cancelled: u64,
    /// Jobs that had been cancelled because their line was gone, and whose line is back.
    revived: u64,
    to_buy: u64,
    /// The known prices of those, together; nothing where none is known.
    cost_usd: Option<Money>,
    /// How many prices are not known.
    unpriced: u64,
    next: Vec<String>,
}

pub(crate) async fn run(args: &EnqueueArgs, context: &CommandContext, out: Out) -> CommandResult {
    let out = out.quiet_if(args.quiet.quiet);
    let order = order(&args.manifest, context, out.quiet_if(args.quiet.quiet)).await?;
    let store = OpenedStore::create(context).await?;
    let order = named_before(order, &args.manifest, &*store).await?;
    let order = placed(order, &args.manifest, context, Some(&*store)).await?;
    let mut agreed = agree(order, args.consent, context, store.shared(), out).await?;
    let place = usable(context, &agreed.plan.batch).await?;
    let loaded = load(&mut agreed, place, args.consent, context, store.shared(), out).await?;
    tell_where_done(&agreed, context, store.shared()).await?;
    let report = report(&agreed, &loaded, context);
    out.report(&report, draw);
    Ok(Exit::Done)
}

/// Where the manifest asks for nothing that is not there already, no worker will have anything to tell: its result manifest is told now.
async fn tell_where_done(agreed: &Agreed, context: &CommandContext, store: &SharedStore) -> Result<(), CommandError> {
    let view = lookup::batch(&**store, &agreed.plan.batch.name).await?;
    if view.counts.outstanding() + view.others.outstanding() == 0 {
        stamped(&**store, &view, &usable(context, &agreed.plan.batch).await?, &mut |_| {}).await?;
    }
    Ok(())
}

fn report(agreed: &Agreed, loaded: &LoadReport, context: &CommandContext) -> Report {
    let (plan, flags) = (&agreed.plan, context.flags());
    let vendors = if context.is_simulated() { " --sim-url URL" } else { "" };
    Report {
        batch: plan.batch.name.to_string(),
        simulated: context.is_simulated(),
        output: plan.batch.output.clone(),
        jobs: loaded.loaded.lines,
        new: loaded.enqueued.new,
        known: loaded.enqueued.known,
        cancelled: loaded.loaded.cancelled,
        revived: loaded.loaded.revived,
        to_buy: plan.to_buy(),
        cost_usd: known(plan.amount(), plan.unpriced(), plan.to_buy()),
        unpriced: plan.unpriced(),
        next: vec![
            format!("reelq worker{flags}{vendors}"),
            format!("reelq status {} --watch{flags}", plan.batch.name),
            format!("reelq results {}{flags}", plan.batch.name),
        ],
    }
}

fn draw(report: &Report) -> String {
    let Report { batch, jobs, new, known, cancelled, revived, .. } = report;
    let mut parts = vec![format!("{} new", grouped(*new)), format!("{} known", grouped(*known))];
    parts.extend((*cancelled > 0).then(|| format!("{} cancelled, their line is gone", grouped(*cancelled))));
    parts.extend((*revived > 0).then(|| format!("{} queued again, their line is back", grouped(*revived))));
    let next = ["work", "watch", "results"].iter().zip(&report.next).map(|(what, how)| format!("  {what:<8} {how}"));
    format!(
        "Batch {batch} is whole: {} job{}, {}\nTo buy: {} for {}\nNext:\n{}",
        grouped(*jobs),
        plural(*jobs),
        parts.join(", "),
        grouped(report.to_buy),
        cost(report.cost_usd.unwrap_or(Money::ZERO), report.unpriced),
        next.collect::<Vec<_>>().join("\n")
    )
}
