//! The written form: one line an entry, a checksum before its JSON. Fields are added with a default, never reused. Format 1 had
//! no word of the store's life, and named the store by its address.

use std::time::Duration;

use reelq_model::{Acceptance, Digest, JobId, Submission, Timestamp};
use serde::{Deserialize, Serialize};

use reelq_store::Stake;

/// The format that this version writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 2;
/// Hex digits of the checksum.
const CHECK: usize = 16;

/// What happened to a submission, as this process knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub(super) enum Entry {
    /// Its request is about to leave; synced before the store is asked.
    Sending { submission: Submission },
    /// The store has its intent: the request may leave from here on.
    Left { number: u32 },
    /// Nothing was bought by it, and nothing will be.
    Closed { number: u32 },
    /// The provider's yes; synced before the store is told. Written once more when the task is over, with what it cost then.
    Accepted {
        acceptance: Acceptance,
        first_poll_ms: u64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        over: bool,
    },
}

impl Entry {
    /// A task that the vendor accepted and that is not over.
    pub(super) fn accepted(acceptance: &Acceptance, first_poll: Duration) -> Self {
        let first_poll_ms = u64::try_from(first_poll.as_millis()).unwrap_or(u64::MAX);
        Self::Accepted { acceptance: acceptance.clone(), first_poll_ms, over: false }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) job: JobId,
    /// When it was written, by this machine's clock.
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) entry: Entry,
    /// Whose money it is; lines of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stake: Option<Stake>,
    /// The life of the store that it belongs to; empty where the store has none, and in lines of format 1.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) identity: String,
    /// The highest count that the process was told when it wrote the line.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) told: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The first line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) reelq_journal: u32,
    /// The namespace; in format 1 the address and the namespace.
    pub(super) store: String,
    pub(super) worker: String,
}

impl Header {
    pub(super) fn new(store: &str, worker: &str) -> Self {
        Self { reelq_journal: FORMAT, store: store.to_owned(), worker: worker.to_owned() }
    }
}

/// What a file, or several, held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) lines: Vec<Line>,
    /// Lines that are not what was written: the disk changed them.
    pub(super) damaged: usize,
    /// A format that only a newer version reads.
    pub(super) newer: Option<u32>,
    /// The store that a header names, with the header's format.
    pub(super) store: Option<(u32, String)>,
}

impl Contents {
    pub(super) fn add(&mut self, other: Self) {
        self.lines.extend(other.lines);
        self.damaged += other.damaged;
        self.newer = self.newer.max(other.newer);
        self.store = self.store.take().or(other.store);
    }
}

/// Writes a line or a header.
pub(super) fn encode(what: &impl Serialize) -> Vec<u8> {
    // Nothing in these types can fail to be written as JSON; an empty line would be read as damage, and told.
    let json = serde_json::to_vec(what).unwrap_or_default();
    let mut line = check(&json).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    line
}

pub(super) fn encode_all(lines: &[Line]) -> Vec<u8> {
    lines.iter().flat_map(encode).collect()
}

fn check(json: &[u8]) -> String {
    let mut digits = Digest::of(json).to_string();
    digits.truncate(CHECK);
    digits
}

/// Reads a file's bytes. What follows the last line break was never answered, and is passed over.
pub(super) fn decode(bytes: &[u8]) -> Contents {
    let mut contents = Contents::default();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    for line in bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        read(line, &mut contents);
    }
    contents
}

fn read(line: &[u8], contents: &mut Contents) {
    let json = line.split_at_checked(CHECK + 1).filter(|(sum, json)| check(json).as_bytes() == &sum[..CHECK]);
    let Some((_, json)) = json else {
        contents.damaged += 1;
        return;
    };
    if let Ok(line) = serde_json::from_slice::<Line>(json) {
        contents.lines.push(line);
    } else if let Ok(header) = serde_json::from_slice::<Header>(json) {
        contents.newer = contents.newer.max(Some(header.reelq_journal).filter(|format| *format > FORMAT));
        contents.store.get_or_insert((header.reelq_journal, header.store));
    } else {
        contents.damaged += 1;
    }
}
