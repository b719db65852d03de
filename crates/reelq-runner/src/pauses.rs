//! What holds an account back, as people read it.

use reelq_console::money;
use reelq_model::Money;
use reelq_store::{AccountCap, AccountLimits, AccountView, HeldBatch, Pause, PauseReason};

use crate::jobs::selection::brief;

/// The budget that holds a batch back.
pub fn cap_in_words(view: &AccountView, held: &HeldBatch) -> String {
    let cap =
        |of: fn(&AccountLimits) -> Option<Money>| view.limits.as_ref().and_then(of).map(money).unwrap_or_default();
    match held.by {
        AccountCap::Budget => format!("its budget of {}", cap(|limits| limits.budget)),
        AccountCap::DailyBudget => {
            let until = held.until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!("its budget of {} a day{until}", cap(|limits| limits.daily_budget))
        }
    }
}
/// That an account's budget holds a batch back, and what it has used.
pub fn reached(view: &AccountView, held: &HeldBatch) -> String {
    let (spent, when) = match held.by {
        AccountCap::Budget => (view.spent, ""),
        AccountCap::DailyBudget => (view.spent_today, " today"),
    };
    let open =
        if view.reserved > Money::ZERO { format!(", {} set aside", money(view.reserved)) } else { String::new() };
    format!("account {} has reached {} ({} spent{when}{open})", view.name, cap_in_words(view, held), money(spent))
}

/// A pause as people read it.
pub fn pause(pause: &Pause) -> String {
    let text = match &pause.reason {
        PauseReason::Throttled => "throttled".to_owned(),
        PauseReason::Blocked { block, message } => format!("blocked: {} ({})", block.as_str(), brief(message, 60)),
        PauseReason::Operator => "paused by hand".to_owned(),
        PauseReason::Breaker { .. } => return breaker(pause),
    };
    let until = pause.until.map(|until| format!(" until {until}")).unwrap_or_default();
    text + &until
}

/// Why the breaker is open, since when, and when it looks next.
fn breaker(pause: &Pause) -> String {
    let PauseReason::Breaker { fault, message, count, probes } = &pause.reason else { return String::new() };
    let next = pause.until.map(|next| format!("; next probe at {next}")).unwrap_or_default();
    let probes = if *probes > 0 { format!("; {probes} probes in vain") } else { String::new() };
    format!(
        "held by its breaker since {}: {count} times in a row {fault} ({}){probes}{next}",
        pause.since,
        brief(message, 80)
    )
}
