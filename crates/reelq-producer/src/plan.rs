//! The first reading: checks everything, compares with the store, prices.

use std::sync::Arc;

use reelq_manifest::Problems;
use reelq_model::{BatchName, Digest, JobId, Money};
use reelq_store::{BatchDraft, BatchView, ImportedWith, ImportsSeen, Known, LineDraft, Store};

use crate::{
    AccountBudget, Changes, CostLine, Elsewhere, EqualRows, Error, Estimate, Order, RefusedManifest, Takes,
    account_budget::account_budgets, batch_jobs::BatchJobs, changes::Comparison, cost::Costs, elsewhere::Lookup,
    error::Result, estimate::estimate, pass::Pass, source,
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
    /// Digest of everything that was planned.
    pub content: Digest,
    /// The loads that were there before it looked: see [`Import::seen`](reelq_store::Import::seen).
    pub(crate) seen: Option<ImportsSeen>,
    /// The jobs that the lines were named after: the load must name them alike.
    pub(crate) present: Arc<BatchJobs>,
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
pub async fn plan(store: Option<&dyn Store>, order: &Arc<Order>) -> Result<Plan> {
    let before = match store {
        Some(store) => store.batch(&order.batch).await?.map(|view| view.batch),
        None => None,
    };
    let batch = Arc::new(draft(order, before.as_ref()));
    let present = Arc::new(match store {
        Some(store) => BatchJobs::read(store, &batch.name, &order.accounts).await?,
        None => BatchJobs::default(),
    });
    let (seen, mut lookup) = begin_lookup(store, order, &batch.name).await?;
    let (mut comparison, mut costs) = (Comparison::with(Arc::clone(&present)), Costs::default());
    let mut pass = Pass::start(Arc::clone(order), Arc::clone(&batch), Arc::clone(&present), false);
    while let Some(chunk) = pass.next().await {
        let known = match store {
            Some(store) => known(store, &batch.name, chunk.lines.iter().map(LineDraft::id)).await?,
            None => vec![None; chunk.lines.len()],
        };
        let unknown = compare(&chunk.lines, known, &mut comparison, &mut costs);
        let (lost, new): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|line| present.is_unread(line.id()));
        if let Some(looking) = &mut lookup {
            looking.add_lost(u64::try_from(lost.len()).unwrap_or(u64::MAX));
        }
        if let Some(looking) = &mut lookup
            && order.source.tolerate(looking.add(&new).await)?.is_none()
        {
            lookup = None;
        }
    }
    let findings = pass.finish().await?;
    if findings.problems.is_fatal() {
        return Err(Error::Refused(RefusedManifest(findings.problems)));
    }
    let batches = match store {
        Some(store) => store.batches().await?,
        None => Vec::new(),
    };
    let mut beside = 0;
    for job in comparison.beside() {
        costs.add_beside(job);
        beside += 1;
    }
    let costs = costs.finish();
    let estimate = estimate(store, &order.accounts, &costs).await?;
    let account_budgets = account_budgets(store, &order.accounts, &costs).await?;
    Ok(Plan {
        batch: (*batch).clone(),
        rows: findings.rows,
        lines: findings.lines,
        changes: comparison.finish(),
        same_manifest: same_manifest(&batches, order),
        takes: source::takes(&batches, order),
        elsewhere: lookup.map(Lookup::finish).unwrap_or_default(),
        same_output: source::same_output(&batches, &batch),
        moved_from: source::moved_from(&batches, &batch),
        equal: findings.equal,
        begins_anew: batches.is_empty() && !has_accounts(store).await?,
        budget_is_kept: is_kept(order, &batch),
        beside,
        costs,
        account_budgets,
        estimate,
        warnings: findings.problems,
        content: findings.content,
        seen,
        present,
    })
}

/// Begins to look requests up in other batches, where that is wanted; what was imported so far comes along.
async fn begin_lookup<'a>(
    store: Option<&'a dyn Store>,
    order: &'a Order,
    batch: &'a BatchName,
) -> Result<(Option<ImportsSeen>, Option<Lookup<'a>>)> {
    let Some(store) = store.filter(|_| order.source.looks_elsewhere) else { return Ok((None, None)) };
    let seen = order.source.tolerate(store.imports_seen().await.map_err(Error::from))?;
    let lookup = Lookup::over(store, &order.accounts, batch, order.source.reads_only).await;
    Ok((seen, order.source.tolerate(lookup)?))
}

/// Compares and prices lines; those that will be bought though the batch does not know them.
fn compare<'a>(
    lines: &'a [LineDraft],
    known: Vec<Option<Known>>,
    comparison: &mut Comparison,
    costs: &mut Costs,
) -> Vec<&'a LineDraft> {
    let mut unknown = Vec::new();
    for (line, known) in lines.iter().zip(known) {
        let to_buy = comparison.compare(line, known);
        costs.add(line, to_buy);
        if to_buy && known.is_none() {
            unknown.push(line);
        }
    }
    unknown
}

pub(crate) async fn known(
    store: &dyn Store,
    batch: &BatchName,
    ids: impl Iterator<Item = JobId>,
) -> Result<Vec<Option<Known>>> {
    let ids: Vec<JobId> = ids.collect();
    if ids.is_empty() { Ok(Vec::new()) } else { Ok(store.lookup(batch, &ids).await?) }
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
        loaded_with: said.loaded_with.clone().map(|with| ImportedWith { manifest_budget: head.budget, ..with }),
    }
}
