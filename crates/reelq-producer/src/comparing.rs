//! Reads every row of a manifest, compares it with the batch in the store and with other batches, and prices it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use reelq_manifest::Problems;
use reelq_model::{BatchName, Digest, JobId};
use reelq_store::{BatchDraft, BatchView, ImportsSeen, Known, LineDraft, Store, rules::hold};

use crate::{
    Changes, CostLine, Elsewhere, EqualRows, Error, Order, RefusedManifest,
    batch_jobs::BatchJobs,
    changes::Comparison,
    cost::{Costs, HeldCost},
    elsewhere::Lookup,
    error::Result,
    part::{Draw, OpenRows},
    pass::Pass,
    unchanged::PlannedBefore,
};

/// What a manifest came to beside its batch.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) rows: u64,
    pub(crate) lines: u64,
    pub(crate) changes: Changes,
    pub(crate) beside: u64,
    pub(crate) elsewhere: Vec<Elsewhere>,
    pub(crate) equal: EqualRows,
    pub(crate) costs: Vec<CostLine>,
    pub(crate) warnings: Problems,
    pub(crate) content: Digest,
    pub(crate) seen: Option<ImportsSeen>,
    pub(crate) present: Arc<BatchJobs>,
    pub(crate) unchanged: bool,
    /// What is not bought now.
    pub(crate) held: HeldCost,
    /// Which rows are, from their beginning.
    pub(crate) open: OpenRows,
    /// What the rows carry to the result manifest.
    pub(crate) carried: Vec<String>,
}

impl Compared {
    /// The same as before.
    pub(crate) fn again(known: &PlannedBefore, view: &BatchView, costs: Vec<CostLine>) -> Self {
        Self {
            rows: known.rows,
            lines: known.lines,
            changes: known.changes(view),
            equal: known.equal(),
            costs,
            content: known.content,
            unchanged: true,
            held: HeldCost::default(),
            open: OpenRows::default(),
            carried: view.batch.passthrough.clone(),
            beside: 0,
            elsewhere: Vec::new(),
            warnings: Problems::default(),
            seen: None,
            present: Arc::default(),
        }
    }
}

/// Reads and compares every row; what it would cost if nothing were bought yet, and its local images, come along.
pub(crate) async fn compare_all(
    store: Option<&dyn Store>,
    order: &Arc<Order>,
    batch: &BatchDraft,
) -> Result<(Compared, Vec<CostLine>, Option<BTreeMap<PathBuf, Digest>>)> {
    let present = Arc::new(match store {
        Some(store) => BatchJobs::read(store, &batch.name, &order.accounts).await?,
        None => BatchJobs::default(),
    });
    let (seen, mut lookup) = begin_lookup(store, order, &batch.name).await?;
    let (mut comparison, mut costs) = (Comparison::with(Arc::clone(&present)), Costs::default());
    let batch = Arc::new(batch.clone());
    let open = open_rows(order, &batch, &present).await?;
    let mut pass = Pass::start(Arc::clone(order), Arc::clone(&batch), Arc::clone(&present), open.anew(), false);
    while let Some(chunk) = pass.next().await {
        let known = match store {
            Some(store) => known(store, &batch.name, chunk.lines.iter().map(LineDraft::id)).await?,
            None => vec![None; chunk.lines.len()],
        };
        let unknown = compare(&chunk.lines, known, &mut comparison, &mut costs)?;
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
    let mut beside = 0;
    for job in comparison.beside() {
        costs.add_beside(job);
        beside += 1;
    }
    let held = costs.held();
    let (costs, unbought) = costs.finish();
    let compared = Compared {
        rows: findings.rows,
        lines: findings.lines,
        changes: comparison.finish(),
        beside,
        elsewhere: lookup.map(Lookup::finish).unwrap_or_default(),
        equal: findings.equal,
        costs,
        warnings: findings.problems,
        content: findings.content,
        seen,
        present,
        unchanged: false,
        held,
        open,
        carried: findings.carried,
    };
    Ok((compared, unbought, findings.images))
}

/// Which rows are bought now; a sample is drawn by reading the rows once more.
async fn open_rows(order: &Arc<Order>, batch: &Arc<BatchDraft>, present: &Arc<BatchJobs>) -> Result<OpenRows> {
    let open = OpenRows::of(&order.part);
    let Some(most) = open.sample() else { return Ok(open) };
    let mut draw = Draw::of(most);
    let mut pass = Pass::start(Arc::clone(order), Arc::clone(batch), Arc::clone(present), OpenRows::default(), false);
    while let Some(chunk) = pass.next().await {
        chunk.lines.iter().for_each(|line| draw.add(line.id()));
    }
    pass.finish().await?;
    Ok(open.drawn(draw.finish()))
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
) -> Result<Vec<&'a LineDraft>> {
    let mut unknown = Vec::new();
    for (line, known) in lines.iter().zip(known) {
        let to_buy = comparison.compare(line, known)?;
        let held = to_buy && hold::is_held(line.job.priority);
        costs.add(line, to_buy && !held);
        if held {
            costs.hold(line);
        }
        // What is held may be bought later, under the same look.
        if to_buy && known.is_none() {
            unknown.push(line);
        }
    }
    Ok(unknown)
}

pub(crate) async fn known(
    store: &dyn Store,
    batch: &BatchName,
    ids: impl Iterator<Item = JobId>,
) -> Result<Vec<Option<Known>>> {
    let ids: Vec<JobId> = ids.collect();
    if ids.is_empty() { Ok(Vec::new()) } else { Ok(store.lookup(batch, &ids).await?) }
}
