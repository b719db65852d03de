//! `reelq plan`: what a run would do.

mod costs;
pub(crate) mod guard;
mod text;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use costs::{ModelCost, costs};
use reelq_console::{CommandError, CommandResult, Exit, Out, known};
use reelq_model::{AccountName, BatchName, Money};
use reelq_producer::{
    AccountBudget, Changes, Elsewhere, EqualRows, Estimate, ManifestSource, Order, Overrides, Plan, batch_name,
    cut_name,
};
use reelq_runner::{
    adapters::{self, vocabulary},
    context::CommandContext,
    obstacles,
    opened::OpenedStore,
};
use reelq_store::{ImportedWith, Store};
use serde::Serialize;
pub(crate) use text::draw;

use crate::commands::lookup;

/// The manifest and what the command line says over it; also of `reelq run`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ManifestArgs {
    /// The manifest: CSV, TSV, JSONL or TOML
    #[arg(value_name = "MANIFEST")]
    pub(crate) manifest: PathBuf,
    /// Name the batch; otherwise the manifest's own name or its file's
    #[arg(long, value_name = "NAME")]
    pub(crate) batch: Option<String>,
    /// The account of rows that name none
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<AccountName>,
    /// Where outputs go: a folder, or an s3 address (`s3://bucket/prefix`)
    #[arg(long, value_name = "PLACE")]
    pub(crate) output: Option<String>,
    /// The most that the batch may spend, in dollars; it holds until another one is said, or --no-budget
    #[arg(long, value_name = "USD", value_parser = budget, allow_hyphen_values = true)]
    pub(crate) budget: Option<Money>,
    /// Let the batch spend whatever its jobs cost, though a budget was said before
    #[arg(long, conflicts_with = "budget")]
    pub(crate) no_budget: bool,
    /// A field of rows that do not name it, such as model=hailuo-2.3 (may be repeated)
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    pub(crate) usual: Vec<String>,
    /// Buy what another batch, or one that was purged, has bought already
    #[arg(long = "again")]
    pub(crate) buys_again: bool,
    /// Put the manifest in the place of another file's whose batch has the same name, or that was moved
    #[arg(long)]
    pub(crate) replace: bool,
}

/// A budget below zero would pay for nothing, which `--budget 0` says, too.
pub(crate) fn budget(text: &str) -> Result<Money, String> {
    match text.parse() {
        Ok(amount) if amount >= Money::ZERO => Ok(amount),
        _ => Err("must be an amount in dollars with at most six decimals, not below zero".to_owned()),
    }
}

impl ManifestArgs {
    /// What is kept of it with the batch.
    fn kept(&self, context: &CommandContext) -> ImportedWith {
        let path = |path: &Path| absolute(context.given(path).display().to_string());
        ImportedWith {
            format: 1,
            manifest: path(&self.manifest),
            config: context.invocation.flags.config.as_deref().map(path),
            account: self.account.as_ref().map(ToString::to_string),
            output: self.output.clone().map(|place| absolute(given_output(place, context))),
            set: self.usual.clone(),
            manifest_budget: None,
            planned: None,
        }
    }
}

/// Flags of `reelq plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    manifest: ManifestArgs,
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
    /// The known prices together; nothing where none is known.
    cost_usd: Option<Money>,
    unpriced: u64,
    budget_usd: Option<Money>,
    account_budgets: &'a [AccountBudget],
    costs: Vec<ModelCost>,
    estimate: &'a Estimate,
    warnings: &'a reelq_manifest::Problems,
}

pub(crate) async fn run(args: &PlanArgs, context: &CommandContext, out: Out) -> CommandResult {
    let store = OpenedStore::read(context).await?;
    let mut order = order(&args.manifest, context)?;
    order.source.reads_only = true;
    let order = match &store {
        Some(store) => named_before(order, &args.manifest, &**store).await?,
        None => order,
    };
    let order = Arc::new(placed(order, &args.manifest, context, store.as_deref()).await?);
    let plan = reelq_producer::plan(store.as_deref(), &order).await?;
    if !out.is_json() {
        out.problems(&plan.warnings);
    }
    out.report(&report(&plan, context.is_simulated()), |_| draw(&plan, context));
    let against = obstacles::in_the_way(&order, &plan).into_iter();
    for said in against
        .chain(obstacles::elsewhere(&plan))
        .chain(obstacles::moved(&plan))
        .chain(obstacles::remarks(&plan, context))
    {
        out.note(&said);
    }
    Ok(Exit::Done)
}

/// Opens the manifest and puts together what its rows mean.
pub(crate) fn order(args: &ManifestArgs, context: &CommandContext) -> Result<Order, CommandError> {
    let file = context.given(&args.manifest);
    let manifest = reelq_manifest::Manifest::open(&file, &vocabulary())?;
    let manifest = manifest.with_cli_defaults(&args.usual, "--set", &vocabulary())?;
    let batch = batch_name(args.batch.as_deref(), manifest.head(), &args.manifest);
    let batch = batch.map_err(|error| CommandError::usage(error.to_string()))?;
    if let Some(account) = &args.account {
        lookup::known_account(context, account)?;
    }
    let mut output_root = context.config.output.clone();
    let mut output = args.output.clone().map(|place| given_output(place, context));
    if context.is_simulated() {
        output_root = reelq_config::simulated_output(&output_root);
        output = output.or_else(|| Some(format!("{output_root}/{batch}")));
    }
    if context.needs_absolute_outputs() {
        // Workers in other folders must find the same place.
        let said = output.take().or_else(|| manifest.head().output.clone());
        output = said.map(absolute);
        output_root = absolute(output_root);
    }
    if let Some(template) = &manifest.head().file_name {
        reelq_collector::NameTemplate::parse(template)
            .map_err(|error| CommandError::usage(format!("[batch] file_name: failed to {error}")))?;
    }
    Ok(Order {
        path: file.display().to_string(),
        source: ManifestSource {
            path: file.canonicalize().ok().map(|path| path.display().to_string()),
            named_by_file: args.batch.is_none() && manifest.head().name.is_none(),
            looks_elsewhere: !context.is_simulated(),
            reads_only: false,
            again: args.buys_again,
            replaces: args.replace,
        },
        accounts: adapters::accounts(context, args.account.clone())?,
        image_fields: reelq_provider::image_fields(),
        overrides: Overrides {
            account: args.account.clone(),
            output,
            output_root,
            budget: args.budget,
            no_budget: args.no_budget,
            loaded_with: Some(args.kept(context)),
        },
        file_name: adapters::FILE_NAME.to_owned(),
        batch,
        manifest,
    })
}

/// An output place as it was given on the command line.
fn given_output(place: String, context: &CommandContext) -> String {
    if place.contains("://") { place } else { context.given(Path::new(&place)).display().to_string() }
}

/// A manifest with a long name keeps the batch that an earlier version named by its first letters alone.
pub(crate) async fn named_before(
    mut order: Order,
    args: &ManifestArgs,
    store: &dyn Store,
) -> Result<Order, CommandError> {
    let Some(before) = cut_name(&args.manifest).filter(|_| order.source.named_by_file) else { return Ok(order) };
    let is_its = |view: &reelq_store::BatchView| {
        let batch = &view.batch;
        batch.manifest_path.is_none() && Path::new(&batch.manifest).file_name() == args.manifest.file_name()
            || batch.manifest_path.is_some() && batch.manifest_path == order.source.path
    };
    if store.batch(&before).await?.is_some_and(|view| is_its(&view)) {
        order.batch = before;
    }
    Ok(order)
}

/// Where no one says a place, a batch that is shared keeps the one that it has: its files are there, and the folder that this
/// command runs in must not decide.
pub(crate) async fn placed(
    mut order: Order,
    args: &ManifestArgs,
    context: &CommandContext,
    store: Option<&dyn Store>,
) -> Result<Order, CommandError> {
    let said = args.output.is_some() || (order.manifest.head().output.is_some() && !context.is_simulated());
    let Some(store) = store.filter(|_| !said) else { return Ok(order) };
    if let Some(known) = store.batch(&order.batch).await? {
        order.overrides.output = Some(known.batch.output);
    }
    Ok(order)
}

/// A folder as it is found from every folder of this machine; an s3 address stays.
fn absolute(place: String) -> String {
    if place.contains("://") {
        return place;
    }
    std::path::absolute(&place).map_or(place, |path| path.display().to_string())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_none(equal: &&EqualRows) -> bool {
    equal.rows == 0
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
        to_buy: plan.to_buy(),
        beside: plan.beside,
        cost_usd: known(plan.amount(), plan.unpriced(), plan.to_buy()),
        unpriced: plan.unpriced(),
        budget_usd: plan.batch.budget,
        account_budgets: &plan.account_budgets,
        costs: costs(plan),
        estimate: &plan.estimate,
        warnings: &plan.warnings,
    }
}
