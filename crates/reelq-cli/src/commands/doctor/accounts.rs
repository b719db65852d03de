//! Checks of the accounts: is there a key, and does the provider take it.

use std::sync::Arc;

use reelq_config::AccountConfig;
use reelq_console::{Failure, money};
use reelq_http::Transport;
use reelq_provider::BalanceOutcome;
use reelq_runner::opened::OpenedStore;
use reelq_runner::{
    adapters,
    context::Session,
    jobs::stranded::{Stranded, stranded},
    work::account::http,
};

use super::Check;

/// One check an account.
pub(super) async fn checks(session: &Session, offline: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    if session.is_simulated() {
        return checks;
    }
    for account in session.config.accounts.values() {
        let what = format!("account {}", account.name);
        checks.push(match check(session, account, offline, &what).await {
            Ok(check) => check,
            Err(Failure::Usage(message) | Failure::Declined(message) | Failure::Again(message)) => {
                Check::bad(what, "not usable", message)
            }
            Err(Failure::Problems(problems)) => Check::bad(what, "not usable", problems.to_string()),
            Err(Failure::Other(error)) => Check::bad(what, "not usable", format!("{error:#}")),
        });
    }
    checks
}

/// One check for each account that has work and that nobody acts for.
pub(super) async fn stranded_checks(session: &Session) -> Vec<Check> {
    let Ok(Some(store)) = OpenedStore::read(session).await else { return Vec::new() };
    let found = stranded(&*store, &session.config, None).await.unwrap_or_default();
    let check = |stranded: &Stranded| {
        let told = stranded.told();
        let (found, fix) = told.split_once("; to go on: ").unwrap_or((&told, ""));
        Check::bad(format!("account {}", stranded.account), found, fix)
    };
    found.iter().map(check).collect()
}

async fn check(session: &Session, account: &AccountConfig, offline: bool, what: &str) -> Result<Check, Failure> {
    let http = http(session, account, None)?;
    let provider = adapters::open(session, account)?;
    let transport =
        Transport::new(&http, Arc::clone(&session.clock)).map_err(|error| Failure::usage(error.to_string()))?;
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
            let fix = "put a valid key where the configuration says, or mend the account with the provider";
            Check::bad(what, format!("the provider refuses it ({}): {message}", reason.as_str()), fix)
        }
        BalanceOutcome::Unclear(setback) => {
            Check::doubtful(what, format!("a key is there; {}", setback.reason), "try again later")
        }
    })
}
