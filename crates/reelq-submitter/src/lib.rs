//! Submits ready jobs, each once: the intent is durable before the request leaves, and a request whose fate is unknown is
//! sent again only under the same key with the same body, where the provider promises that this buys nothing.

mod admission;
mod breaker;
mod ceiling;
mod images;
mod outcome;
mod parts;
mod probe;
mod purchase_log;
mod replay;
mod request;
mod settings;
mod spacing;
mod submitter;

pub use breaker::BreakerSection;
pub use ceiling::{Auto, Ceiling};
pub use images::Images;
pub use parts::{FirstPoll, SubmitterParts};
pub use request::{Built, Unbuilt, build};
pub use settings::{OnUnconfirmed, SubmitSettings};
pub use submitter::Submitter;
