//! Work in progress: the workers, the view of them, signals, and what is said at the end.

mod account;
mod batch_face;
mod close;
mod collecting;
mod engine;
mod face;
mod figures;
mod hands;
mod holding;
mod live;
mod living;
mod log_face;
mod reaching;
mod remedies;
mod reporting;
mod retiring;
mod signals;
mod summary;
mod troubles;
mod verdict;
pub(crate) mod waiting;

pub(crate) use account::http;
pub(crate) use batch_face::BatchFace;
pub(crate) use close::{Closing, closing};
pub(crate) use collecting::usable;
pub(crate) use engine::{Engine, Finish, Task, worker_id};
pub(crate) use hands::{Concurrency, Hands, StageName};
pub(crate) use holding::{Holding, KIND as RUN};
pub(crate) use log_face::LogFace;
pub(crate) use reaching::until_reached;
pub(crate) use reporting::stamped;
pub(crate) use signals::Signals;
pub(crate) use summary::{Commands, summary};
pub(crate) use verdict::Verdict;
