//! A run in progress: the workers, the view of them, signals, and what is said at the end.

mod account;
mod close;
mod collecting;
mod engine;
mod figures;
mod live;
mod signals;
mod summary;
mod verdict;

pub(crate) use account::http;
pub(crate) use close::closing;
pub(crate) use engine::{Engine, Finish};
pub(crate) use signals::Signals;
