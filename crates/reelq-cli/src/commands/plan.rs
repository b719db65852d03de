//! `reelq plan`: what a run would do.

mod costs;
pub(crate) mod guard;
mod text;
mod written;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use costs::{ModelCost, costs};
use reelq_console::{CommandResult, Exit, Out, known, quoted};
use reelq_model::{BatchName, Money};
use reelq_producer::{AccountBudget, Changes, Elsewhere, EqualRows, Estimate, HeldCost, Plan};
use reelq_runner::{context::CommandContext, obstacles, opened::OpenedStore};
use serde::Serialize;
pub(crate) use text::draw;

use crate::commands::forecast;
use crate::commands::ordering::{ManifestArgs, named_before, order, placed};

/// Flags of `reelq plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Write a TOML manifest that says what the flags say, and runs as the same batch
    #[arg(long, value_name = "FILE")]
    write_manifest: Option<PathBuf>,
}

/// A plan as data.
#[derive(Debug, Serialize)]
struct Report<'a> {
    batch: &'a str,
    manifest: &'a str,
    output: &'a str,
    simulated: bool,
    rows: u64,
    jobs: u64,
    changes: &'a Changes,
    to_buy: u64,
    /// Of these: queued again though their line is gone.
    beside: u64,
    /// Another batch from the same manifest, whose rows would be bought again.
    #[serde(skip_serializing_if = "Option::is_none")]
    same_manifest: Option<&'a str>,
    /// Where the manifest of the batch that has this name lies, where that is another file.
    #[serde(skip_serializing_if = "Option::is_none")]
    takes_place_of: Option<&'a str>,
    /// Batches that have rows of it already.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    elsewhere: &'a [Elsewhere],
    /// Rows that ask for the same.
    #[serde(skip_serializing_if = "is_none")]
    equal: &'a EqualRows,
    /// What is loaded and held: bought only after a second yes.
    #[serde(skip_serializing_if = "is_nothing_held")]
    held: HeldCost,
    /// How the manifest was understood, where that is not plain.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    told: &'a [String],
    /// The known prices together; nothing where none is known.
    cost_usd: Option<Money>,
    unpriced: u64,
    budget_usd: Option<Money>,
    account_budgets: &'a [AccountBudget],
    costs: Vec<ModelCost>,
    estimate: &'a Estimate,
    warnings: &'a reelq_manifest::Problems,
    /// The command that buys it; nothing where there is nothing to buy, or something is in the way.
    next: Option<String>,
}

pub(crate) async fn run(args: &PlanArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = OpenedStore::read(context).await?;
    let (args, written) = (&args.manifest, &args.write_manifest);
    let mut order = order(args, context, out).await?;
    order.source.reads_only = true;
    let order = match &store {
        Some(store) => named_before(order, args, &**store).await?,
        None => order,
    };
    let order = Arc::new(placed(order, args, context, store.as_deref()).await?);
    let plan = reelq_producer::plan(store.as_deref(), &order).await?;
    if !out.is_json() {
        out.problems(&plan.warnings);
        plan.told.iter().for_each(|line| out.note(line));
    }
    let played = forecast::beside(store.as_deref(), &plan, context).await?;
    let obstacle = obstacles::in_the_way(&order, &plan);
    let next = obstacle.is_none().then(|| next(&plan, written.as_deref(), context)).flatten();
    let report = Report { next, ..report(&plan, context.is_simulated()) };
    out.report(&report, |report| {
        let next = report.next.iter().map(|next| format!("\n\nNext: {next}"));
        next.fold(draw(&plan, played.as_ref(), context), |plan, next| plan + &next)
    });
    if let Some(path) = written {
        written::write(path, args, &plan, context)?;
        out.note(&format!("written: {}", path.display()));
    }
    for said in obstacle
        .into_iter()
        .chain(obstacles::elsewhere(&plan))
        .chain(obstacles::moved(&plan))
        .chain(obstacles::remarks(&plan, context))
    {
        out.note(&said);
    }
    Ok(Exit::Done)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_none(equal: &&EqualRows) -> bool {
    equal.rows == 0
}

const fn is_nothing_held(held: &HeldCost) -> bool {
    held.jobs == 0
}

fn report(plan: &Plan, simulated: bool) -> Report<'_> {
    Report {
        batch: plan.batch.name.as_str(),
        manifest: &plan.batch.manifest,
        output: &plan.batch.output,
        simulated,
        rows: plan.rows,
        jobs: plan.lines,
        changes: &plan.changes,
        same_manifest: plan.same_manifest.as_ref().map(BatchName::as_str),
        takes_place_of: plan.takes.as_ref().map(|takes| takes.manifest.as_str()),
        elsewhere: &plan.elsewhere,
        equal: &plan.equal,
        told: &plan.told,
        held: plan.held,
        to_buy: plan.to_buy(),
        beside: plan.beside,
        cost_usd: known(plan.amount(), plan.unpriced(), plan.to_buy()),
        unpriced: plan.unpriced(),
        budget_usd: plan.batch.budget,
        account_budgets: &plan.account_budgets,
        costs: costs(plan),
        estimate: &plan.estimate,
        warnings: &plan.warnings,
        next: None,
    }
}

/// The command that buys what was planned.
fn next(plan: &Plan, written: Option<&Path>, context: &CommandContext) -> Option<String> {
    if plan.to_buy() == 0 {
        return None;
    }
    match written {
        Some(path) => Some(format!("reelq run {}{}", quoted(&path.display().to_string()), context.flags())),
        None => context.same_words_with("plan", "run"),
    }
}
