//! Schedules: ticks that exactly one caller wins, and one run a batch at a time.

use std::time::Duration;

use reelq_model::{BatchName, ScheduleName, Timestamp, WorkerId};

use super::{
    caller::{Caller, Reply},
    change::millis,
    codec::{Packer, Unpacker},
    reading,
};
use reelq_store::{
    BatchHold, Error, Result, TICK_SPANS_KEPT, TICKS_KEPT, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan,
    TickState, TickView,
};

script!(ACQUIRE_RUN_LOCK, "acquire_run_lock");
script!(TICKS, "ticks");

pub(super) async fn schedule(caller: &Caller, schedule: &ScheduleName) -> Result<Timestamp> {
    let reply = on_ticks(caller, arguments("mark", schedule, 0)).await?;
    Ok(Timestamp::from_millis(reply.unpack().int()?))
}

pub(super) async fn tick(caller: &Caller, claim: &TickClaim) -> Result<TickClaimed> {
    let mut packer = arguments("claim", &claim.schedule, 6);
    packer.int(claim.at.millis()).flag(claim.late).int(claim.passes.map_or(-1, Timestamp::millis));
    packer.text(claim.worker.as_str()).int(millis(claim.lease)).int(claim.after.map_or(-1, Timestamp::millis));
    let reply = on_ticks(caller, packer).await?;
    let mut unpacker = reply.unpack();
    let (word, token, late) = (unpacker.int()?, unpacker.count()?, unpacker.flag()?);
    let schedule = claim.schedule.clone();
    Ok(match word {
        0 => TickClaimed::Won(TickLease { schedule, at: claim.at, token, worker: claim.worker.clone(), late }),
        1 => TickClaimed::Taken { worker: worker(unpacker.text()?)?, ends_in: wait(unpacker.count()?) },
        _ => TickClaimed::Over,
    })
}

pub(super) async fn calendar(caller: &Caller) -> Result<Timestamp> {
    reading::calendar(caller).await
}

pub(super) async fn extend_tick(caller: &Caller, lease: &TickLease, lasts: Duration) -> Result<bool> {
    let mut packer = of_lease("extend", lease, 1);
    packer.int(millis(lasts));
    on_ticks(caller, packer).await?.unpack().flag()
}

pub(super) async fn finish_tick(caller: &Caller, lease: &TickLease, outcome: &TickOutcome) -> Result<bool> {
    let mut packer = of_lease("finish", lease, 5);
    packer.int(state(outcome.end())).text(outcome.batch.as_ref().map_or("", BatchName::as_str)).text(&outcome.reason);
    packer.count(TICKS_KEPT as u64).count(TICK_SPANS_KEPT as u64);
    on_ticks(caller, packer).await?.unpack().flag()
}

pub(super) async fn release_tick(caller: &Caller, lease: &TickLease) -> Result<()> {
    on_ticks(caller, of_lease("release", lease, 0)).await.map(drop)
}

pub(super) async fn ticks(caller: &Caller, schedule: &ScheduleName, limit: usize) -> Result<Vec<TickView>> {
    let mut views = all_ticks(caller, schedule).await?;
    views.truncate(limit);
    Ok(views)
}

pub(super) async fn open_ticks(caller: &Caller, schedule: &ScheduleName) -> Result<Vec<TickView>> {
    let mut views = all_ticks(caller, schedule).await?;
    views.retain(|view| !view.state.is_over());
    views.sort_by_key(|view| view.at);
    Ok(views)
}

pub(super) async fn ticks_over(caller: &Caller, schedule: &ScheduleName) -> Result<Vec<TickSpan>> {
    on_ticks(caller, arguments("over", schedule, 0)).await?.unpack().each(span)
}

pub(super) async fn acquire_run_lock(
    caller: &Caller,
    batch: &BatchName,
    holder: &WorkerId,
    lasts: Duration,
) -> Result<BatchHold> {
    let reply = hold(caller, batch, holder, millis(lasts).max(1)).await?;
    let mut unpacker = reply.unpack();
    if unpacker.int()? == 0 {
        return Ok(BatchHold::Held);
    }
    let (worker, since) = (worker(unpacker.text()?)?, Timestamp::from_millis(unpacker.int()?));
    Ok(BatchHold::Taken { worker, since, ends_in: wait(unpacker.count()?) })
}

pub(super) async fn leave_batch(caller: &Caller, batch: &BatchName, holder: &WorkerId) -> Result<()> {
    hold(caller, batch, holder, 0).await.map(drop)
}

async fn on_ticks(caller: &Caller, mut packer: Packer) -> Result<Reply> {
    caller.call(&TICKS, &packer.finish()).await
}

/// A schedule's ticks, the one that changed last first.
async fn all_ticks(caller: &Caller, schedule: &ScheduleName) -> Result<Vec<TickView>> {
    on_ticks(caller, arguments("list", schedule, 0)).await?.unpack().each(view)
}

async fn hold(caller: &Caller, batch: &BatchName, holder: &WorkerId, lasts: i64) -> Result<Reply> {
    let arguments = Packer::new().list(3).text(batch.as_str()).text(holder.as_str()).int(lasts).finish();
    caller.call(&ACQUIRE_RUN_LOCK, &arguments).await
}

/// A verb, its schedule, and room for `more`.
fn arguments(verb: &str, schedule: &ScheduleName, more: usize) -> Packer {
    let mut packer = Packer::new();
    packer.list(2 + more).text(verb).text(schedule.as_str());
    packer
}

fn of_lease(verb: &str, lease: &TickLease, more: usize) -> Packer {
    let mut packer = arguments(verb, &lease.schedule, 2 + more);
    packer.int(lease.at.millis()).count(lease.token);
    packer
}

fn span(unpacker: &mut Unpacker<'_>) -> Result<TickSpan> {
    unpacker.list()?;
    let (after, until) = (unpacker.int()?, unpacker.int()?);
    Ok(TickSpan { after: Timestamp::from_millis(after), until: Timestamp::from_millis(until) })
}

fn view(unpacker: &mut Unpacker<'_>) -> Result<TickView> {
    let length = unpacker.list()?;
    let at = Timestamp::from_millis(unpacker.int()?);
    let state = read_state(unpacker.int()?)?;
    let (_token, late) = (unpacker.int()?, unpacker.flag()?);
    let worker = worker(unpacker.text()?)?;
    let lease_until = Some(unpacker.int()?).filter(|until| *until >= 0).map(Timestamp::from_millis);
    let changed_at = Timestamp::from_millis(unpacker.int()?);
    let batch = Some(unpacker.text()?).filter(|name| !name.is_empty()).map(BatchName::new).transpose();
    let batch = batch.map_err(|error| Error::broken(error.to_string()))?;
    let reason = unpacker.text()?.to_owned();
    // The tick before it, which only the script needs; records of an earlier version have none.
    for _ in 9..length {
        unpacker.int()?;
    }
    Ok(TickView { at, state, late, worker, lease_until, changed_at, batch, reason })
}

/// Open states are below 2: the script leans on it.
const STATES: [TickState; 5] =
    [TickState::Firing, TickState::Waiting, TickState::Fired, TickState::Skipped, TickState::Failed];

fn state(state: TickState) -> i64 {
    STATES.iter().zip(0..).find_map(|(each, code)| (*each == state).then_some(code)).unwrap_or(4)
}

fn read_state(code: i64) -> Result<TickState> {
    let found = usize::try_from(code).ok().and_then(|index| STATES.get(index).copied());
    found.ok_or_else(|| Error::broken(format!("`{code}` stands for no tick's state")))
}

fn worker(name: &str) -> Result<WorkerId> {
    WorkerId::new(name).map_err(|error| Error::broken(error.to_string()))
}

const fn wait(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
