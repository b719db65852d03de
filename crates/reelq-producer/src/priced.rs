//! A budget needs prices: what to say where one is not known.

use std::collections::BTreeSet;

use reelq_model::Finding;
use reelq_provider::Checked;

/// Remembers which models were reported, so that a million rows of one model are one problem.
#[derive(Debug, Default)]
pub(crate) struct Unpriced {
    reported: BTreeSet<(String, String, String)>,
}

impl Unpriced {
    /// The problem, at the first row of each provider, model and mode.
    pub(crate) fn first_of(&mut self, provider: &str, model: &str, checked: &Checked, whose: Whose) -> Option<Finding> {
        let key = (provider.to_owned(), model.to_owned(), checked.mode.clone());
        self.reported.insert(key).then(|| finding(provider, model, whose))
    }
}

/// Whose budget it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    Batch,
    Account,
}

fn finding(provider: &str, model: &str, whose: Whose) -> Finding {
    let rule = match whose {
        Whose::Batch => "price must be known where the batch has a budget",
        Whose::Account => "price must be known where the account has a budget",
    };
    Finding::error("model", Some(model.to_owned()), rule).with_hint(fix(provider, model))
}

/// The lines of configuration that tell the price.
fn fix(provider: &str, model: &str) -> String {
    format!(
        "tell the price in a file of your own, {provider}.toml:\n    [models.\"{model}\"]\n    prices = [{{ usd = \"0.50\" }}]\nand \
         name it in reelq.toml:\n    [catalogue]\n    {provider} = \"{provider}.toml\"\nor run without a budget"
    )
}
