//! What the accounts' budgets have left for a plan.

use std::collections::BTreeMap;

use reelq_model::{AccountName, Money};
use reelq_store::{AccountView, Store};
use serde::Serialize;

use crate::{Accounts, CostLine, error::Result};

/// An account with a budget, and what the plan would buy on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountBudget {
    /// The account.
    pub account: AccountName,
    /// The known prices of the lines to buy.
    pub amount: Money,
    /// The account's budget, and what it has left.
    pub budget: Option<Left>,
    /// The account's budget for a day, and what it has left of the present one.
    pub daily_budget: Option<Left>,
}

/// A budget and what it has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The budget.
    pub cap: Money,
    /// What is left of it; never below zero.
    pub left: Money,
}

impl Left {
    fn of(cap: Money, spent: Money, open: Money) -> Self {
        Self { cap, left: (cap - spent - open).max(Money::ZERO) }
    }
}

/// The accounts that lines are to be bought on and that have a budget.
pub(crate) async fn account_budgets(
    store: Option<&dyn Store>,
    accounts: &Accounts,
    costs: &[CostLine],
) -> Result<Vec<AccountBudget>> {
    let mut amounts: BTreeMap<&AccountName, Money> = BTreeMap::new();
    for line in costs.iter().filter(|line| line.to_buy > 0) {
        *amounts.entry(&line.account).or_default() += line.amount;
    }
    let views = match store {
        Some(store) => store.accounts().await?,
        None => Vec::new(),
    };
    let view = |name: &AccountName| views.iter().find(|view| view.name == *name);
    let found = |(name, amount): (&AccountName, Money)| account_budget(accounts, name, amount, view(name));
    Ok(amounts.into_iter().filter_map(found).collect())
}

fn account_budget(
    accounts: &Accounts,
    name: &AccountName,
    amount: Money,
    view: Option<&AccountView>,
) -> Option<AccountBudget> {
    let limits = accounts.get(name.as_str())?.limits;
    let used =
        view.map_or((Money::ZERO, Money::ZERO, Money::ZERO), |view| (view.spent, view.spent_today, view.reserved));
    let (spent, today, open) = used;
    let budget = limits.budget.map(|cap| Left::of(cap, spent, open));
    let daily_budget = limits.daily_budget.map(|cap| Left::of(cap, today, open));
    (budget.is_some() || daily_budget.is_some()).then(|| AccountBudget {
        account: name.clone(),
        amount,
        budget,
        daily_budget,
    })
}
