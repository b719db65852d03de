//! A job's record as clients read it: the header that scripts keep, and the job behind it as JSON. Scripts alone write
//! records; `scripts/record.lua` names the same fields in the same order.

use reelq_model::{Job, JobId, Status, Timestamp, WorkerId};

use super::{
    codec::Unpacker,
    facts,
    header::{FIELDS_MIN, FORMAT, Header, SINCE_QUEUED, time},
};
use reelq_store::rules::{bounds, cancel::CancelWish};
use reelq_store::{Error, Result, transition::StoredJob};

/// Where in a header the status stands.
const STATUS_AT: usize = 7;

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub version: u64,
    /// Stands for the batch; later ones have higher numbers.
    pub batch: u64,
    /// The load that brought it.
    pub load: u64,
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

impl Record {
    /// The record of this job; one that cannot be read is that job's fault alone.
    pub(super) fn of(job: JobId, bytes: &[u8]) -> Result<Self> {
        Self::read(bytes).map_err(|error| Error::Unreadable { job, reason: error.to_string() })
    }

    /// The version in a record of which the job itself cannot be read.
    pub(super) fn version_of(bytes: &[u8]) -> Option<u64> {
        let mut header = Unpacker::new(bytes);
        (header.list().ok()? >= FIELDS_MIN && header.int().ok()? == FORMAT).then(|| header.count().ok())?
    }

    /// Where a job stands that itself cannot be read.
    pub(super) fn status_of(bytes: &[u8]) -> Option<Status> {
        Self::version_of(bytes)?;
        let mut header = Unpacker::new(bytes);
        header.list().ok()?;
        let mut fields = std::iter::from_fn(|| header.int().ok());
        fields.nth(STATUS_AT).and_then(|status| facts::read_status(status).ok())
    }

    /// Reads a record's bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let (header, json) = Header::read(&mut Unpacker::new(bytes))?;
        Ok(Self::new(header, read_job(json)?))
    }

    /// The record of a job with this header.
    pub(super) fn new(header: Header, job: Job) -> Self {
        let due = if header.due == SINCE_QUEUED { Some(job.queued_at) } else { time(header.due) };
        Self {
            version: header.version,
            batch: header.batch,
            load: header.load,
            seq: header.seq,
            position: header.position,
            cancel: CancelWish::from_code(header.cancel),
            parked: header.facts.flags & facts::PARKED != 0,
            bought: header.facts.flags & facts::BOUGHT != 0,
            due,
            lease_until: time(header.lease_until),
            worker: header.worker(),
            token: header.token,
            job,
        }
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

pub(super) fn read_job(json: &[u8]) -> Result<Job> {
    let job = serde_json::from_slice(json).map(bounds::sound);
    job.map_err(|error| Error::broken(format!("a job cannot be read: {error}")))
}

pub(super) fn write_job(job: &Job) -> Result<Vec<u8>> {
    serde_json::to_vec(job).map_err(|error| Error::broken(format!("a job cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = include_str!("record_job.json");

    #[test]
    fn bytes_of_format_1_stay_readable() {
        let waits = b"\x9e\x01\x01\x02\x03\x04\x05\x06\x00\x01\x00\x00\x00\xce\x00\x01\x86\xa0\xcd\x03\xe8";
        let record = Record::read(&[waits, JOB.as_bytes()].concat()).unwrap();
        assert_eq!((record.version, record.batch, record.load, record.seq, record.position), (1, 2, 4, 5, 6));
        assert_eq!((record.due, record.in_hand()), (Some(Timestamp::from_millis(1000)), false));
        let held = b"\xdc\x00\x15\x01\x02\x02\x03\x04\x05\x06\x03\x00\x03\x01\x00\xff\xcd\x03\xe8\x07\x08\x09\xcd\x07\xd0\xa2w1\xa1t\x92\x01\x02";
        let record = Record::read(&[held, JOB.as_bytes()].concat()).unwrap();
        assert_eq!((record.parked, record.bought, record.cancel), (true, true, CancelWish::ASKED));
        assert_eq!(record.lease_until, Some(Timestamp::from_millis(2000)));
        assert_eq!((record.worker.unwrap().as_str(), &record.token[..]), ("w1", &b"t"[..]));
    }

    #[test]
    fn newer_format_is_refused() {
        let newer = b"\x9e\x02\x01\x02\x03\x04\x05\x06\x00\x01\x00\x00\x00\x00\x00{}";
        assert!(matches!(Record::read(newer), Err(Error::Format { found: 2, supported: 1 })));
    }
}
