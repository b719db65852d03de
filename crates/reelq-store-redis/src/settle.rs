//! Commits of jobs whose records stand as their leases left them, many in one call and without a look at the jobs.
//!
//! What becomes of state, queue and sums is worked out here, and `settle.lua` does it where the job's holder is still the same.
//! All others go the way of `change`, which judges anything.

use std::{collections::HashSet, sync::Arc};

use reelq_model::{Stage, Timestamp, Wake, WorkerId};

use super::{
    caller::Caller,
    change::{Answer, ENDS, Guard, Guarded, millis},
    codec::Packer,
    facts::{self, Facts},
    header::Header,
    held::Hold,
    history, lines,
    record::write_state,
};
use reelq_store::{
    Commit, Lease, Line, Result,
    rules::{
        ledger::LedgerDelta,
        queue::{self, Queue},
    },
    transition::{LeaseStep, StoredJob},
};

script!(SETTLE, "settle", ["job_keys", "writes", "line", "full"]);

/// More go in several calls, or the other way.
const MOST: usize = 512;

/// The queue of tasks that are followed, as scripts have it: in theirs, 7 is the one of jobs to withdraw.
const FOLLOWED: i64 = 8;

/// One commit that can be settled.
pub(super) struct Settling<'a> {
    lease: &'a Lease,
    change: &'a Guarded<'a>,
    before: Hold,
    after: Header,
    /// For how long the lease is kept.
    lasts: i64,
    shape: Vec<u8>,
    wake: Option<i64>,
}

/// Settles what can be; one answer a change, nothing for those that are to be judged by `change`. With them the time of it, where
/// anything was settled.
pub(super) async fn settle(
    caller: &Caller,
    commits: &[(&Commit, &Guarded<'_>)],
) -> Result<(Vec<Option<Answer>>, Option<Timestamp>)> {
    let mut answers = vec![None; commits.len()];
    let Some((first, _)) = commits.first().filter(|_| caller.takes_short_ways) else { return Ok((answers, None)) };
    let (worker, mut seen) = (&first.lease.worker, HashSet::new());
    let mut settled = Vec::new();
    for (at, (commit, change)) in commits.iter().enumerate().take(MOST) {
        let before = caller.held.take(commit.lease.job.id);
        let is_first = commit.lease.worker == *worker && seen.insert(commit.lease.job.id);
        let before = before.filter(|hold| is_first && may_settle(hold, commit, change));
        settled.extend(before.map(|before| (at, Settling::new(caller, commit, change, before))));
    }
    if settled.is_empty() {
        return Ok((answers, None));
    }
    let (arguments, states) = pack(worker, settled.iter().map(|(_, settling)| settling))?;
    let sends = settled.iter().any(|(_, settling)| settling.change.guard == Guard::Send);
    // As a change: a request may leave as soon as its intent is answered.
    let reply = caller.call_with(&SETTLE, &arguments, &states, sends).await?;
    let mut unpacker = reply.unpack();
    let letters = unpacker.bytes()?;
    let mut lines = unpacker.each(|unpacker| unpacker.bytes().map(lines::leased_line))?.into_iter();
    for ((at, settling), letter) in settled.into_iter().zip(letters) {
        if *letter == b'1' {
            let line = if settling.brings_line() { lines.next().flatten() } else { None };
            answers[at] = Some(settling.done(caller, line));
        }
    }
    Ok((answers, Some(reply.now)))
}

/// Whether nothing is to be judged but that the lease is the same: no one wants the job cancelled, it has a line, and it shares
/// no task.
fn may_settle(hold: &Hold, commit: &Commit, change: &Guarded<'_>) -> bool {
    let (header, lease, next) = (&hold.header, &commit.lease, &change.change);
    let is_plain = header.cancel == 0 && header.position != 0 && !next.parked;
    let keeps_or_leaves = next.lease != LeaseStep::Untouched;
    let waits_anew = next.lease == LeaseStep::Ends && Queue::at(&next.job.stage, true) == Queue::Ready;
    let shares = lease.job.shares_task_with.is_some() || next.job.shares_task_with.is_some();
    is_plain
        && keeps_or_leaves
        && !waits_anew
        && !shares
        && next.job.orphan_of.is_none()
        && next.job.charges.len() <= 1
        && next.history.len() <= 1
        && hold.is_of(lease.version, &lease.worker)
        && header.facts == Facts::of(&lease.job, false)
}

impl<'a> Settling<'a> {
    fn new(caller: &Caller, commit: &'a Commit, change: &'a Guarded<'a>, before: Hold) -> Self {
        let job = &*change.change.job;
        let (lasts, follows) = (change.lasts(), change.change.lease == LeaseStep::Follows);
        let wake = match change.wake {
            Wake::Now => Some(0),
            Wake::After(wait) => Some(millis(wait)),
            // A job that still has work to be done on it is due at once.
            Wake::Never => (lasts == ENDS && queue::has_work(&job.stage)).then_some(0),
        };
        let queue = match wake {
            _ if follows => FOLLOWED,
            Some(wake) if lasts == ENDS => Queue::at(&job.stage, wake == 0).code(),
            _ => Queue::None.code(),
        };
        let mut after = Header {
            // A lease that is kept adds the next one.
            version: commit.lease.version.saturating_add(u64::from(lasts == ENDS)),
            queue,
            token: change.token.to_vec(),
            facts: Facts::of(job, false),
            ..before.header.clone()
        };
        if let Some(note) = change.change.history.first() {
            after.note(&history::pack(caller.server_clock.now(), after.facts.status, note));
        }
        let shape = shape(commit, change, &before.header, &after);
        Self { lease: &commit.lease, change, before, after, lasts, shape, wake }
    }

    /// What came of it; how the job stands now is noted where the lease is kept.
    fn done(self, caller: &Caller, line: Option<Arc<Line>>) -> Answer {
        let Self { change, before, after, lasts, .. } = self;
        let in_hand = lasts != ENDS;
        let version = after.version.saturating_add(u64::from(in_hand));
        if in_hand {
            let holder = next_holder(change, &before);
            caller.held.note(change.change.job.id, Hold { header: after, holder });
        }
        Answer::Done { version, cancel_requested: false, in_hand, twin: None, line }
    }

    /// Whether its line comes with the lease that is kept.
    fn brings_line(&self) -> bool {
        self.lasts != ENDS && matches!(self.change.change.job.stage, Stage::Fetching { .. })
    }

    fn deadline(&self) -> i64 {
        match (self.before.header.facts.deadline, self.after.facts.deadline) {
            (had, 0) if had != 0 => -1,
            (_, deadline) => deadline,
        }
    }

    /// The task whose other owner is asked for. A look that brought nothing does not ask again: the first step with the task did, and
    /// the next one that brings something does.
    fn task(&self) -> &str {
        let (was, job) = (&self.lease.job, &*self.change.change.job);
        let is_known = matches!((&was.stage, &job.stage), (Stage::Running { .. }, Stage::Running { .. }));
        let charge = job.charges.first().filter(|charge| !is_known || was.charges.first() != Some(charge));
        charge.map_or("", |charge| charge.task.as_str())
    }

    /// Packs all but the state, which it returns.
    fn pack(&self, packer: &mut Packer, shape: usize) -> Result<Vec<u8>> {
        let job = &*self.change.change.job;
        let shape = i64::try_from(shape).unwrap_or(i64::MAX);
        packer.bytes(job.id.as_bytes()).int(shape).bytes(&self.before.holder);
        if self.lasts == ENDS {
            packer.bytes(&[]);
        } else {
            packer.bytes(&next_holder(self.change, &self.before));
        }
        packer.int(self.wake.unwrap_or(-1)).int(self.deadline());
        packer.text(self.task()).count(self.before.header.position);
        Ok([self.after.behind_due(), write_state(job)?].concat())
    }
}

/// A repeat of the commit meets another holder.
fn next_holder(change: &Guarded<'_>, before: &Hold) -> Vec<u8> {
    [&change.token, before.holder.get(8..).unwrap_or_default()].concat()
}

/// What many commits have in common.
fn shape(commit: &Commit, change: &Guarded<'_>, before: &Header, after: &Header) -> Vec<u8> {
    let (next, lasts) = (&change.change, change.lasts());
    let listed = |stored| StoredJob { listed: true, ..stored };
    let was = listed(StoredJob::as_leased(&commit.lease));
    let lease_until = (lasts != ENDS).then_some(Timestamp::from_millis(i64::MAX));
    let becomes = listed(StoredJob { job: &next.job, lease_until, ..StoredJob::as_leased(&commit.lease) });
    let delta = LedgerDelta::between(Some(&was), Some(&becomes));
    let mut packer = Packer::new();
    packer.list(11).count(after.batch).int(after.account).flag(change.guard == Guard::Send).int(after.queue).int(lasts);
    pack_sums(&mut packer, &delta);
    packer.list(2 * delta.days.len());
    for (day, amount) in &delta.days {
        packer.int(*day).int(*amount);
    }
    packer.flag(delta.ends).flag(lasts != ENDS && matches!(next.job.stage, Stage::Fetching { .. }));
    packer.flag(before.queue == FOLLOWED);
    packer.finish()
}

/// What the change adds to the sums of its batch and of its account, as far as it adds anything.
fn pack_sums(packer: &mut Packer, delta: &LedgerDelta) {
    let (batch, account) = (&delta.batch, &delta.account);
    let counts =
        delta.counts().map(|(key, by)| (format!("c:{}:{}", i64::from(key.listed), facts::status(key.status)), by));
    let named = |sums: &[(&str, i64)]| sums.iter().map(|(name, by)| ((*name).to_owned(), *by)).collect::<Vec<_>>();
    let of_batch = named(&[
        ("spent", batch.spent),
        ("reserved", batch.reserved),
        ("claimed", batch.claimed),
        ("to_spend", batch.to_spend),
        ("unpriced", batch.unpriced),
        ("orphans", batch.orphans),
        ("overdue", batch.overdue),
        ("held", batch.held),
    ]);
    let of_account = named(&[
        ("in_flight", account.in_flight),
        ("spent", account.spent),
        ("reserved", account.reserved),
        ("claimed", account.claimed),
    ]);
    for sums in [of_batch.into_iter().chain(counts).collect(), of_account] {
        let moved: Vec<(String, i64)> = sums.into_iter().filter(|(_, by)| *by != 0).collect();
        packer.list(2 * moved.len());
        for (name, by) in moved {
            packer.text(&name).int(by);
        }
    }
}

/// The packed arguments, and the states that stand beside them.
fn pack<'a>(worker: &WorkerId, settled: impl Iterator<Item = &'a Settling<'a>>) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let (mut shapes, mut jobs, mut states): (Vec<&[u8]>, _, _) = (Vec::new(), Packer::new(), Vec::new());
    for settling in settled {
        let known = shapes.iter().position(|shape| *shape == settling.shape);
        let number = known.unwrap_or_else(|| {
            shapes.push(&settling.shape);
            shapes.len() - 1
        });
        states.push(settling.pack(&mut jobs, number + 1)?);
    }
    let mut packer = Packer::new();
    packer.list(3).text(worker.as_str()).list(shapes.len());
    for shape in shapes {
        packer.raw(shape);
    }
    Ok((packer.list(8 * states.len()).raw(&jobs.finish()).finish(), states))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reelq_store::rules::bounds;

    #[test]
    fn scripts_and_rules_mean_the_same_queue_and_end_of_followed_tasks() {
        let keys = include_str!("scripts/job_keys.lua");
        assert!(keys.contains(&format!("UNTIL = {}", bounds::FOLLOWED.millis())));
        assert!(keys.contains(&format!("TO_WITHDRAW, FOLLOWED = 0, 1, 2, 3, 4, 5, 6, 7, {FOLLOWED}\n")));
    }
}
