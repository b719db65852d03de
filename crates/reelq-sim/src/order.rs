//! A submission as all vendors understand it, once its dialect has been read and checked.

use reelq_model::Money;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SimOrder {
    pub(crate) model: String,
    /// Wave's `action` or APIXO's `mode`.
    pub(crate) mode: String,
    pub(crate) prompt: String,
    pub(crate) amount: Money,
    pub(crate) callback: Option<String>,
    /// The image is one that the vendor cannot fetch.
    pub(crate) bad_image: bool,
}

/// Why a submission or another request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SimRefusal {
    Unauthorized,
    Forbidden,
    NoCredit,
    Throttled(Throttle),
    Invalid { code: &'static str, message: String, param: Option<String> },
    KeyConflict,
    NoSuchTask,
    NotCancellable,
    ServerError(u16),
}

impl SimRefusal {
    pub(crate) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { code: "invalid_request", message: message.into(), param: Some(param.into()) }
    }
}

/// A 429: why, and how it says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttle {
    pub(crate) reason: ThrottleReason,
    pub(crate) form: WaitForm,
    pub(crate) wait: std::time::Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThrottleReason {
    /// No limit was broken.
    Whim,
    Rate,
    InFlight,
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitForm {
    Seconds,
    Date,
    Nothing,
    /// `reset_at` in the body; only Wave does it.
    ResetAt,
}
