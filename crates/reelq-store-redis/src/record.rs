//! A job's record as clients read it: what was asked for, its state, and the lease of whoever has it in hand.

use reelq_model::{Job, JobId, Status, Timestamp, WorkerId};

use super::{
    asked::{Asked, Kind},
    codec::Unpacker,
    facts,
    header::{Header, time},
};
use reelq_store::rules::{cancel::CancelWish, state};
use reelq_store::{Error, Result, transition::StoredJob};

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub version: u64,
    /// Stands for the batch; later ones have higher numbers.
    pub batch: u64,
    /// Its age among all jobs of the namespace.
    pub seq: u64,
    /// Where its line stands in the batch's manifest, from 1; 0 where it has none.
    pub position: u64,
    pub cancel: CancelWish,
    pub parked: bool,
    pub bought: bool,
    pub due: Option<Timestamp>,
    pub lease_until: Option<Timestamp>,
    pub worker: Option<WorkerId>,
    /// Tells who changed it last.
    pub token: Vec<u8>,
    pub job: Job,
}

/// A record as scripts answer it.
struct Answered<'a> {
    id: JobId,
    lease_until: i64,
    worker: &'a str,
    state: &'a [u8],
    asked: &'a [u8],
    kind: &'a [u8],
}

impl<'a> Answered<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        Self::take(&mut Unpacker::new(bytes))
    }

    fn take(unpacker: &mut Unpacker<'a>) -> Result<Self> {
        unpacker.list()?;
        let id = unpacker.bytes()?.try_into().map(JobId::from_bytes);
        Ok(Self {
            id: id.map_err(|_| Error::broken("a job id does not have 16 bytes"))?,
            lease_until: unpacker.int()?,
            worker: unpacker.text()?,
            state: unpacker.bytes()?,
            asked: unpacker.bytes()?,
            kind: unpacker.bytes()?,
        })
    }

    fn held(&self) -> u64 {
        u64::from(self.lease_until != 0)
    }
}

/// The bytes of a record in an answer, in which it is packed by itself or not.
pub(super) fn bytes<'a>(unpacker: &mut Unpacker<'a>) -> Result<&'a [u8]> {
    let from = unpacker.rest();
    if unpacker.clone().list().is_err() {
        return unpacker.bytes();
    }
    Answered::take(unpacker)?;
    Ok(from.get(..from.len() - unpacker.rest().len()).unwrap_or_default())
}

impl Record {
    /// The record of this job; one that cannot be read is that job's fault alone.
    pub(super) fn of(job: JobId, bytes: &[u8]) -> Result<Self> {
        Self::read(bytes).map_err(|error| Error::Unreadable { job, reason: error.to_string() })
    }

    /// The version in a record of which the job itself cannot be read.
    pub(super) fn version_of(bytes: &[u8]) -> Option<u64> {
        let answered = Answered::read(bytes).ok()?;
        if answered.state.is_empty() {
            return Asked::read(answered.asked).is_ok().then_some(1 + answered.held());
        }
        Header::read(answered.state).ok().map(|(header, _)| header.version + answered.held())
    }

    /// Where a job stands that itself cannot be read.
    pub(super) fn status_of(bytes: &[u8]) -> Option<Status> {
        let answered = Answered::read(bytes).ok()?;
        Header::read(answered.state).ok().and_then(|(header, _)| header.status())
    }

    /// Reads a record as scripts answer it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let answered = Answered::read(bytes)?;
        let (asked, kind) = (Asked::read(answered.asked)?, Kind::read(answered.kind)?);
        let (header, job) = if answered.state.is_empty() {
            (Header::as_loaded(&asked, &kind, 0), asked.job(answered.id, &kind)?)
        } else {
            let (header, state) = Header::read(answered.state)?;
            (header, read_job(answered.id, &asked, &kind, state)?)
        };
        Ok(Self {
            version: header.version + answered.held(),
            batch: header.batch,
            seq: header.seq,
            position: header.position,
            cancel: CancelWish::from_code(header.cancel),
            parked: header.facts.flags & facts::PARKED != 0,
            bought: header.facts.flags & facts::BOUGHT != 0,
            due: time(header.due),
            lease_until: time(answered.lease_until),
            worker: WorkerId::new(answered.worker).ok(),
            token: header.token,
            job,
        })
    }

    /// Whether a worker holds it.
    pub(super) const fn in_hand(&self) -> bool {
        self.lease_until.is_some()
    }

    /// What the rules need of it.
    pub(super) const fn stored(&self) -> StoredJob<'_> {
        StoredJob {
            job: &self.job,
            version: self.version,
            due: self.due,
            lease_until: self.lease_until,
            cancel: self.cancel,
            parked: self.parked,
            listed: self.position != 0,
        }
    }
}

/// A job by what was asked for and by its state.
pub(super) fn read_job(id: JobId, asked: &Asked<'_>, kind: &Kind, state: &[u8]) -> Result<Job> {
    state::read(asked.job(id, kind)?, state).map_err(|error| Error::broken(format!("a job cannot be read: {error}")))
}

/// A job's state, without what was asked for.
pub(super) fn write_state(job: &Job) -> Result<Vec<u8>> {
    let state = state::write(job).map_err(|error| Error::broken(format!("a job cannot be written: {error}")))?;
    Ok(state.into_bytes())
}
