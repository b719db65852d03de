//! Reading of replies, as far as it is the same for every vendor.
//!
//! Nothing here fails on strange bytes: what cannot be read counts as not said. A reply is a refusal only where it is
//! certain that nothing was bought; whatever else is unclear stays ambiguous.

mod ask;
mod before;
mod candidate;
mod credit;
mod document;
mod envelope;
mod gone;
mod ids;
mod kind;
mod lenient;
mod limit;
mod moment;
mod money;
mod outputs;
mod place;
mod poll;
mod reply_error;
mod says;
mod spoken;
mod submit;
mod task;
mod text;
mod upstream;
mod words;

pub(crate) use ask::{balance_refused, cancel_refused};
pub(crate) use document::document;
pub(crate) use lenient::{Progress, Text, lenient};
pub(crate) use moment::between;
pub(crate) use money::{dollars, quota};
pub(crate) use outputs::{Output, outputs};
pub(crate) use poll::{about_another, polled};
pub(crate) use reply_error::ReplyError;
pub(crate) use submit::submitted;
pub(crate) use task::{Context, TaskReply, settlement};
pub(crate) use text::clean;
pub(crate) use words::{StatusMeaning, meaning};
