//! The keys of `[accounts.NAME]`.

use std::time::Duration;

use reelq_poller::PollSection;
use reelq_submitter::{BreakerSection, Ceiling, SubmitSettings};

use super::{
    defaults::KeyDefault::{Of, Required, Text, Told, Unset, Words},
    defaults::Owner::{Http, Poller, Submitter},
    key::{ConfigKey, key},
};
use crate::{
    kind::{PROVIDERS, ValueKind},
    range::{Numbers, Spans},
};

const A: &str = "accounts";
const ADVICE: &str = "the vendor's advice";

/// Faster than this no one asks; it keeps the time between two requests above a microsecond.
const RATES: Numbers = Numbers { above: 0.0, most: 10_000.0 };
const GROWTHS: Numbers = Numbers { above: 1.0, most: 10.0 };
/// Shorter times are told apart from nothing by no vendor.
const LOOKS: Spans = Spans::from(Duration::from_millis(10));
const REQUESTS: Spans = Spans::between(Duration::from_millis(100), Duration::from_mins(15));
const PROBES: Spans = Spans::between(Duration::from_millis(10), Duration::from_hours(24));

/// `[accounts.NAME]`.
pub(super) const ACCOUNT: &[ConfigKey] = &[
    key(&[A, "*", "provider"], ValueKind::Choice(PROVIDERS), Required, "whose API it is"),
    key(&[A, "*", "base_url"], ValueKind::Url, Words("the vendor's"), "`https`, or `http` on this machine"),
    key(&[A, "*", "api_key_env"], ValueKind::Variable, Words(""), "the variable that holds the key"),
    key(
        &[A, "*", "api_key_file"],
        ValueKind::Text,
        Words(""),
        "the same from a file (relative to this configuration file); one of the two. A file that other users of the machine can read is warned of (`chmod 600`); a pipe, or `/dev/stdin`, is read once and must be written and closed within five seconds",
    ),
    key(
        &[A, "*", "was"],
        ValueKind::Account,
        Words("none"),
        "the name that the account had before: it follows what was bought under that name, with its own key, and shares its limits. The earlier table must be gone",
    ),
    key(
        &[A, "*", "dialect"],
        ValueKind::Text,
        Words("the newest"),
        "which generation of the vendor's API: `2026-04`, `2026-06` (wave only)",
    ),
    key(
        &[A, "*", "requests_per_second"],
        ValueKind::NumberOrAuto(RATES),
        Of(Submitter),
        "paid requests; a number is never passed ([limits](#limits))",
    ),
    key(
        &[A, "*", "burst"],
        ValueKind::Whole { min: 1, max: 10_000 },
        Of(Submitter),
        "paid requests that may go at once after a quiet time",
    ),
    key(&[A, "*", "polls_per_second"], ValueKind::Number(RATES), Told(polls), "status requests"),
    key(
        &[A, "*", "budget_usd"],
        ValueKind::Dollars,
        Words("none"),
        "the most that may be spent on the account, over all its batches and all time of this state",
    ),
    key(
        &[A, "*", "daily_budget_usd"],
        ValueKind::Dollars,
        Words("none"),
        "the most that may be spent on it in one day (UTC)",
    ),
    key(
        &[A, "*", "max_in_flight"],
        ValueKind::WholeOrAuto { min: 1, max: 1_000_000 },
        Of(Submitter),
        "jobs submitting or running; a number is never passed",
    ),
    key(
        &[A, "*", "poll", "first"],
        ValueKind::Span(LOOKS),
        Words(ADVICE),
        "from the acceptance to the first look at a task",
    ),
    key(&[A, "*", "poll", "min"], ValueKind::Span(LOOKS), Words(ADVICE), "the shortest time between two looks"),
    key(&[A, "*", "poll", "max"], ValueKind::Span(LOOKS), Words(ADVICE), "the longest time between two looks"),
    key(&[A, "*", "poll", "growth"], ValueKind::Number(GROWTHS), Told(growth), "by how much that time grows"),
    key(&[A, "*", "connect_timeout"], ValueKind::Span(Spans::ANY), Unset(Http), "of connecting"),
    key(
        &[A, "*", "allow_http"],
        ValueKind::Switch,
        Text("false"),
        "take plain `http` to another machine, key included",
    ),
    key(&[A, "*", "request_timeout"], ValueKind::Span(REQUESTS), Of(Http), "of one request"),
    key(
        &[A, "*", "running_timeout"],
        ValueKind::Span(LOOKS),
        Of(Poller),
        "past it a task is overdue: looked at slowly, never bought again",
    ),
    key(
        &[A, "*", "patience"],
        ValueKind::Span(LOOKS),
        Of(Poller),
        "how long an end that the vendor only seems to tell must have lasted, over several answers, before it is believed: \"no such task\", \"succeeded\" without a file. A tenth of it for an error under a status word that it does not document",
    ),
    key(
        &[A, "*", "retries"],
        ValueKind::Whole { min: 0, max: 100 },
        Of(Submitter),
        "how often a job is bought again after failures that were not charged, the first purchase not counted; the last of them waits for `patience`, so that no trouble of seconds ends a row",
    ),
    key(
        &[A, "*", "on_unconfirmed"],
        ValueKind::Choice(&["hold", "resubmit"]),
        Of(Submitter),
        "what becomes of a purchase of unknown fate: a person resolves it, or with `resubmit` you accept that a row may be bought more than once",
    ),
    key(
        &[A, "*", "idempotency"],
        ValueKind::Choice(&["auto", "off"]),
        Of(Submitter),
        "whether idempotency keys are sent where the vendor knows them",
    ),
];

/// `[accounts.NAME.breaker]`.
pub(super) const BREAKER: &[ConfigKey] = &[
    key(
        &[A, "*", "breaker", "after"],
        ValueKind::Whole { min: 0, max: 1_000 },
        Told(breaker_after),
        "bad outcomes in a row, each of another row, that open it; a number here stands for both; `0` switches it off",
    ),
    key(
        &[A, "*", "breaker", "wait"],
        ValueKind::Span(PROBES),
        Told(breaker_wait),
        "from its opening to the first probe",
    ),
    key(&[A, "*", "breaker", "longest"], ValueKind::Span(PROBES), Told(breaker_longest), "the longest wait of its own"),
];

/// More of them.
pub(super) const LINKS: &[ConfigKey] = &[
    key(
        &[A, "*", "refunds_failures"],
        ValueKind::Choice(&["auto", "yes", "no"]),
        Text("auto"),
        "whether the vendor gives the money of failed tasks back",
    ),
    key(
        &[A, "*", "link_lifetime"],
        ValueKind::Span(Spans::ANY),
        Words("the vendor's"),
        "how long an output link works where the vendor's reply does not say; outputs are fetched by their deadlines",
    ),
];

fn polls() -> String {
    let auto = SubmitSettings { requests_per_second: Ceiling::AUTO, ..SubmitSettings::default() };
    format!("five times `requests_per_second`; {} with `\"auto\"`", auto.limits().polls_per_second)
}

fn growth() -> String {
    format!("`{}`", PollSection::GROWTH)
}

fn span(time: Duration) -> String {
    reelq_model::units::Span(time).to_string()
}

fn breaker_after() -> String {
    let [keyed, unkeyed] = [true, false].map(|replays| BreakerSection::default().policy(replays));
    format!("`{}`; unknown fates at a vendor without idempotency keys: `{}`", keyed.after, unkeyed.lost_after)
}

fn breaker_wait() -> String {
    let [keyed, unkeyed] = [true, false].map(|replays| BreakerSection::default().policy(replays).wait);
    format!("`{}`; at a vendor without keys `{}`", span(keyed), span(unkeyed))
}

fn breaker_longest() -> String {
    format!("`{}`", span(BreakerSection::default().policy(true).longest))
}
