//! What a plan costs, by account and model.

use std::collections::BTreeMap;

use reelq_model::{AccountName, Job, JobSpec, ModelName, Money, ProviderName};
use reelq_store::LineDraft;
use serde::{Deserialize, Serialize};

/// What the jobs of one account and model cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostLine {
    /// The account.
    pub account: AccountName,
    /// Its provider.
    pub provider: ProviderName,
    /// The model.
    pub model: ModelName,
    /// Lines of the manifest.
    pub jobs: u64,
    /// Lines that are still to be bought.
    pub to_buy: u64,
    /// The known prices of those, together.
    pub amount: Money,
    /// Lines to be bought whose price is not known.
    pub unpriced: u64,
}

impl CostLine {
    fn buy(&mut self, price: Option<Money>) {
        self.to_buy += 1;
        self.amount += price.unwrap_or(Money::ZERO);
        self.unpriced += u64::from(price.is_none());
    }
}

/// What is held, and bought only after a second yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HeldCost {
    /// Jobs.
    pub jobs: u64,
    /// Their known prices, together.
    #[serde(rename = "cost_usd")]
    pub amount: Money,
    /// How many prices are not known.
    pub unpriced: u64,
}

impl HeldCost {
    /// Adds a job of this price.
    pub fn add(&mut self, price: Option<Money>) {
        self.jobs += 1;
        self.amount += price.unwrap_or(Money::ZERO);
        self.unpriced += u64::from(price.is_none());
    }
}

/// Adds up lines.
#[derive(Debug, Default)]
pub(crate) struct Costs {
    held: HeldCost,
    lines: BTreeMap<(AccountName, ModelName), CostLine>,
    /// The same as if nothing of the manifest were bought yet.
    unbought: BTreeMap<(AccountName, ModelName), CostLine>,
}

impl Costs {
    pub(crate) fn add(&mut self, draft: &LineDraft, to_buy: bool) {
        let (spec, price) = (&draft.job.spec, draft.job.price);
        let line = line_of(&mut self.lines, spec);
        line.jobs += 1;
        if to_buy {
            line.buy(price);
        }
        let whole = line_of(&mut self.unbought, spec);
        whole.jobs += 1;
        whole.buy(price);
    }

    /// Adds a line that is held.
    pub(crate) fn hold(&mut self, draft: &LineDraft) {
        self.held.add(draft.job.price);
    }

    /// What is held.
    pub(crate) const fn held(&self) -> HeldCost {
        self.held
    }

    /// Adds a job to buy that has no line.
    pub(crate) fn add_beside(&mut self, job: &Job) {
        line_of(&mut self.lines, &job.spec).buy(job.price);
    }

    /// What is to be bought, and what would be if nothing of the manifest were bought yet.
    pub(crate) fn finish(self) -> (Vec<CostLine>, Vec<CostLine>) {
        (self.lines.into_values().collect(), self.unbought.into_values().collect())
    }
}

fn line_of<'a>(lines: &'a mut BTreeMap<(AccountName, ModelName), CostLine>, spec: &JobSpec) -> &'a mut CostLine {
    lines.entry((spec.account.clone(), spec.model.clone())).or_insert_with(|| CostLine {
        account: spec.account.clone(),
        provider: spec.provider.clone(),
        model: spec.model.clone(),
        jobs: 0,
        to_buy: 0,
        amount: Money::ZERO,
        unpriced: 0,
    })
}
