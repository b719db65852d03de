//! The first reading: checks everything, compares with the store, prices.

use std::sync::Arc;

use reelq_manifest::{Problems, told_of_carried};
use reelq_model::{BatchName, Digest, Money};
use reelq_store::{BatchDraft, BatchView, ImportedWith, ImportsSeen, Store};

use crate::{
    AccountBudget, Changes, CostLine, Elsewhere, EqualRows, Estimate, HeldCost, Order, Takes,
    account_budget::account_budgets,
    batch_jobs::BatchJobs,
    comparing::{Compared, compare_all},
    error::Result,
    estimate::estimate,
    inputs,
    part::OpenRows,
    source,
    unchanged::{self, PlannedBefore},
};

/// What a manifest asks for, checked and compared.
#[derive(Debug)]
pub struct Plan {
    /// The batch as it will be loaded.
    pub batch: BatchDraft,
    /// Rows of the manifest.
    pub rows: u64,
    /// Lines: rows times copies.
    pub lines: u64,
    /// What changes against the store.
    pub changes: Changes,
    /// The budget was said before, and holds though no one says it again.
    pub budget_is_kept: bool,
    /// Jobs that are queued again though their line is gone: bought as well, and in the costs.
    pub beside: u64,
    /// For a batch that is new: one of another name from the same manifest, whose rows would be bought again.
    pub same_manifest: Option<BatchName>,
    /// The batch of this name is of another manifest, in whose place this one would be put: where that lies.
    pub takes: Option<Takes>,
    /// Other batches that have lines of it already which this one would buy.
    pub elsewhere: Vec<Elsewhere>,
    /// Another batch with the same output place, whose results this one's would overwrite.
    pub same_output: Option<BatchName>,
    /// Where the batch's outputs went so far, where they go elsewhere from now on.
    pub moved_from: Option<String>,
    /// Lines that ask for the same, which are all bought.
    pub equal: EqualRows,
    /// The store knows no batch and no account: a state begins anew.
    pub begins_anew: bool,
    /// What it costs, by account and model.
    pub costs: Vec<CostLine>,
    /// The accounts to buy on that have budgets, and what these have left.
    pub account_budgets: Vec<AccountBudget>,
    /// How long it takes.
    pub estimate: Estimate,
    /// Warnings; an error would have refused the manifest.
    pub warnings: Problems,
    /// What of it is not bought now.
    pub held: HeldCost,
    /// Which rows are.
    pub(crate) open: OpenRows,
    /// How the manifest was understood, where that is not plain.
    pub told: Vec<String>,
    /// Digest of everything that was planned.
    pub content: Digest,
    /// The loads that were there before it looked: see [`Import::seen`](reelq_store::Import::seen).
    pub(crate) seen: Option<ImportsSeen>,
    /// The jobs that the lines were named after: the load must name them alike.
    pub(crate) present: Arc<BatchJobs>,
    /// The batch was loaded from just this, and nothing of it was lost since: there is nothing to load.
    pub unchanged: bool,
}

impl Plan {
    /// Lines that are still to be bought.
    pub fn to_buy(&self) -> u64 {
        self.costs.iter().map(|line| line.to_buy).sum()
    }

    /// The known prices of the lines that are still to be bought.
    pub fn amount(&self) -> Money {
        self.costs.iter().map(|line| line.amount).sum()
    }

    /// Lines to be bought whose price is not known.
    pub fn unpriced(&self) -> u64 {
        self.costs.iter().map(|line| line.unpriced).sum()
    }
}

/// Checks every row of the order, compares it with the store (where there is one already) and prices it.
///
/// Where the batch was loaded from just this and nothing of it was lost, the store's sums tell all of it, and no row is read.
pub async fn plan(store: Option<&dyn Store>, order: &Arc<Order>) -> Result<Plan> {
    let view = match store {
        Some(store) => store.batch(&order.batch).await?,
        None => None,
    };
    let batch = draft(order, view.as_ref().map(|view| &view.batch));
    // Where rows are held, sums do not tell which.
    let is_whole = order.part.is_all() && view.as_ref().is_none_or(|view| view.held == 0);
    let inputs = match batch.loaded_with {
        Some(_) if is_whole => inputs::digest(order, &batch).await?,
        _ => None,
    };
    let known = unchanged::recognise(view.as_ref(), inputs).await?;
    if let (Some(known), Some(view)) = (&known, &view)
        && let Some(costs) = known.costs_of(view)
    {
        let compared = Compared::again(known, view, costs);
        let batch = BatchDraft { passthrough: view.batch.passthrough.clone(), ..known.kept(batch) };
        return put_together(store, order, batch, compared).await;
    }
    let (compared, unbought, images) = compare_all(store, order, &batch).await?;
    let batch = BatchDraft { passthrough: compared.carried.clone(), ..batch };
    let mut plan = put_together(store, order, batch, compared).await?;
    plan.unchanged =
        known.is_some_and(|known| known.content == plan.content) && plan.changes.is_none() && plan.beside == 0;
    if let Some(planned) = inputs.and_then(|inputs| PlannedBefore::of(inputs, &plan, unbought, images)) {
        plan.batch = planned.kept(plan.batch);
    }
    Ok(plan)
}

/// Adds what the rest of the store says of it.
async fn put_together(
    store: Option<&dyn Store>,
    order: &Arc<Order>,
    batch: BatchDraft,
    compared: Compared,
) -> Result<Plan> {
    let batches = match store {
        Some(store) => store.batches().await?,
        None => Vec::new(),
    };
    let estimate = estimate(store, &order.accounts, &compared.costs).await?;
    let account_budgets = account_budgets(store, &order.accounts, &compared.costs).await?;
    Ok(Plan {
        rows: compared.rows,
        lines: compared.lines,
        changes: compared.changes,
        same_manifest: same_manifest(&batches, order),
        takes: source::takes(&batches, order),
        elsewhere: compared.elsewhere,
        same_output: source::same_output(&batches, &batch),
        moved_from: source::moved_from(&batches, &batch),
        equal: compared.equal,
        begins_anew: batches.is_empty() && !has_accounts(store).await?,
        budget_is_kept: is_kept(order, &batch),
        beside: compared.beside,
        costs: compared.costs,
        account_budgets,
        estimate,
        warnings: compared.warnings,
        told: order.manifest.told().iter().cloned().chain(told_of_carried(&compared.carried)).collect(),
        held: compared.held,
        open: compared.open,
        content: compared.content,
        seen: compared.seen,
        present: compared.present,
        unchanged: compared.unchanged,
        batch,
    })
}

/// The name is part of every job's identity: a batch that is renamed is another one.
fn same_manifest(batches: &[BatchView], order: &Order) -> Option<BatchName> {
    if batches.iter().any(|view| view.batch.name == order.batch) {
        return None;
    }
    batches.iter().map(|view| &view.batch).find(|batch| batch.manifest == order.path).map(|batch| batch.name.clone())
}

async fn has_accounts(store: Option<&dyn Store>) -> Result<bool> {
    match store {
        Some(store) => Ok(!store.accounts().await?.is_empty()),
        None => Ok(false),
    }
}

/// What the batch may spend: what the command line says; else what the manifest says for the first time, or anew; else what
/// was said before. So a budget stays until someone says another one, or none.
fn budget(order: &Order, before: Option<&BatchDraft>) -> Option<Money> {
    let (said, manifests) = (&order.overrides, order.manifest.head().budget);
    if said.budget.is_some() || said.no_budget {
        return said.budget;
    }
    let Some(before) = before else { return manifests };
    let known = before.loaded_with.as_ref().and_then(|with| with.manifest_budget);
    if manifests.is_some() && (manifests != known || before.budget.is_none()) { manifests } else { before.budget }
}

fn is_kept(order: &Order, batch: &BatchDraft) -> bool {
    batch.budget.is_some() && order.overrides.budget.is_none() && order.manifest.head().budget != batch.budget
}

fn draft(order: &Order, before: Option<&BatchDraft>) -> BatchDraft {
    let head = order.manifest.head();
    let (said, name) = (&order.overrides, &order.batch);
    let usual = || format!("{}/{name}", said.output_root.trim_end_matches('/'));
    BatchDraft {
        name: name.clone(),
        output: said.output.clone().or_else(|| head.output.clone()).unwrap_or_else(usual),
        file_name: head.file_name.clone().unwrap_or_else(|| order.file_name.clone()),
        budget: budget(order, before),
        priority: head.priority,
        manifest: order.path.clone(),
        manifest_path: order.source.path.clone(),
        passthrough: head.passthrough.clone(),
        loaded_with: said.loaded_with.clone().map(|with| ImportedWith {
            manifest_budget: head.budget,
            stop_if: stop_rules(with.stop_if, before),
            ..with
        }),
    }
}

/// Like a budget, a stop rule holds until another one is said, or none.
fn stop_rules(said: Vec<String>, before: Option<&BatchDraft>) -> Vec<String> {
    let kept = || before.and_then(|before| before.loaded_with.as_ref()).map(|with| with.stop_if.clone());
    if said.is_empty() { kept().unwrap_or_default() } else { said }
}
