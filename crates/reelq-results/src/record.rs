//! One line of a result manifest.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{Digest, FailureKind, Fields, Money, Status, Timestamp};
use serde_json::{Value, value::RawValue};

/// The columns of a result manifest, in their order; passed-through ones follow.
pub const COLUMNS: [&str; 28] = [
    "row",
    "id",
    "job",
    "copy",
    "status",
    "account",
    "provider",
    "model",
    "mode",
    "prompt",
    "params",
    "submissions",
    "remote_task",
    "cost_usd",
    "queued_at",
    "submitted_at",
    "finished_at",
    "stored_at",
    "run_s",
    "polls",
    "file",
    "bytes",
    "sha256",
    "source_url",
    "expires_at",
    "error_kind",
    "error_message",
    "note",
];

/// One line of a result manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRecord {
    /// The row of the manifest, from 1.
    pub row: u64,
    /// The row's own id.
    pub id: Option<String>,
    /// The job's identity.
    pub job: String,
    /// The copy, from 1.
    pub copy: u32,
    /// Where the job stands; `None` where its record cannot be read, and nothing beside it says so.
    pub status: Option<Status>,
    /// The account that bought it.
    pub account: String,
    /// The provider behind the account.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The mode.
    pub mode: String,
    /// The prompt, empty where the request has none.
    pub prompt: String,
    /// The other request fields.
    pub params: Fields,
    /// Submissions so far; `None` where its record cannot be read.
    pub submissions: Option<u32>,
    /// The provider's task.
    pub remote_task: Option<String>,
    /// What it cost; `None` where that is unknown.
    pub cost_usd: Option<Money>,
    /// When it was enqueued.
    pub queued_at: Option<Timestamp>,
    /// When its last submission was accepted.
    pub submitted_at: Option<Timestamp>,
    /// When the provider's end of it was noticed.
    pub finished_at: Option<Timestamp>,
    /// When its output was in place.
    pub stored_at: Option<Timestamp>,
    /// From acceptance to the provider's end.
    pub run: Option<Duration>,
    /// Status requests answered; `None` where its record cannot be read.
    pub polls: Option<u32>,
    /// The output, relative to the output place.
    pub file: Option<String>,
    /// Its length.
    pub bytes: Option<u64>,
    /// Its digest.
    pub sha256: Option<Digest>,
    /// Where it came from.
    pub source_url: Option<String>,
    /// When that link dies.
    pub expires_at: Option<Timestamp>,
    /// What kind of failure ended it.
    pub error_kind: Option<FailureKind>,
    /// The failure's message.
    pub error_message: Option<String>,
    /// What else there is to know: what it waits for, further outputs, a task that it shares with another row.
    pub note: Option<String>,
    /// Its record cannot be read: what would be in it is empty. No column, for the message says it.
    pub is_unreadable: bool,
    /// What the row carried through.
    pub passthrough: BTreeMap<String, String>,
}

/// One cell: a text, a number by its digits, an object, or nothing.
pub(super) enum Cell {
    Text(String),
    Number(String),
    Object(Value),
    Nothing,
}

impl Cell {
    fn text(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Nothing, |value| Self::Text(value.to_string()))
    }

    /// Always with milliseconds, also where they are zero.
    fn time(value: Option<Timestamp>) -> Self {
        value.map_or(Self::Nothing, |time| Self::Text(time.with_millis()))
    }

    fn number(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Nothing, |value| Self::Number(value.to_string()))
    }

    /// As it stands in CSV.
    pub(super) fn plain(self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Object(value) => value.to_string(),
            Self::Nothing => String::new(),
        }
    }

    /// The same, but a text that a spreadsheet would take for a formula stands behind an apostrophe.
    pub(super) fn inert(self) -> String {
        match self {
            Self::Text(text) => inert(text),
            other => other.plain(),
        }
    }

    /// As it stands in JSON; numbers keep their digits, so that money never is a float.
    pub(super) fn json(self) -> Result<Box<RawValue>, serde_json::Error> {
        match self {
            Self::Text(text) => serde_json::value::to_raw_value(&text),
            Self::Number(digits) => RawValue::from_string(digits),
            Self::Object(value) => serde_json::value::to_raw_value(&value),
            Self::Nothing => serde_json::value::to_raw_value(&()),
        }
    }
}

/// Spreadsheets run what begins with one of these, some in their full-width forms too, some behind blanks.
pub(super) fn inert(text: String) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    const BLANK: [char; 3] = ['\t', '\r', '\n'];
    let runs = text.starts_with(BLANK) || text.trim_start().starts_with(FORMULA);
    if runs { format!("'{text}") } else { text }
}

impl ResultRecord {
    /// The cells in the order of [`COLUMNS`].
    pub(super) fn cells(&self) -> [Cell; 28] {
        [
            Cell::number(Some(self.row)),
            Cell::text(self.id.as_ref()),
            Cell::text(Some(&self.job)),
            Cell::number(Some(self.copy)),
            Cell::text(self.status),
            Cell::text(Some(&self.account)),
            Cell::text(Some(&self.provider)),
            Cell::text(Some(&self.model)),
            Cell::text(Some(&self.mode)),
            Cell::text(Some(&self.prompt)),
            Cell::Object(Value::Object(self.params.clone())),
            Cell::number(self.submissions),
            Cell::text(self.remote_task.as_ref()),
            Cell::number(self.cost_usd),
            Cell::time(self.queued_at),
            Cell::time(self.submitted_at),
            Cell::time(self.finished_at),
            Cell::time(self.stored_at),
            Cell::number(self.run.map(seconds)),
            Cell::number(self.polls),
            Cell::text(self.file.as_ref()),
            Cell::number(self.bytes),
            Cell::text(self.sha256),
            Cell::text(self.source_url.as_ref()),
            Cell::time(self.expires_at),
            Cell::text(self.error_kind),
            Cell::text(self.error_message.as_ref()),
            Cell::text(self.note.as_ref()),
        ]
    }
}

fn seconds(run: Duration) -> String {
    format!("{}.{:03}", run.as_secs(), run.subsec_millis())
}
