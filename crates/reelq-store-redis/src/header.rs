//! A record's header: what scripts need to know of a job, packed in front of it. `scripts/record.lua` reads and writes the same.

use reelq_model::{Timestamp, WorkerId};

use super::{
    codec::{Packer, Unpacker},
    facts::Facts,
};
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

    /// The header's bytes, the same as scripts write, cut where its times stand: a script puts those there.
    pub(super) fn parts(&self) -> Parts {
        let Facts { status, flags, price, spent, reserved, deadline, days } = &self.facts;
        let length = self.length();
        let mut packer = Packer::new();
        packer.list(length).int(FORMAT).count(self.version).count(self.batch).int(self.account).count(self.load);
        packer.count(self.seq).count(self.position).int(*status).int(self.queue).int(*flags).int(self.cancel);
        let front = packer.int(self.priority).int(*price).finish();
        let mut figures = [*spent, *reserved, *deadline].into_iter();
        for figure in figures.by_ref().take(length.saturating_sub(14)) {
            packer.int(figure);
        }
        let middle = packer.finish();
        if length > 18 {
            packer.text(&self.worker);
        }
        if length > 19 {
            packer.bytes(&self.token);
        }
        if length > 20 {
            packer.list(days.len());
            for entry in days {
                packer.int(*entry);
            }
        }
        Parts { front, middle, back: packer.finish(), has_lease: length > 17 }
    }

    /// All of its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Parts { front, middle, back, has_lease } = self.parts();
        let due = Packer::new().int(self.due).finish();
        let lease = if has_lease { Packer::new().int(self.lease_until).finish() } else { Vec::new() };
        [front, due, middle, lease, back].concat()
    }

    /// How many entries say something, or stand before one that does.
    fn length(&self) -> usize {
        let Facts { spent, reserved, deadline, days, .. } = &self.facts;
        let says = [
            *spent != 0,
            *reserved != 0,
            *deadline != 0,
            self.lease_until != 0,
            !self.worker.is_empty(),
            !self.token.is_empty(),
            !days.is_empty(),
        ];
        FIELDS_MIN + says.iter().rposition(|says| *says).map_or(0, |at| at + 1)
    }

    /// Who holds it.
    pub(super) fn worker(&self) -> Option<WorkerId> {
        WorkerId::new(&self.worker).ok()
    }

    /// Whether the lease holds that its holder was given with this version.
    pub(super) fn is_of(&self, version: u64, worker: &WorkerId) -> bool {
        self.version == version && self.lease_until != 0 && self.worker == worker.as_str()
    }
}

/// A header in pieces: its due time belongs behind the first, the end of its lease behind the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub front: Vec<u8>,
    pub middle: Vec<u8>,
    pub back: Vec<u8>,
    /// Whether the end of its lease stands in it.
    pub has_lease: bool,
}

/// Times are milliseconds; 0 stands for none.
pub(super) fn time(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> impl Strategy<Value = Header> {
        let numbers = (0..u64::from(u32::MAX), 0..200_u64, 0..9_i64, 0..3_i64, -4..4_i64, 0..=1_i64 << 42);
        let figures = (0..9_i64, 0..32_i64, -1..1000_i64, 0..2_i64, 0..2_i64, 0..2_i64);
        let rest = (
            prop::bool::ANY,
            "[a-z]{0,3}",
            prop::collection::vec(any::<u8>(), 0..9),
            prop::collection::vec(0..9_i64, 0..3),
        );
        (numbers, figures, rest).prop_map(|(numbers, figures, (leased, worker, token, days))| {
            let (version, small, queue, cancel, priority, due) = numbers;
            let (status, flags, price, spent, reserved, deadline) = figures;
            let facts = Facts { status, flags, price, spent: spent * 300, reserved, deadline, days };
            let lease_until = if leased { due + 1 } else { 0 };
            let (batch, account, load, seq, position) = (small, 3, small * 7, version, small);
            Header {
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
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(header in header()) {
            let bytes = [header.bytes(), b"{}".to_vec()].concat();
            let (read, rest) = Header::read(&mut Unpacker::new(&bytes)).unwrap();
            prop_assert_eq!(read, header);
            prop_assert_eq!(rest, b"{}");
        }
    }

    #[test]
    fn entries_that_say_nothing_are_left_out_from_the_end_as_scripts_leave_them_out() {
        let waits = b"\x9e\x01\x01\x02\x03\x04\x05\x06\x00\x01\x00\x00\x00\xce\x00\x01\x86\xa0\xcd\x03\xe8";
        let held = b"\xdc\x00\x15\x01\x02\x02\x03\x04\x05\x06\x03\x00\x03\x01\x00\xff\xcd\x03\xe8\x07\x08\x09\xcd\x07\xd0\xa2w1\xa1t\x92\x01\x02";
        for bytes in [&waits[..], &held[..]] {
            let (header, _) = Header::read(&mut Unpacker::new(bytes)).unwrap();
            assert_eq!(header.bytes(), bytes, "{header:?}");
        }
    }
}
