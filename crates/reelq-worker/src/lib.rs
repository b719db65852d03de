//! The runtime of the workers: apalis workers over the store, group commit, leases, rescue and shutdown.
//!
//! What a stage does with a job is a [`Handler`] in a crate of its own; when and under which lease it does it is decided here.

mod absence;
mod assignment;
mod backend;
mod backoff;
mod bell;
mod bells;
mod brake;
mod breaking;
mod builder;
mod claimer;
mod commit_layer;
mod committer;
mod costs;
mod desk;
mod ending;
mod exchange;
mod fault;
mod finisher;
mod handler;
mod held;
mod keeper;
mod lane;
mod lanes;
mod news;
mod pacing;
mod panics;
mod pausing;
mod pulse;
mod registry;
mod rounds;
mod runtime;
mod setting;
mod spawn;
mod stage_service;
mod steady;
mod stop;
mod untold;

pub use backoff::{Backoff, Dice};
pub use brake::Brake;
pub use breaking::{Admission, Breaking};
pub use builder::{AccountWork, Builder};
pub use costs::doubt_cost;
pub use ending::Ending;
pub use exchange::Exchange;
pub use handler::{Desk, Finish, Handler, LeaseLost};
pub use pacing::Pacing;
pub use pausing::Pausing;
pub use pulse::{Beat, Pulse};
pub use rounds::in_rounds;
pub use runtime::Runtime;
pub use setting::InvalidSetting;
pub use spawn::Spawner;
pub use steady::until_answered;
pub use stop::Stopper;
