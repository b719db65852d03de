//! What a vendor's API can do, as data that workers, plans and tests read.

use std::time::Duration;

use serde::Serialize;

/// What a vendor's API can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// Whether a repeated submission with the same key is answered with the first one's task.
    pub idempotency: Idempotency,
    /// Whether a task can be withdrawn (while it is queued).
    pub cancel: bool,
    /// Whether there is an endpoint that tells the balance; also the check of a key.
    pub balance: bool,
    /// How long an output link lives where the reply does not say; `None` where the vendor gives no number.
    pub link_lifetime: Option<Duration>,
    /// Whether the catalogue knows at least one price.
    pub price_known: bool,
    /// What becomes of the charge of a task that failed.
    pub failed_tasks: FailedTasks,
    /// How callbacks are signed.
    pub callback_signature: CallbackSignature,
    /// How long after acceptance a 404 of a status request means "not visible yet".
    pub not_found_grace: Duration,
    /// The vendor's advice for the first status request after acceptance.
    pub first_poll: Duration,
    /// The vendor's advice for the time between status requests.
    pub poll_interval: Duration,
}

/// What a repeated submission with the same idempotency key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// Within `window` of the first request it returns the first one's task and buys nothing.
    Replay {
        /// How long the vendor remembers a key.
        window: Duration,
    },
    /// The vendor knows no keys: every accepted request is a purchase.
    None,
}

/// What becomes of the charge of a task that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedTasks {
    /// The vendor gives the money back.
    Refunded,
    /// The vendor keeps it, or does not say: counted as spent, and never bought again without a person's word.
    Charged,
}

/// How a vendor signs its callbacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackSignature {
    /// No scheme is documented: a callback is a hint from anyone.
    None,
    /// base64(HMAC-SHA256(`task_id.timestamp`)) in `X-Webhook-Signature`; the body is not covered.
    HmacTaskIdAndTimestamp,
}
