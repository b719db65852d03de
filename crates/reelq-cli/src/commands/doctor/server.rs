//! Checks of a Redis server: what it says about itself, and what each setting puts at risk.

use std::sync::Arc;

use reelq_config::{RedisPlace, StorePlace};
use reelq_console::{CommandError, bytes};
use reelq_runner::{context::CommandContext, stores};
use reelq_store_redis::{Gravity, ServerFacts, ServerFinding, judge_server};

use super::check::Check;

/// One check for the server as a whole, and one for each thing about it that is not as it should be.
pub(super) async fn checks(context: &CommandContext) -> Vec<Check> {
    let StorePlace::Redis(place) = context.place() else { return Vec::new() };
    match facts(&place, context).await {
        Ok(facts) => {
            let findings = judge_server(&facts, place.durability());
            std::iter::once(describe(&facts)).chain(findings.into_iter().map(check)).collect()
        }
        // The check of the store says why.
        Err(_) => Vec::new(),
    }
}

async fn facts(place: &RedisPlace, context: &CommandContext) -> Result<ServerFacts, CommandError> {
    let options = stores::options(place, context)?;
    Ok(ServerFacts::ask(place.address.clone(), options, Arc::clone(&context.clock)).await?)
}

fn describe(facts: &ServerFacts) -> Check {
    let version = facts
        .version
        .as_deref()
        .map_or("Redis of a version that it does not tell".to_owned(), |version| format!("Redis {version}"));
    let used = facts.used_memory.map(|used| format!(", {} of memory in use", bytes(used))).unwrap_or_default();
    Check::good("server", format!("{version}{used}, answers in {} ms", facts.round_trip_ms))
}

fn check(finding: ServerFinding) -> Check {
    let ServerFinding { gravity, found, risk, fix } = finding;
    let (what, found) = ("server", format!("{found}: {risk}"));
    match gravity {
        Gravity::Bad => Check::bad(what, found, fix),
        Gravity::Risky => Check::doubtful(what, found, fix),
        Gravity::Note => Check::good(what, found),
    }
}
