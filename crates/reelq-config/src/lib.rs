//! Configuration: flags over environment over `reelq.toml` over the user's file over defaults.
//!
//! Every key of every layer is checked before anything is used, and every value remembers where it came from.

mod account;
mod environment;
mod file;
mod keys;
mod kind;
mod layers;
mod problem;
mod project;
mod ranges;
mod renamed;
mod render;
mod schedules;
pub mod secret_file;
mod sections;
mod show;
mod simulated;
mod store_place;
mod store_url;

pub use account::{AccountConfig, KeyTrouble};
pub use environment::Environment;
pub use kind::Value;
pub use layers::{Flags, Origin, Setting, Settings};
use problem::Complaint;
pub use project::{Project, left_aside};
pub use render::problems;
pub use sections::Config;
pub use show::{Shown, shown, shown_store};
pub use simulated::{simulate, simulated_output};
pub use store_place::{ClosedFolder, PasswordPlace, RedisPlace, StorePlace, is_there};

#[cfg(test)]
mod tests;
