//! Checks of what holds accounts back: refusals by the provider, and breakers.

use reelq_runner::{context::CommandContext, opened::OpenedStore, pauses};
use reelq_store::{AccountView, PauseReason};

use super::check::Check;

/// One check for each pause that stands; none where the store does not open, which its own check says.
pub(super) async fn checks(context: &CommandContext) -> Vec<Check> {
    let Ok(Some(store)) = OpenedStore::read(context).await else { return Vec::new() };
    let accounts = store.accounts().await.unwrap_or_default();
    accounts.iter().flat_map(|account| of_account(account, &context.flags())).collect()
}

fn of_account(account: &AccountView, flags: &str) -> Vec<Check> {
    let what = format!("account {}", account.name);
    let resume = format!("reelq resume --account {}{flags}", account.name);
    let check = |pause| {
        let found = pauses::pause(pause);
        match &pause.reason {
            PauseReason::Throttled => None,
            PauseReason::Operator => Some(Check::doubtful(what.clone(), found, format!("to let it go on: {resume}"))),
            PauseReason::Blocked { .. } => {
                Some(Check::bad(what.clone(), found, format!("fix it with the provider, then: {resume}")))
            }
            PauseReason::Breaker { .. } => {
                let fix =
                    format!("it looks by itself and goes on once one purchase gets through; to try at once: {resume}");
                Some(Check::doubtful(what.clone(), found, fix))
            }
        }
    };
    account.pauses.iter().filter_map(check).collect()
}
