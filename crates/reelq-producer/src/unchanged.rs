//! What is kept of a plan with the batch that it loaded, so that the same again is neither compared nor loaded.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use reelq_model::{Digest, Money, Status};
use reelq_store::{BatchDraft, BatchView, ImportedWith, Store};
use serde::{Deserialize, Serialize};

use crate::{
    Changes, CostLine, EqualRows, Error, Order, Plan,
    error::Result,
    inputs::{digest, image_digest},
};

/// A plan of more accounts and models is not kept: the record stays small.
const COSTS_MAX: usize = 64;

/// What a plan came to. It goes into effect with the load that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedBefore {
    /// See [`digest`].
    pub(crate) inputs: Digest,
    pub(crate) rows: u64,
    pub(crate) lines: u64,
    pub(crate) content: Digest,
    /// What all lines cost, whether bought or not.
    costs: Vec<CostLine>,
    equal: EqualRows,
    /// Local images, and what they held.
    images: BTreeMap<PathBuf, Digest>,
}

impl PlannedBefore {
    /// What is to be kept of a plan without warnings; `None` where it would be too long.
    pub(crate) fn of(
        inputs: Digest,
        plan: &Plan,
        all: Vec<CostLine>,
        images: Option<BTreeMap<PathBuf, Digest>>,
    ) -> Option<Self> {
        let images = images?;
        (plan.warnings.is_empty() && all.len() <= COSTS_MAX).then(|| Self {
            inputs,
            rows: plan.rows,
            lines: plan.lines,
            content: plan.content,
            costs: all,
            equal: plan.equal.clone(),
            images,
        })
    }

    /// The batch with this in what is kept of its load; nothing of it where nothing is kept.
    pub(crate) fn kept(&self, batch: BatchDraft) -> BatchDraft {
        let with = |with| ImportedWith { planned: serde_json::to_value(self).ok(), ..with };
        BatchDraft { loaded_with: batch.loaded_with.map(with), ..batch }
    }

    /// What the batch was loaded from. An earlier or later form of the record is none.
    pub(crate) fn read(batch: &BatchDraft) -> Option<Self> {
        let with: &ImportedWith = batch.loaded_with.as_ref()?;
        Self::deserialize(with.planned.as_ref()?).ok()
    }

    /// Whether the batch stands as this plan's load left it: whole, and no line without its job. What became of the jobs since
    /// does not matter.
    fn holds(&self, view: &BatchView) -> bool {
        view.whole && !view.purging && !view.cancelling && view.counts.total() == self.lines
    }

    /// What is to be bought now, by the store's sums; `None` where they do not tell it apart by account and model.
    pub(crate) fn costs_of(&self, view: &BatchView) -> Option<Vec<CostLine>> {
        if view.others.of(Status::Queued) > 0 {
            return None;
        }
        let queued = view.counts.of(Status::Queued);
        if queued == self.lines {
            return Some(self.costs.clone());
        }
        let mut costs = self.costs.clone();
        if queued > 0 {
            let [line] = costs.as_mut_slice() else { return None };
            let unpriced = match line.unpriced {
                0 => 0,
                all if all == line.jobs => queued,
                _ => return None,
            };
            (line.to_buy, line.amount, line.unpriced) = (queued, view.to_spend, unpriced);
            return Some(costs);
        }
        for line in &mut costs {
            (line.to_buy, line.amount, line.unpriced) = (0, Money::ZERO, 0);
        }
        Some(costs)
    }

    pub(crate) fn changes(&self, view: &BatchView) -> Changes {
        Changes { unchanged: self.lines, standing: view.counts.clone(), ..Changes::default() }
    }

    pub(crate) fn equal(&self) -> EqualRows {
        self.equal.clone()
    }

    /// The images' paths.
    pub(crate) fn images(&self) -> impl Iterator<Item = &Path> {
        self.images.keys().map(PathBuf::as_path)
    }

    async fn has_same_images(&self) -> Result<bool> {
        let images = self.images.clone();
        let same = move || images.iter().all(|(path, was)| image_digest(path) == Some(*was));
        tokio::task::spawn_blocking(same).await.map_err(Error::Reader)
    }
}

/// What the batch was loaded from, where that is the same as what is ordered now, and nothing of it was lost.
pub(crate) async fn recognise(view: Option<&BatchView>, inputs: Option<Digest>) -> Result<Option<PlannedBefore>> {
    let (Some(view), Some(inputs)) = (view, inputs) else { return Ok(None) };
    let known = PlannedBefore::read(&view.batch).filter(|known| known.inputs == inputs && known.holds(view));
    match known {
        Some(known) if known.has_same_images().await? => Ok(Some(known)),
        _ => Ok(None),
    }
}

/// Whether the batch is still what the plan took it for, and the order still asks for the same.
pub(crate) async fn still_holds(store: &dyn Store, order: &Arc<Order>, plan: &Plan) -> Result<Option<PlannedBefore>> {
    let view = store.batch(&plan.batch.name).await?;
    let inputs = digest(order, &plan.batch).await?;
    let known = recognise(view.as_ref(), inputs).await?;
    Ok(known.filter(|known| known.content == plan.content))
}
