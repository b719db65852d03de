//! The keys of `[[schedules]]`.

use super::{
    defaults::KeyDefault::{Required, Text, Words},
    key::{Key, key},
};
use crate::kind::{Kind, Spans};

const S: &str = "schedules";

/// `[[schedules]]`.
pub(super) const SCHEDULE: &[Key] = &[
    key(
        &[S, "*", "name"],
        Kind::Schedule,
        Required,
        "at most 80 of letters, digits and `. _ - +`; ticks' batches are named after it",
    ),
    key(
        &[S, "*", "cron"],
        Kind::Cron,
        Required,
        "five fields, or six with seconds in front; also `@daily` and its like",
    ),
    key(&[S, "*", "timezone"], Kind::Zone, Text("UTC"), "an IANA name such as `Europe/Berlin`"),
    key(&[S, "*", "manifest"], Kind::Text, Required, "relative to this configuration file"),
    key(
        &[S, "*", "overlap"],
        Kind::Choice(&["skip", "queue"]),
        Text("skip"),
        "a tick while an earlier batch is outstanding",
    ),
    key(&[S, "*", "catch_up"], Kind::Choice(&["latest", "none"]), Text("latest"), "ticks that were missed"),
    key(&[S, "*", "jitter"], Kind::Span(Spans::ANY), Words(""), "put each tick off by up to so much"),
    key(&[S, "*", "budget_usd"], Kind::Dollars, Words("the manifest's"), "of each tick's batch"),
    key(&[S, "*", "account"], Kind::Account, Words(""), "of rows that name none"),
    key(
        &[S, "*", "output"],
        Kind::Text,
        Words("the manifest's, else `out/NAME`"),
        "the place below which each tick has its folder",
    ),
];
