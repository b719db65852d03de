//! A record's header: what scripts need to know of a job, packed in front of it. `scripts/record.lua` reads and writes the same.

use reelq_model::{Timestamp, WorkerId};

use super::{codec::Unpacker, facts::Facts};
use reelq_store::{Error, Result};

/// The newest format that this version reads.
pub(super) const FORMAT: i64 = 1;

/// How many entries the header has; those past the due time are left out from the end where they say nothing.
const FIELDS: usize = 21;
pub(super) const FIELDS_MIN: usize = 14;

/// Stands for a due time that is the job's own `queued_at`.
pub(super) const SINCE_QUEUED: i64 = 1;

/// One header. Numbers are as they stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub version: u64,
    /// Stands for the batch; later ones have higher numbers.
    pub batch: u64,
    /// Stands for the account.
    pub account: i64,
    /// The load that brought it.
    pub load: u64,
    /// Its age among all jobs of the namespace.
    pub seq: u64,
    /// Where its line stands in the batch's manifest, from 1; 0 where it has none.
    pub position: u64,
    pub queue: i64,
    pub cancel: i64,
    pub priority: i64,
    pub due: i64,
    pub lease_until: i64,
    pub worker: String,
    /// Tells who changed it last.
    pub token: Vec<u8>,
    pub facts: Facts,
}

impl Header {
    /// Reads a record's header; what follows it is the job.
    pub(super) fn read<'a>(unpacker: &mut Unpacker<'a>) -> Result<(Self, &'a [u8])> {
        let length = unpacker.list()?;
        let format = unpacker.int()?;
        if format != FORMAT || !(FIELDS_MIN..=FIELDS).contains(&length) {
            let found = u32::try_from(format).unwrap_or(u32::MAX);
            return Err(Error::Format { found, supported: u32::try_from(FORMAT).unwrap_or(0) });
        }
        let mut header = Self::read_first(unpacker)?;
        let mut more = |at| if length > at { unpacker.int() } else { Ok(0) };
        header.facts.spent = more(14)?;
        header.facts.reserved = more(15)?;
        header.facts.deadline = more(16)?;
        header.lease_until = more(17)?;
        if length > 18 {
            unpacker.text()?.clone_into(&mut header.worker);
        }
        if length > 19 {
            header.token = unpacker.bytes()?.to_vec();
        }
        if length > 20 {
            header.facts.days = unpacker.each(Unpacker::int)?;
        }
        Ok((header, unpacker.rest()))
    }

    /// Those that are always there.
    fn read_first(unpacker: &mut Unpacker<'_>) -> Result<Self> {
        let (version, batch, account) = (unpacker.count()?, unpacker.count()?, unpacker.int()?);
        let (load, seq, position) = (unpacker.count()?, unpacker.count()?, unpacker.count()?);
        let (status, queue, flags, cancel) = (unpacker.int()?, unpacker.int()?, unpacker.int()?, unpacker.int()?);
        let (priority, price, due) = (unpacker.int()?, unpacker.int()?, unpacker.int()?);
        let facts = Facts { status, flags, price, ..Facts::default() };
        let (lease_until, worker, token) = (0, String::new(), Vec::new());
        Ok(Self {
            version,
            batch,
            account,
            load,
            seq,
            position,
            queue,
            cancel,
            priority,
            due,
            lease_until,
            worker,
            token,
            facts,
        })
    }

    /// Who holds it.
    pub(super) fn worker(&self) -> Option<WorkerId> {
        WorkerId::new(&self.worker).ok()
    }
}

/// Times are milliseconds; 0 stands for none.
pub(super) fn time(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}
