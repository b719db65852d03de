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
pub(crate) mod project;
mod ranges;
mod renamed;
mod render;
mod schedules;
pub(crate) mod secret_file;
mod sections;
mod show;
mod store_place;
mod store_url;

pub(crate) use account::AccountConfig;
pub(crate) use environment::Environment;
pub(crate) use layers::{Flags, Origin, Settings};
pub(crate) use problem::Complaint;
pub(crate) use render::problems;
pub(crate) use sections::Config;
pub(crate) use show::{shown, shown_store};
pub(crate) use store_place::{PasswordPlace, RedisPlace, StorePlace, is_there};

#[cfg(test)]
mod tests;
