//! One file a command.

pub(crate) mod after_loss;
pub(crate) mod backup;
pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod config_markdown;
mod consent;
pub(crate) mod continuing;
pub(crate) mod cron;
pub(crate) mod doctor;
pub(crate) mod enqueue;
pub(crate) mod help_markdown;
pub(crate) mod loading;
mod lookup;
pub(crate) mod models;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod purge;
pub(crate) mod resolve;
pub(crate) mod results;
pub(crate) mod retry;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod selection;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod worker;
