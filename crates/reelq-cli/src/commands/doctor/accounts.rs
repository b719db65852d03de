//! Checks of the accounts: is there a key, and does the provider take it.

use std::sync::Arc;

use reelq_config::AccountConfig;
use reelq_console::{CommandError, money};
use reelq_http::Transport;
use reelq_provider::BalanceOutcome;
use reelq_runner::{
    adapters,
    context::CommandContext,
    jobs::stranded::{Stranded, stranded},
    opened::OpenedStore,
    work::account::http,
};

use super::check::Check;

/// One check an account.
pub(super) async fn checks(context: &CommandContext, offline: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    if context.is_simulated() {
        return checks;
    }
    for account in context.config.accounts.values() {
        let what = format!("account {}", account.name);
        checks.push(match check(context, account, offline, &what).await {
            Ok(check) => check,
            Err(CommandError::Usage(message) | CommandError::Declined(message) | CommandError::Again(message)) => {
                Check::bad(what, "not usable", message)
            }
            Err(CommandError::Problems(problems)) => Check::bad(what, "not usable", problems.to_string()),
            Err(CommandError::Other(error)) => Check::bad(what, "not usable", format!("{error:#}")),
        });
    }
    checks
}

/// One check for each account that has work and that no one acts for.
pub(super) async fn stranded_checks(context: &CommandContext) -> Vec<Check> {
    let Ok(Some(store)) = OpenedStore::read(context).await else { return Vec::new() };
    let found = stranded(&*store, &context.config, None).await.unwrap_or_default();
    let check = |stranded: &Stranded| {
        let told = stranded.told();
        let (found, fix) = told.split_once("; to go on: ").unwrap_or((&told, ""));
        Check::bad(format!("account {}", stranded.account), found, fix)
    };
    found.iter().map(check).collect()
}

async fn check(
    context: &CommandContext,
    account: &AccountConfig,
    offline: bool,
    what: &str,
) -> Result<Check, CommandError> {
    let http = http(context, account, None)?;
    let provider = adapters::open(context, account)?;
    let transport =
        Transport::new(&http, Arc::clone(&context.clock)).map_err(|error| CommandError::usage(error.to_string()))?;
    let origin = transport.origin().to_owned();
    let Some(request) = provider.balance().filter(|_| !offline) else {
        let why = if offline { "not asked" } else { "the provider has no endpoint to ask" };
        return Ok(Check::good(what, format!("a key is there for {origin}; whether it is good is not known ({why})")));
    };
    let reply = match transport.call(&request).await {
        Ok(reply) => reply,
        Err(error) => {
            let fix = format!("check the network, the proxy and base_url (\"{origin}\")");
            return Ok(Check::bad(what, format!("{origin} did not answer: {error}"), fix));
        }
    };
    Ok(match provider.balanced(&reply) {
        BalanceOutcome::Valid(Some(balance)) => Check::good(what, format!("the key is good, {} left", money(balance))),
        BalanceOutcome::Valid(None) => Check::good(what, "the key is good"),
        BalanceOutcome::Blocked { reason, message } => {
            let fix = "put a valid key where the configuration says, or fix the account with the provider";
            Check::bad(what, format!("the provider refuses it ({}): {message}", reason.as_str()), fix)
        }
        BalanceOutcome::Unclear(setback) => {
            Check::doubtful(what, format!("a key is there; {}", setback.reason), "try again later")
        }
    })
}
