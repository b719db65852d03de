//! Reading of replies, as far as it is the same for every vendor.
//!
//! Nothing here fails on strange bytes: what cannot be read counts as not said. A reply is a refusal only where it is
//! certain that nothing was bought; whatever else is unclear stays ambiguous.

mod ask;
mod complaint;
mod document;
mod lenient;
mod limit;
mod money;
mod outputs;
mod submit;
mod task;
mod words;

pub(crate) use ask::{balance_refused, cancel_refused, poll_refused};
pub(crate) use complaint::Complaint;
pub(crate) use document::document;
pub(crate) use lenient::{Moment, Progress, Text, Urls, lenient};
pub(crate) use money::{dollars, quota};
pub(crate) use outputs::Output;
pub(crate) use submit::submitted;
pub(crate) use task::{Context, Task, settlement};
