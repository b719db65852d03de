//! The head of a job's state: when it is due, its queue, and packed behind them what scripts need to know of it.
//! `scripts/record.lua` and `save.lua` read and write the same.

use reelq_model::{Status, Timestamp};

use super::{
    asked::{Asked, FORMAT, Kind, other_record},
    codec::{Packer, Unpacker},
    facts::{self, Facts},
    history,
};
use reelq_store::{Error, Result, rules::bounds, rules::queue::Queue};

/// How many entries the head has; those past the price are left out from the end where they say nothing.
const FIELDS: usize = 18;
const FIELDS_MIN: usize = 12;
/// The digits of a due time, and with them that of the queue.
const DUE: usize = 15;
const BEFORE: usize = DUE + 1;

/// One head. Numbers are as they stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The lease of whoever has the job in hand has the next one.
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
    /// Tells who changed it last.
    pub token: Vec<u8>,
    /// Its entries, packed one behind the other.
    pub history: Vec<u8>,
    pub facts: Facts,
}

impl Header {
    /// Reads a state's head; what follows it is the job.
    pub(super) fn read(state: &[u8]) -> Result<(Self, &[u8])> {
        let (front, packed) = state.split_at_checked(BEFORE).ok_or_else(|| Error::broken("a record is cut short"))?;
        let front = std::str::from_utf8(front).map_err(|_| Error::broken("a due time is no number"))?;
        let number = |text: &str| text.parse::<i64>().map_err(|_| Error::broken("a due time is no number"));
        let (due, queue) = (number(&front[..DUE])?, number(&front[DUE..])?);
        let mut unpacker = Unpacker::new(packed);
        let length = unpacker.list()?;
        let format = unpacker.int()?;
        if format != FORMAT || !(FIELDS_MIN..=FIELDS).contains(&length) {
            return Err(other_record(format));
        }
        let mut header = Self { queue, due, ..Self::read_first(&mut unpacker)? };
        let mut more = |at| if length > at { unpacker.int() } else { Ok(0) };
        header.facts.spent = more(12)?;
        header.facts.reserved = more(13)?;
        header.facts.deadline = more(14)?;
        if length > 15 {
            header.token = unpacker.bytes()?.to_vec();
        }
        if length > 16 {
            header.facts.days = unpacker.each(Unpacker::int)?;
        }
        if length > 17 {
            header.history = unpacker.bytes()?.to_vec();
        }
        Ok((header, unpacker.rest()))
    }

    /// Those that are always there.
    fn read_first(unpacker: &mut Unpacker<'_>) -> Result<Self> {
        let (version, batch, account) = (unpacker.count()?, unpacker.count()?, unpacker.int()?);
        let (load, seq, position) = (unpacker.count()?, unpacker.count()?, unpacker.count()?);
        let (status, flags, cancel) = (unpacker.int()?, unpacker.int()?, unpacker.int()?);
        let (priority, price) = (unpacker.int()?, unpacker.int()?);
        let facts = Facts { status, flags, price, ..Facts::default() };
        let (queue, due, token, history) = (0, 0, Vec::new(), Vec::new());
        Ok(Self { version, batch, account, load, seq, position, queue, cancel, priority, due, token, history, facts })
    }

    /// That of a job which no one has changed since it was loaded.
    pub(super) fn as_loaded(asked: &Asked<'_>, kind: &Kind, account: i64) -> Self {
        let flags = if kind.price.is_none() { facts::UNPRICED } else { 0 };
        Self {
            version: 1,
            batch: asked.batch,
            account,
            load: asked.load,
            seq: asked.seq,
            position: asked.position,
            queue: Queue::Ready.code(),
            cancel: 0,
            priority: i64::from(kind.priority),
            due: asked.queued_at.millis(),
            token: Vec::new(),
            history: Vec::new(),
            facts: Facts { flags, price: bounds::price(kind.price), ..Facts::default() },
        }
    }

    /// Its bytes from behind the due time, which a script puts there.
    pub(super) fn behind_due(&self) -> Vec<u8> {
        let Facts { status, flags, price, spent, reserved, deadline, days } = &self.facts;
        let length = self.length();
        let mut packer = Packer::new();
        packer.raw(self.queue.to_string().as_bytes()).list(length).int(FORMAT).count(self.version).count(self.batch);
        packer.int(self.account).count(self.load).count(self.seq).count(self.position).int(*status).int(*flags);
        packer.int(self.cancel).int(self.priority).int(*price);
        for figure in [*spent, *reserved, *deadline].into_iter().take(length - FIELDS_MIN) {
            packer.int(figure);
        }
        if length > 15 {
            packer.bytes(&self.token);
        }
        if length > 16 {
            packer.list(days.len());
            for entry in days {
                packer.int(*entry);
            }
        }
        if length > 17 {
            packer.bytes(&self.history);
        }
        packer.finish()
    }

    /// All of its bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [format!("{:015}", self.due.max(0)).into_bytes(), self.behind_due()].concat()
    }

    /// How many entries say something, or stand before one that does.
    fn length(&self) -> usize {
        let Facts { spent, reserved, deadline, days, .. } = &self.facts;
        let says = [
            *spent != 0,
            *reserved != 0,
            *deadline != 0,
            !self.token.is_empty(),
            !days.is_empty(),
            !self.history.is_empty(),
        ];
        FIELDS_MIN + says.iter().rposition(|says| *says).map_or(0, |at| at + 1)
    }

    /// Whether its worker is to cancel the job.
    pub(super) const fn cancel_is_requested(&self) -> bool {
        self.cancel == 1 || (self.cancel != 0 && self.facts.status == 0)
    }

    /// Notes what happened.
    pub(super) fn note(&mut self, entry: &[u8]) {
        history::append(&mut self.history, entry);
    }

    /// Where a job stands, as far as its head tells.
    pub(super) fn status(&self) -> Option<Status> {
        facts::read_status(self.facts.status).ok()
    }
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
        let bytes = || prop::collection::vec(any::<u8>(), 0..9);
        let rest = (bytes(), bytes(), prop::collection::vec(0..9_i64, 0..3));
        (numbers, figures, rest).prop_map(|(numbers, figures, (token, history, days))| {
            let (version, small, queue, cancel, priority, due) = numbers;
            let (status, flags, price, spent, reserved, deadline) = figures;
            let facts = Facts { status, flags, price, spent: spent * 300, reserved, deadline, days };
            let (batch, account, load, seq, position) = (small, 3, small * 7, version, small);
            Header { version, batch, account, load, seq, position, queue, cancel, priority, due, token, history, facts }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(header in header()) {
            let bytes = [header.bytes(), b"{}".to_vec()].concat();
            let (read, rest) = Header::read(&bytes).unwrap();
            prop_assert_eq!(read, header);
            prop_assert_eq!(rest, b"{}");
        }
    }

    #[test]
    fn entries_that_say_nothing_are_left_out_from_the_end_as_scripts_leave_them_out() {
        let waits = b"0000000001000002\x9c\x02\x01\x02\x03\x04\x05\x06\x00\x01\x00\x00\x00";
        let held = b"0000000000001009\xdc\x00\x12\x02\x02\x02\x03\x04\x05\x06\x03\x03\x01\x00\xff\x07\x08\x09\xa1t\x92\x01\x02\xa1h";
        let held = [&held[..15], b"4", &held[16..]].concat();
        for bytes in [&waits[..], &held[..]] {
            let (header, _) = Header::read(bytes).unwrap();
            assert_eq!(header.bytes(), bytes, "{header:?}");
        }
    }
}
