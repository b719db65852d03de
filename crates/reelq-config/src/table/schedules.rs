//! The keys of `[[schedules]]`.

use super::{
    defaults::KeyDefault::{Required, Text, Words},
    key::{ConfigKey, key},
};
use crate::{kind::ValueKind, range::Spans};

const S: &str = "schedules";

/// `[[schedules]]`.
pub(super) const SCHEDULE: &[ConfigKey] = &[
    key(
        &[S, "*", "name"],
        ValueKind::Schedule,
        Required,
        "at most 80 of letters, digits and `. _ - +`; ticks' batches are named after it",
    ),
    key(
        &[S, "*", "cron"],
        ValueKind::Cron,
        Required,
        "five fields, or six with seconds in front; also `@daily` and its like",
    ),
    key(&[S, "*", "timezone"], ValueKind::Zone, Text("UTC"), "an IANA name such as `Europe/Berlin`"),
    key(&[S, "*", "manifest"], ValueKind::Text, Required, "relative to this configuration file"),
    key(
        &[S, "*", "overlap"],
        ValueKind::Choice(&["skip", "queue"]),
        Text("skip"),
        "a tick while an earlier batch is outstanding",
    ),
    key(&[S, "*", "catch_up"], ValueKind::Choice(&["latest", "none"]), Text("latest"), "ticks that were missed"),
    key(&[S, "*", "jitter"], ValueKind::Span(Spans::ANY), Words(""), "put each tick off by up to so much"),
    key(&[S, "*", "budget_usd"], ValueKind::Dollars, Words("the manifest's"), "of each tick's batch"),
    key(&[S, "*", "account"], ValueKind::Account, Words(""), "of rows that name none"),
    key(
        &[S, "*", "output"],
        ValueKind::Text,
        Words("the manifest's, else `out/NAME`"),
        "the place below which each tick has its folder",
    ),
];
