//! Limits and pauses, as the last word of whoever sets them.

use std::time::Duration;

use reelq_model::{AccountName, BatchName, Money, Timestamp};

use super::{
    breaker,
    caller::Caller,
    change::millis,
    codec::{Packer, Unpacker},
    facts,
};
use reelq_limits::{
    remaining_budget::RemainingBudget,
    token_bucket::{polls_burst, token_interval},
};
use reelq_store::rules::bounds;
use reelq_store::{AccountLimits, AccountView, Error, HeldBatch, Pace, Pause, PauseReason, Result};

script!(ACCOUNTS, "accounts", ["job_keys", "tokens", "money"]);
script!(PAUSE_ACCOUNT, "pause_account", ["room"]);
script!(PAUSE_BATCH, "pause_batch", ["room"]);
script!(RESUME_ACCOUNT, "resume_account", ["room"]);
script!(SET_LIMITS, "set_limits", ["room"]);

const NANOS_PER_MILLI: u64 = 1_000_000;

pub(super) async fn set(caller: &Caller, name: &AccountName, limits: &AccountLimits) -> Result<()> {
    let text = serde_json::to_string(limits).map_err(|error| Error::broken(error.to_string()))?;
    let mut packer = Packer::new();
    packer.list(9).text(name.as_str()).text(&text);
    pack_rate(&mut packer, limits.requests_per_second, limits.burst.get());
    pack_rate(&mut packer, limits.polls_per_second, polls_burst(limits.polls_per_second));
    packer.int(i64::from(limits.max_in_flight.get())).flag(limits.open_rate).flag(limits.open_in_flight);
    for budget in [limits.budget, limits.daily_budget] {
        packer.int(budget.map_or(-1, bounds::cap));
    }
    caller.call(&SET_LIMITS, &packer.finish()).await.map(drop)
}

/// Packs the interval between two tokens, in whole milliseconds and the nanoseconds beside them, and the burst.
///
/// A burst of zero stands for a rate that gives no tokens.
pub(super) fn pack_rate(packer: &mut Packer, per_second: f64, burst: u32) {
    let (interval, burst) = token_interval(per_second).map_or((u64::MAX, 0), |interval| (interval, burst.max(1)));
    packer.list(3).count(interval / NANOS_PER_MILLI).count(interval % NANOS_PER_MILLI).int(i64::from(burst));
}

pub(super) async fn pause(
    caller: &Caller,
    name: &AccountName,
    reason: &PauseReason,
    lasts: Option<Duration>,
) -> Result<()> {
    let text = serde_json::to_string(reason).map_err(|error| Error::broken(error.to_string()))?;
    let arguments = Packer::new()
        .list(4)
        .text(name.as_str())
        .int(facts::pause(reason))
        .text(&text)
        .int(lasts.map_or(-1, millis))
        .finish();
    caller.call(&PAUSE_ACCOUNT, &arguments).await.map(drop)
}

pub(super) async fn resume(caller: &Caller, name: &AccountName, operator: bool) -> Result<()> {
    let arguments = Packer::new().list(2).text(name.as_str()).flag(operator).finish();
    caller.call(&RESUME_ACCOUNT, &arguments).await?;
    if operator { breaker::resume(caller, name).await } else { Ok(()) }
}

pub(super) async fn pause_batch(caller: &Caller, name: &BatchName, paused: bool) -> Result<()> {
    let arguments = Packer::new().list(2).text(name.as_str()).flag(paused).finish();
    let found = caller.call(&PAUSE_BATCH, &arguments).await?.unpack().flag()?;
    if found { Ok(()) } else { Err(Error::NoBatch(name.to_string())) }
}

pub(super) async fn accounts(caller: &Caller) -> Result<Vec<AccountView>> {
    Ok(with_unread(caller).await?.into_iter().map(|(view, _)| view).collect())
}

/// The accounts, each with the names of its fields that cannot be read.
pub(super) async fn with_unread(caller: &Caller) -> Result<Vec<(AccountView, Vec<String>)>> {
    let reply = caller.call(&ACCOUNTS, &Packer::new().list(0).finish()).await?;
    let mut views = reply.unpack().each(|unpacker| account(unpacker, reply.now))?;
    views.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    Ok(views)
}

fn account(unpacker: &mut Unpacker<'_>, now: Timestamp) -> Result<(AccountView, Vec<String>)> {
    unpacker.list()?;
    let (name, limits) = (unpacker.text()?, unpacker.bytes()?);
    let (limits, mut unread): (Option<AccountLimits>, _) = match serde_json::from_slice(limits) {
        Ok(limits) => (Some(limits), Vec::new()),
        Err(_) if limits.is_empty() => (None, Vec::new()),
        Err(error) => (None, vec![format!("its limits cannot be read: {error}")]),
    };
    let (in_flight, spent) = (unpacker.count()?, unpacker.int()?);
    let pace = read_pace(unpacker.bytes()?);
    let (set_aside, spent_today) = (unpacker.int()?, unpacker.int()?);
    let pauses = unpacker.each(|unpacker| Ok(pause_of(unpacker.bytes()?)))?;
    let remaining_budget = RemainingBudget::new(limits.as_ref(), spent, spent_today, set_aside);
    let held = unpacker.each(|unpacker| held(unpacker, &remaining_budget, now))?;
    let fields = unpacker.each(|unpacker| Ok(unpacker.text()?.to_owned()))?;
    if !fields.is_empty() {
        unread.push(format!("its fields {} cannot be read", fields.join(", ")));
    }
    if pauses.iter().any(Result::is_err) {
        unread.push("a pause of it cannot be read, and holds until a person ends it".to_owned());
    }
    let pauses = pauses.into_iter().map(|pause| pause.unwrap_or_else(|_| unread_pause(now)));
    let view = AccountView {
        name: AccountName::new(name).map_err(|error| Error::broken(error.to_string()))?,
        limits,
        pace,
        unread: (!unread.is_empty()).then(|| unread.join("; ")),
        pauses: pauses.filter(|pause| pause.stands(now)).collect(),
        in_flight,
        spent: Money::from_micros(spent),
        reserved: Money::from_micros(set_aside),
        spent_today: Money::from_micros(spent_today),
        day_ends: now.day_end(),
        held: held.into_iter().flatten().collect(),
    };
    Ok((view, fields))
}

/// A pause that cannot be read holds until a person ends it.
const fn unread_pause(now: Timestamp) -> Pause {
    Pause { reason: PauseReason::Operator, since: now, until: None }
}

/// What is learned must never keep an account from working: what cannot be read is learned again.
pub(super) fn read_pace(text: &[u8]) -> Pace {
    if text.is_empty() {
        return Pace::default();
    }
    serde_json::from_slice(text).unwrap_or_else(|error| {
        tracing::warn!(%error, "what was learned of an account's limits cannot be read, and is learned again");
        Pace::default()
    })
}

/// A batch with jobs ready, where it waits for the account's money.
fn held(unpacker: &mut Unpacker<'_>, remaining_budget: &RemainingBudget, now: Timestamp) -> Result<Option<HeldBatch>> {
    unpacker.list()?;
    let name = unpacker.text()?;
    let prices = unpacker.each(Unpacker::int)?;
    let Some((by, until)) = remaining_budget.held_by(&prices, now) else { return Ok(None) };
    Ok(BatchName::new(name).ok().map(|batch| HeldBatch { batch, by, until }))
}

fn pause_of(packed: &[u8]) -> Result<Pause> {
    let mut unpacker = Unpacker::new(packed);
    unpacker.list()?;
    let reason = serde_json::from_slice(unpacker.bytes()?).map_err(|error| unreadable(&error))?;
    let since = Timestamp::from_millis(unpacker.int()?);
    let until = unpacker.int()?;
    Ok(Pause { reason, since, until: (until != 0).then(|| Timestamp::from_millis(until)) })
}

fn unreadable(error: &serde_json::Error) -> Error {
    Error::broken(format!("an account cannot be read: {error}"))
}
