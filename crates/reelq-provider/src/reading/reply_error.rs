//! What a reply complains about: its code, its message, its wait.

use std::time::Duration;

use reelq_model::{Failure, FailureKind, Setback};
use serde_json::Value;

use crate::{Reply, catalogue::Replies, lenient_json::Document, retry_after, retry_after::WAIT_MAX};

use super::{
    credit, envelope, limit,
    moment::{moment, vendors_now},
    place::at,
    says,
    text::clean,
};

const RESETS: [&str; 3] = ["/error/reset_at", "/reset_at", "/data/reset_at"];

/// How plainly a body says that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// In some way: by a code, by a word.
    Something,
    /// A member that stands for an error names one.
    Error,
}

impl Wrong {
    fn read(body: &Value) -> Self {
        match (says::names_error(body), says::complains(body)) {
            (true, _) => Self::Error,
            (false, true) => Self::Something,
            (false, false) => Self::Nothing,
        }
    }
}

/// What a reply complains about.
#[derive(Debug)]
pub(crate) struct ReplyError {
    /// The HTTP status that the reply amounts to, body considered; `None` for a 2xx whose body names none.
    pub(crate) status: Option<u16>,
    /// The vendor's code.
    pub(crate) code: Option<String>,
    /// The vendor's message, or a plain word of ours.
    pub(crate) message: String,
    /// The wait that the vendor asked for.
    pub(crate) wait: Option<Duration>,
    /// The body is the vendor's own envelope: an object alone, with a complaint where the vendor puts it. A gateway's page
    /// is not.
    pub(crate) is_vendors: bool,
    /// What is refused is the address: the refusal says nothing of the row.
    pub(crate) is_of_address: bool,
    /// The status that the envelope itself names, where it is no success: what is inside is then no word on a task.
    pub(crate) envelope: Option<u16>,
    wrong: Wrong,
    certain: bool,
    said: Option<String>,
    cut: Option<String>,
}

impl ReplyError {
    /// Reads `reply`, whose body is `document`.
    pub(crate) fn read(reply: &Reply, document: Option<&Document>, replies: &Replies) -> Self {
        let body = document.map(|document| &document.value);
        let (code, said) = (body.and_then(says::code), body.and_then(says::message));
        let certain = replies.is_certain(code.as_deref());
        let is_alone = document.is_some_and(|document| document.is_alone);
        let is_vendors = is_alone && body.is_some_and(|body| envelope::is_vendors(body, reply.status, replies));
        let inner = body.and_then(|body| status_in(body, code.as_deref(), replies));
        let status = amounts_to(reply.status, inner, certain);
        Self {
            status,
            code,
            message: said.clone().unwrap_or_else(|| format!("HTTP {} without a message", reply.status)),
            said,
            wait: wait(reply, body),
            wrong: body.map_or(Wrong::Nothing, Wrong::read),
            is_vendors,
            is_of_address: body
                .is_some_and(|body| envelope::is_about_the_address(body, status.unwrap_or(reply.status), replies)),
            envelope: body.and_then(says::envelope_status),
            certain,
            cut: reply.cut.as_deref().map(clean),
        }
    }

    /// Whether the body says, in any way, that something is wrong.
    pub(crate) fn complains(&self) -> bool {
        self.wrong != Wrong::Nothing
    }

    /// Whether a member of the body that stands for an error names one.
    pub(crate) fn names_error(&self) -> bool {
        self.wrong == Wrong::Error
    }

    /// Itself, read as a word on the account and not on a task: a balance that is used up counts as HTTP 402.
    pub(crate) fn of_account(self, document: Option<&Document>, replies: &Replies) -> Self {
        let codes: Vec<String> = document.iter().flat_map(|found| says::codes(&found.value)).collect();
        let refusal = credit::CreditRefusal { status: self.status, codes: &codes, said: self.said.as_deref() };
        if self.is_vendors && refusal.is_of_credit(replies) { Self { status: Some(402), ..self } } else { self }
    }

    /// Whether the code proves that nothing was taken.
    pub(crate) const fn proves_nothing_taken(&self) -> bool {
        self.certain
    }

    /// The vendor's own message.
    pub(crate) fn said(&self) -> Option<String> {
        self.said.clone()
    }

    /// The complaint as a setback; `what` says what the reply was.
    pub(crate) fn setback(&self, what: impl std::fmt::Display) -> Setback {
        let code = self.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let said = self.said().map(|said| format!(": {said}")).unwrap_or_default();
        let cut = self.cut.as_ref().map(|cut| format!("; the reply is not whole: {cut}")).unwrap_or_default();
        let limit = limit::named(self.code.as_deref(), &self.message);
        Setback { wait: self.wait, limit, ..Setback::new(format!("{what}{said}{code}{cut}")) }
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

fn status_in(body: &Value, code: Option<&str>, replies: &Replies) -> Option<u16> {
    code.and_then(|code| replies.status_of(code)).or_else(|| says::status_number(body))
}

fn wait(reply: &Reply, body: Option<&Value>) -> Option<Duration> {
    let now = vendors_now(reply);
    let header = reply.retry_after.as_deref().and_then(|text| retry_after::parse(text, now));
    let reset = body.and_then(|body| RESETS.iter().find_map(|place| at(body, place)));
    header.max(reset.and_then(moment).map(|reset| reset.since(now).min(WAIT_MAX)))
}
