//! The table of all configuration keys: the one list that checks, defaults, origins and suggestions read.

use super::kind::Kind;

/// One key. In its path, `*` stands for an account's name, or a schedule's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Its parts.
    pub path: &'static [&'static str],
    /// What its value must be.
    pub kind: Kind,
    /// The value where nothing sets it, as in TOML.
    pub default: Option<&'static str>,
}

const fn key(path: &'static [&'static str], kind: Kind, default: Option<&'static str>) -> Key {
    Key { path, kind, default }
}

const A: &str = "accounts";
const S: &str = "schedules";

/// Every key there is.
pub(crate) const KEYS: &[Key] = &[
    key(&["store"], Kind::Store, Some("sqlite:.reelq/state.db")),
    key(&["namespace"], Kind::Namespace, Some("default")),
    key(&["durability"], Kind::Choice(&["strict", "normal"]), Some("normal")),
    key(&["journal"], Kind::Text, Some(".reelq/journal")),
    key(&["lease"], Kind::Span, Some("15s")),
    key(&["wait_at_most"], Kind::Span, Some("15m")),
    key(&["retention"], Kind::Span, None),
    key(&["keep_bought"], Kind::Whole { min: 0, max: 100_000_000 }, Some("1000000")),
    key(&["redis", "password_env"], Kind::Variable, None),
    key(&["redis", "password_file"], Kind::Text, None),
    key(&["redis", "sentinel_user"], Kind::Text, None),
    key(&["redis", "sentinel_password_env"], Kind::Variable, None),
    key(&["redis", "sentinel_password_file"], Kind::Text, None),
    key(&["redis", "ca_file"], Kind::Text, None),
    key(&["redis", "cert_file"], Kind::Text, None),
    key(&["redis", "key_file"], Kind::Text, None),
    key(&["output"], Kind::Text, Some("out")),
    key(&["log"], Kind::Text, Some("warn")),
    key(&["catalogue", "wave"], Kind::Text, None),
    key(&["catalogue", "apixo"], Kind::Text, None),
    key(&["catalogue", "poyo"], Kind::Text, None),
    key(&[A, "*", "provider"], Kind::Provider, None),
    key(&[A, "*", "base_url"], Kind::Url, None),
    key(&[A, "*", "api_key_env"], Kind::Variable, None),
    key(&[A, "*", "api_key_file"], Kind::Text, None),
    key(&[A, "*", "was"], Kind::Account, None),
    key(&[A, "*", "dialect"], Kind::Text, None),
    key(&[A, "*", "requests_per_second"], Kind::RateOrAuto, Some("2.0")),
    key(&[A, "*", "burst"], Kind::Whole { min: 1, max: 10_000 }, Some("1")),
    key(&[A, "*", "polls_per_second"], Kind::Rate, None),
    key(&[A, "*", "budget_usd"], Kind::Dollars, None),
    key(&[A, "*", "daily_budget_usd"], Kind::Dollars, None),
    key(&[A, "*", "max_in_flight"], Kind::WholeOrAuto { min: 1, max: 1_000_000 }, Some("10")),
    key(&[A, "*", "poll", "first"], Kind::Span, None),
    key(&[A, "*", "poll", "min"], Kind::Span, None),
    key(&[A, "*", "poll", "max"], Kind::Span, None),
    key(&[A, "*", "poll", "growth"], Kind::Rate, None),
    key(&[A, "*", "connect_timeout"], Kind::Span, None),
    key(&[A, "*", "allow_http"], Kind::Switch, Some("false")),
    key(&[A, "*", "request_timeout"], Kind::Span, Some("30s")),
    key(&[A, "*", "running_timeout"], Kind::Span, Some("30m")),
    key(&[A, "*", "patience"], Kind::Span, Some("10m")),
    key(&[A, "*", "retries"], Kind::Whole { min: 0, max: 100 }, Some("3")),
    key(&[A, "*", "on_unconfirmed"], Kind::Choice(&["hold", "resubmit"]), Some("hold")),
    key(&[A, "*", "idempotency"], Kind::Choice(&["auto", "off"]), Some("auto")),
    key(&[A, "*", "breaker", "after"], Kind::Whole { min: 0, max: 1_000 }, None),
    key(&[A, "*", "breaker", "wait"], Kind::Span, None),
    key(&[A, "*", "breaker", "longest"], Kind::Span, None),
    key(&[A, "*", "refunds_failures"], Kind::Choice(&["auto", "yes", "no"]), Some("auto")),
    key(&[A, "*", "link_lifetime"], Kind::Span, None),
    key(&["downloads", "concurrency"], Kind::Whole { min: 1, max: 256 }, Some("8")),
    key(&["downloads", "max_bytes"], Kind::Size, Some("2GiB")),
    key(&["downloads", "allow_hosts"], Kind::Texts, Some("")),
    key(&["downloads", "connect_timeout"], Kind::Span, Some("10s")),
    key(&["downloads", "idle_timeout"], Kind::Span, Some("30s")),
    key(&["downloads", "total_timeout"], Kind::Span, Some("1h")),
    key(&["downloads", "min_free"], Kind::Size, Some("1GiB")),
    key(&[S, "*", "name"], Kind::Schedule, None),
    key(&[S, "*", "cron"], Kind::Cron, None),
    key(&[S, "*", "timezone"], Kind::Zone, Some("UTC")),
    key(&[S, "*", "manifest"], Kind::Text, None),
    key(&[S, "*", "overlap"], Kind::Choice(&["skip", "queue"]), Some("skip")),
    key(&[S, "*", "catch_up"], Kind::Choice(&["latest", "none"]), Some("latest")),
    key(&[S, "*", "jitter"], Kind::Span, None),
    key(&[S, "*", "budget_usd"], Kind::Dollars, None),
    key(&[S, "*", "account"], Kind::Account, None),
    key(&[S, "*", "output"], Kind::Text, None),
];

fn part_fits(pattern: &str, part: &str) -> bool {
    pattern == "*" || pattern == part
}

/// The key with this path.
pub(crate) fn find(path: &[String]) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path.len() == path.len() && begins_with(key, path))
}

fn begins_with(key: &Key, prefix: &[String]) -> bool {
    key.path.len() >= prefix.len() && key.path.iter().zip(prefix).all(|(pattern, part)| part_fits(pattern, part))
}

/// Whether some key lies below this path.
pub(crate) fn is_table(path: &[String]) -> bool {
    KEYS.iter().any(|key| key.path.len() > path.len() && begins_with(key, path))
}

/// The names that may follow `prefix`; account names are not among them.
pub(crate) fn children(prefix: &[String]) -> Vec<&'static str> {
    let below = KEYS.iter().filter(|key| key.path.len() > prefix.len() && begins_with(key, prefix));
    let mut names: Vec<_> = below.map(|key| key.path[prefix.len()]).filter(|name| *name != "*").collect();
    names.dedup();
    names
}

/// The environment variable of a path: `REELQ_DOWNLOADS_CONCURRENCY`, `REELQ_ACCOUNTS_WAVE_BASE_URL`.
pub(crate) fn variable(path: &[String]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let parts: Vec<String> = path.iter().map(|part| part.chars().map(plain).collect()).collect();
    format!("REELQ_{}", parts.join("_"))
}

/// The key's full path for an account or a schedule of this name.
pub(crate) fn path_for(key: &Key, name: &str) -> Vec<String> {
    key.path.iter().map(|part| if *part == "*" { name.to_owned() } else { (*part).to_owned() }).collect()
}

/// The table of named tables that the key belongs to: `accounts` or `schedules`.
pub(crate) fn named_in(key: &Key) -> Option<&'static str> {
    key.path.contains(&"*").then_some(key.path[0])
}
