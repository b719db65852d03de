//! A job's record as clients read it: the header that scripts keep, and the job behind it as JSON. Scripts alone write
//! records; `scripts/record.lua` names the same fields in the same order.

use reelq_model::{Job, Timestamp, WorkerId};

use super::{facts, pack::Unpacker};
use crate::{Error, Result};

/// The newest format that this version reads.
pub(super) const FORMAT: i64 = 1;

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
    pub cancel: i64,
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
    /// Reads a record's bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut header = Unpacker::new(bytes);
        let length = header.list()?;
        let format = header.int()?;
        if format != FORMAT || length != 20 {
            let found = u32::try_from(format).unwrap_or(u32::MAX);
            return Err(Error::Format { found, supported: u32::try_from(FORMAT).unwrap_or(0) });
        }
        let version = header.count()?;
        let (batch, _account) = (header.count()?, header.int()?);
        let (load, seq, position) = (header.count()?, header.count()?, header.count()?);
        let (_status, _queue) = (header.int()?, header.int()?);
        let (flags, cancel) = (header.int()?, header.int()?);
        for _unused in ["priority", "price", "spent", "reserved"] {
            header.int()?;
        }
        let due = time(header.int()?);
        let _deadline = header.int()?;
        let lease_until = time(header.int()?);
        let worker = header.text()?;
        let worker = WorkerId::new(worker).ok();
        let token = header.bytes()?.to_vec();
        Ok(Self {
            version,
            batch,
            load,
            seq,
            position,
            cancel,
            parked: flags & facts::PARKED != 0,
            bought: flags & facts::BOUGHT != 0,
            due,
            lease_until,
            worker,
            token,
            job: read_job(header.rest())?,
        })
    }

    /// Whether somebody has it in hand.
    pub(super) const fn in_hand(&self) -> bool {
        self.lease_until.is_some()
    }

    /// Whether whoever has it in hand is to withdraw it.
    pub(super) fn cancel_is_requested(&self) -> bool {
        self.cancel == facts::CANCEL_ASKED || self.cancel_is_due()
    }

    /// Whether a wish to cancel it can be granted now.
    pub(super) fn cancel_is_due(&self) -> bool {
        self.cancel != facts::CANCEL_NONE && matches!(self.job.stage, reelq_model::Stage::Ready)
    }
}

/// Times are milliseconds; 0 stands for none.
fn time(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

pub(super) fn read_job(json: &[u8]) -> Result<Job> {
    serde_json::from_slice(json).map_err(|error| Error::broken(format!("a job cannot be read: {error}")))
}

pub(super) fn write_job(job: &Job) -> Result<Vec<u8>> {
    serde_json::to_vec(job).map_err(|error| Error::broken(format!("a job cannot be written: {error}")))
}
