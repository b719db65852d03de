//! Changes of jobs by compare-and-set: worked out here, judged and done by `change.lua`.

use std::{sync::Arc, time::Duration};

use reelq_model::{Digest, JobId, Timestamp, Wake, WorkerId};

use super::{
    caller::{Caller, Reply},
    codec::{Packer, Unpacker},
    facts, lines,
    record::{Record, write_state},
    scripts, twins,
};
use reelq_store::{
    Error, Line, Result,
    transition::{Change, LeaseStep, StoredJob},
};

script!(
    CHANGE,
    "change",
    ["job_keys", "record", "line", "writes", "later", "save", "books", "queues", "leases", "tasks", "full"]
);

/// What must hold for a change to be done. The numbers are the script's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The lease of the version holds.
    Held = 0,
    /// The record has the version and is leased to no one.
    Free = 1,
    /// The record has the version.
    At = 2,
    /// The lease of the version holds, and no one wants the job cancelled.
    Send = 3,
    /// There is no such record, and its parent has the version.
    New = 4,
}

/// One change, complete, and what must hold for it to be done.
#[derive(Debug, Clone)]
pub(super) struct Guarded<'a> {
    pub guard: Guard,
    /// The version that it was worked out from; of the parent, where the record is new.
    pub version: u64,
    /// Tells a repeat of this change from another one.
    pub token: Token,
    pub change: Change<'a>,
    /// When the job is due.
    pub wake: Wake,
    pub parent: Option<JobId>,
}

/// In place of how long a lease is kept: it ends, or the task stays with its worker. The numbers are the scripts'.
pub(super) const ENDS: i64 = 0;
const FOLLOWS: i64 = -1;

/// The mark of a change.
pub(super) type Token = [u8; 8];

/// The mark of a change, which `parts` make another one than all others.
pub(super) fn token(parts: &[&[u8]]) -> Token {
    let mut all = Vec::new();
    for part in parts {
        all.extend_from_slice(&part.len().to_be_bytes());
        all.extend_from_slice(part);
    }
    let mut token = Token::default();
    token.copy_from_slice(&Digest::of(&all).as_bytes()[..8]);
    token
}

impl<'a> Guarded<'a> {
    /// The change, as it was worked out at `now` from a job that stands so.
    pub(super) fn new(guard: Guard, stored: &StoredJob<'_>, change: Change<'a>, token: Token, now: Timestamp) -> Self {
        let as_it_was = || stored.due.map_or(Wake::Never, |due| Wake::After(due.since(now)));
        let wake = change.wake.unwrap_or_else(as_it_was);
        Self { guard, version: stored.version, token, wake, parent: None, change }
    }

    /// For how many milliseconds the lease is kept, as scripts take it.
    pub(super) fn lasts(&self) -> i64 {
        match self.change.lease {
            LeaseStep::Lasts(lasts) => millis(lasts),
            LeaseStep::Follows => FOLLOWS,
            LeaseStep::Ends | LeaseStep::Untouched => ENDS,
        }
    }

    fn pack(&self, packer: &mut Packer) -> Result<()> {
        let Change { job, parked, dropped, history, .. } = &self.change;
        packer.list(12).bytes(job.id.as_bytes()).int(self.guard as i64).count(self.version).bytes(&self.token);
        facts::write(packer, job, *parked);
        packer.bytes(&write_state(job)?).int(wake(self.wake)).int(self.lasts()).int(dropped.code());
        match history.first() {
            None => packer.flag(false),
            Some(note) => packer
                .list(3)
                .text(note.event)
                .text(note.worker.as_deref().map_or("", WorkerId::as_str))
                .text(&note.reason),
        };
        packer.bytes(self.parent.as_ref().map_or(&[], |id| id.as_bytes()));
        let charges = if job.shares_task_with.is_none() { job.charges.as_slice() } else { &[] };
        packer.list(charges.len());
        for charge in charges {
            packer.text(charge.task.as_str());
        }
        Ok(())
    }
}

fn wake(wake: Wake) -> i64 {
    match wake {
        Wake::Now => 0,
        Wake::After(wait) => millis(wait),
        Wake::Never => -1,
    }
}

/// Whole milliseconds as scripts take them: never so many that a time that far ahead is past the year 9999.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(1 << 46)
}

/// What came of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Done {
        version: u64,
        cancel_requested: bool,
        in_hand: bool,
        /// Another job of the account that is charged for the same task; its record says so from now on.
        twin: Option<JobId>,
        /// What goes with the lease, where one was kept.
        line: Option<Arc<Line>>,
    },
    /// The guard did not hold: nothing was changed.
    Stale,
    /// The job is to be withdrawn instead of sent.
    Unwanted,
    /// The job's batch is being purged: nothing was changed.
    Purging,
}

/// What came of changes that went together.
#[derive(Debug)]
pub(super) struct Answers {
    pub now: Timestamp,
    /// One a change, in order.
    pub each: Vec<Answer>,
    /// Jobs that wait to be withdrawn.
    pub withdrawn: Vec<JobId>,
}

/// Does changes, in one step.
pub(super) async fn apply(caller: &Caller, changes: &[&Guarded<'_>]) -> Result<Answers> {
    let mut packer = Packer::new();
    packer.list(changes.len());
    for change in changes {
        change.pack(&mut packer)?;
    }
    let arguments = packer.finish();
    // A request may leave as soon as its intent is answered: that one alone is worth the wait for the disk.
    let reply = if changes.iter().any(|change| change.guard == Guard::Send) {
        caller.call_durable(&CHANGE, &arguments).await?
    } else {
        caller.call(&CHANGE, &arguments).await?
    };
    let mut unpacker = reply.unpack();
    let each = unpacker.each(read_answer)?;
    twins::report(caller, changes, &each).await?;
    Ok(Answers { now: reply.now, each, withdrawn: unpacker.each(read_id)? })
}

fn read_answer(unpacker: &mut Unpacker<'_>) -> Result<Answer> {
    unpacker.list()?;
    let (word, version) = (unpacker.int()?, unpacker.count()?);
    let (cancel_requested, in_hand) = (unpacker.flag()?, unpacker.flag()?);
    let twin = unpacker.bytes()?.try_into().ok().map(JobId::from_bytes);
    let line = lines::leased_line(unpacker.bytes()?);
    Ok(match word {
        0 => Answer::Done { version, cancel_requested, in_hand, twin, line },
        1 => Answer::Stale,
        2 => Answer::Unwanted,
        3 => Answer::Purging,
        other => return Err(Error::broken(format!("`{other}` is no answer to a change"))),
    })
}

pub(super) fn read_id(unpacker: &mut Unpacker<'_>) -> Result<JobId> {
    let bytes = unpacker.bytes()?;
    bytes.try_into().map(JobId::from_bytes).map_err(|_| Error::broken("a job id does not have 16 bytes"))
}

/// Packs a list of ids.
pub(super) fn pack_ids(ids: &[JobId]) -> Vec<u8> {
    let mut packer = Packer::new();
    packer.list(ids.len());
    for id in ids {
        packer.bytes(id.as_bytes());
    }
    packer.finish()
}

/// Reads records, one answer an id, with the packed lines of those that have one.
pub(super) async fn read(caller: &Caller, ids: &[JobId]) -> Result<Vec<Option<(Record, Vec<u8>)>>> {
    read_each(caller, ids).await?.into_iter().map(Option::transpose).collect()
}

/// The same, where one that cannot be read is no reason to do without the others.
pub(super) async fn read_each(caller: &Caller, ids: &[JobId]) -> Result<Vec<Option<Result<(Record, Vec<u8>)>>>> {
    let reply: Reply = caller.call(&scripts::READ, &pack_ids(ids)).await?;
    let mut ids = ids.iter();
    reply.unpack().each(|unpacker| {
        unpacker.list()?;
        let (id, record, line) = (ids.next(), unpacker.bytes()?, unpacker.bytes()?);
        let id = id.filter(|_| !record.is_empty());
        Ok(id.map(|id| Record::of(*id, record).map(|record| (record, line.to_vec()))))
    })
}
