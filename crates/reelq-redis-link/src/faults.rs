//! What the server's and the connection's errors mean to callers: try again, or fix something first.
//!
//! No message holds a password: they are made of codes, of the server's own words, and of redacted addresses.

use std::{error::Error as StdError, io, sync::Arc};

use redis::{ErrorKind, RedisError};

use super::tls;
use reelq_store::Error;

/// What an error means, and whether the connection is still good.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: Error,
    pub(super) reconnect: bool,
    /// Whether it is our login or a certificate that is refused: both are replaced now and then while we run.
    pub(super) refused: bool,
}

/// Codes of states that pass; with them, whether another server may have to be found.
const PASSING: [(&str, bool); 13] = [
    ("LOADING", false),
    ("BUSY", false),
    ("TRYAGAIN", false),
    ("NOREPLICAS", false),
    ("MISCONF", false),
    ("INPROG", false),
    ("NOSCRIPT", false),
    ("READONLY", true),
    ("MASTERDOWN", true),
    ("UNBLOCKED", true),
    ("CLUSTERDOWN", true),
    ("MOVED", true),
    ("ASK", true),
];

/// Errors without a code of their own that pass.
const PASSING_TEXTS: [&str; 2] = ["max number of clients reached", "non local key in a cluster node"];

/// Whether the server does not know a script.
pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.code() == Some("NOSCRIPT")
}

/// Judges what came of `doing` on the server `at`.
pub(super) fn judge(error: &RedisError, at: &str, doing: &str) -> Fault {
    if let Some(source) = io_error(error).filter(|source| tls::is_distrust(source)) {
        return tls::stays(at, source);
    }
    let code = error.code().unwrap_or_default();
    let text = words(error);
    if let Some((_, reconnect)) = PASSING.iter().find(|(passing, _)| *passing == code) {
        return passes(format!("{at} cannot do {doing} now: {text}"), *reconnect);
    }
    if PASSING_TEXTS.iter().any(|passing| text.contains(passing)) {
        return passes(format!("{at} cannot do {doing} now: {text}"), true);
    }
    match (code, error.kind()) {
        ("OOM", _) => passes(format!("{at} is out of memory: raise `maxmemory` or purge finished batches"), false),
        ("NOAUTH", _) => refused(format!("{at} asks for a password: give the store one")),
        ("WRONGPASS", _) | (_, ErrorKind::AuthenticationFailed) => {
            refused(format!("{at} refuses the user and password, or knows of none: check both"))
        }
        ("NOPERM", _) => stays(format!("{at} does not let this user do {doing}: {text}; widen its ACL")),
        (_, ErrorKind::Io) => passes(format!("{at} does not answer {doing}: {text}"), true),
        _ => stays(format!("{at} fails {doing}: {text}")),
    }
}

/// The error of the stream below; the library shares its sources, which hides their type.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    let shared = error.source()?.downcast_ref::<Arc<dyn StdError + Send + Sync>>()?;
    shared.downcast_ref()
}

/// The server's words, without the wrapping of the library.
fn words(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}

pub(super) fn unreachable(at: &str, error: &io::Error) -> Fault {
    passes(format!("{at} cannot be reached: {error}"), true)
}

pub(super) fn passes(message: String, reconnect: bool) -> Fault {
    Fault { error: Error::unavailable(message), reconnect, refused: false }
}

fn stays(reason: String) -> Fault {
    Fault { error: Error::broken(reason), reconnect: false, refused: false }
}

/// A login or certificate that is not taken; another connection may be, with what is there by then.
pub(super) fn refused(reason: String) -> Fault {
    Fault { error: Error::broken(reason), reconnect: true, refused: true }
}
