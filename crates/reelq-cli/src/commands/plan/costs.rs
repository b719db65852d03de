//! What a plan costs, by account and model, as data.

use reelq_console::known;
use reelq_model::Money;
use reelq_producer::{CostLine, Plan};
use serde::Serialize;

/// What the jobs of one account and model cost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelCost {
    pub(crate) account: String,
    provider: String,
    pub(crate) model: String,
    /// Lines of the manifest.
    jobs: u64,
    to_buy: u64,
    /// The known prices of those, together; nothing where none is known.
    #[serde(serialize_with = "Money::serialize_optional")]
    cost_usd: Option<Money>,
    /// How many of them have no known price.
    pub(crate) unpriced: u64,
}

/// One for each account and model.
pub(crate) fn costs(plan: &Plan) -> Vec<ModelCost> {
    plan.costs.iter().map(cost).collect()
}

fn cost(line: &CostLine) -> ModelCost {
    ModelCost {
        account: line.account.to_string(),
        provider: line.provider.to_string(),
        model: line.model.to_string(),
        jobs: line.jobs,
        to_buy: line.to_buy,
        cost_usd: known(line.amount, line.unpriced, line.to_buy),
        unpriced: line.unpriced,
    }
}
