//! What a reply complains about: its code, its message, its wait.

use std::time::Duration;

use reelq_model::{Failure, FailureKind, Setback};
use serde_json::Value;

use crate::{Reply, catalogue::Replies, retry_after, retry_after::WAIT_MAX};

use super::{
    lenient::{Moment, Text},
    limit,
};

const MESSAGE_CHARS_MAX: usize = 300;
const CODES: [&str; 8] = [
    "/error/code",
    "/error/type",
    "/code",
    "/data/error/code",
    "/data/failCode",
    "/data/code",
    "/failCode",
    "/detail/code",
];
const MESSAGES: [&str; 13] = [
    "/error/message",
    "/error/raw_message",
    "/error",
    "/data/error/message",
    "/data/error",
    "/data/failMsg",
    "/data/error_message",
    "/data/detail",
    "/detail/message",
    "/detail",
    "/message",
    "/msg",
    "/data/message",
];
const RESETS: [&str; 3] = ["/error/reset_at", "/reset_at", "/data/reset_at"];

/// What a reply complains about.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// The HTTP status that the reply amounts to, body considered; `None` for a 2xx whose body names none.
    pub(crate) status: Option<u16>,
    /// The vendor's code.
    pub(crate) code: Option<String>,
    /// The vendor's message, or a plain word of ours.
    pub(crate) message: String,
    /// The wait that the vendor asked for.
    pub(crate) wait: Option<Duration>,
    certain: bool,
    is_silent: bool,
}

impl Complaint {
    /// Reads `reply`, whose body is `document`.
    pub(crate) fn read(reply: &Reply, document: Option<&Value>, replies: &Replies) -> Self {
        let code = document.and_then(code);
        let said = document.and_then(message);
        let certain = replies.is_certain(code.as_deref());
        let inner = document.and_then(|body| status_in(body, code.as_deref(), replies));
        let status = amounts_to(reply.status, inner, certain);
        let status = status.map(|status| if no_credit(status, said.as_deref(), replies) { 402 } else { status });
        let is_silent = said.is_none();
        let message = said.unwrap_or_else(|| format!("HTTP {} without a message", reply.status));
        Self { status, code, message, wait: wait(reply, document), certain, is_silent }
    }

    /// Whether the code proves that nothing was taken.
    pub(crate) const fn proves_nothing_taken(&self) -> bool {
        self.certain
    }

    /// The vendor's own message.
    pub(crate) fn said(&self) -> Option<String> {
        (!self.is_silent).then(|| self.message.clone())
    }

    /// The complaint as a setback; `what` says what the reply was.
    pub(crate) fn setback(&self, what: impl std::fmt::Display) -> Setback {
        let code = self.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let said = self.said().map(|said| format!(": {said}")).unwrap_or_default();
        let limit = limit::named(self.code.as_deref(), &self.message);
        Setback { reason: format!("{what}{said}{code}"), wait: self.wait, limit, candidate: None }
    }

    /// The complaint as a failure of the row.
    pub(crate) fn failure(&self, replies: &Replies, otherwise: FailureKind) -> Failure {
        failure(self.code.as_deref(), &self.message, replies, otherwise)
    }
}

/// A failure of the kind that code and message tell.
pub(super) fn failure(code: Option<&str>, message: &str, replies: &Replies, otherwise: FailureKind) -> Failure {
    let kind = replies.kind_of(code, message).unwrap_or(otherwise);
    let failure = Failure::new(kind, message);
    match code {
        Some(code) => failure.with_code(code),
        None => failure,
    }
}

/// The status that head and body amount to.
///
/// A body may make a success a refusal and a 400 more exact. It never makes a server error certain, unless its code
/// proves that nothing was taken.
fn amounts_to(http: u16, inner: Option<u16>, certain: bool) -> Option<u16> {
    match http {
        200..=299 => inner,
        _ if certain => Some(inner.unwrap_or(422)),
        400 | 422 => Some(inner.unwrap_or(http)),
        _ => Some(http),
    }
}

fn no_credit(status: u16, said: Option<&str>, replies: &Replies) -> bool {
    let said = said.unwrap_or_default().to_lowercase();
    matches!(status, 400 | 422) && replies.no_credit.iter().any(|part| said.contains(part.as_str()))
}

fn texts<'a>(body: &'a Value, places: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let read = |value: &Value| serde_json::from_value::<Text>(value.clone()).ok();
    places.iter().filter_map(move |place| body.pointer(place).and_then(read)).map(|Text(text)| clean(&text))
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (300..=599).contains(status))
}

fn status_in(body: &Value, code: Option<&str>, replies: &Replies) -> Option<u16> {
    let numbered = texts(body, &["/code", "/error/code", "/status_code"]).find_map(|text| number(&text));
    code.and_then(|code| replies.status_of(code)).or(numbered)
}

fn code(body: &Value) -> Option<String> {
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let says_nothing = |text: &str| ["success", "ok"].iter().any(|word| word.eq_ignore_ascii_case(text));
    texts(body, &CODES).find(|text| !is_number(text) && !says_nothing(text))
}

fn message(body: &Value) -> Option<String> {
    texts(body, &MESSAGES).find(|text| !text.eq_ignore_ascii_case("success"))
}

/// One line of bounded length: a message goes into logs and manifests.
pub(super) fn clean(text: &str) -> String {
    let plain = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    plain.take(MESSAGE_CHARS_MAX).collect::<String>().trim().to_owned()
}

fn wait(reply: &Reply, document: Option<&Value>) -> Option<Duration> {
    let header = reply.retry_after.as_deref().and_then(|text| retry_after::parse(text, reply.at));
    let reset = document.and_then(|body| RESETS.iter().find_map(|place| body.pointer(place)));
    let reset = reset.and_then(|value| serde_json::from_value::<Moment>(value.clone()).ok());
    let reset = reset.map(|Moment(reset)| reset.since(reply.at).min(WAIT_MAX));
    header.max(reset)
}
