//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reelq_config::Flags;
use reelq_console::Color;
use reelq_runner::context::Invocation;

use crate::commands;

/// Runs manifests of paid, asynchronous generation jobs: buys each row once, waits, and saves every output.
#[derive(Debug, Parser)]
#[command(name = "reelq", version, max_term_width = 100, arg_required_else_help = true, infer_long_args = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Read this configuration instead of ./reelq.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Keep the state here, for example sqlite:.reelq/state.db
    #[arg(long, global = true, value_name = "STORE")]
    pub(crate) store: Option<String>,
    /// Use simulated vendors, with a state and outputs of their own: nothing is real, nothing is paid
    #[arg(long, global = true)]
    pub(crate) simulate: bool,
    /// Write data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log to stderr: off, error, warn, info, debug, trace, or a filter such as `reelq_http=debug`
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: ColorWhen,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<ColorWhen> for Color {
    fn from(when: ColorWhen) -> Self {
        match when {
            ColorWhen::Auto => Self::Auto,
            ColorWhen::Always => Self::Always,
            ColorWhen::Never => Self::Never,
        }
    }
}

impl Global {
    /// What every command starts from.
    pub(crate) fn invocation(&self) -> Invocation {
        let flags = Flags { config: self.config.clone(), store: self.store.clone(), log: self.log.clone() };
        Invocation { flags, simulate: self.simulate }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Buy a manifest: submit what is new, wait for what runs, save every output; running it again continues
    Run(Box<commands::run::RunArgs>),
    /// Go on with a batch as it was loaded: reads no manifest, adds no job, and asks nothing
    #[command(name = "continue")]
    Continue(Box<commands::continuing::ContinueArgs>),
    /// Show what a run would do: rows, changes, prices, time; nothing is enqueued
    Plan(commands::plan::PlanArgs),
    /// Bring a manifest into the store, for workers to work on; repeating it changes nothing
    Enqueue(commands::enqueue::EnqueueArgs),
    /// Work on everything in the store, whoever enqueued it, until stopped
    Worker(Box<commands::worker::WorkerArgs>),
    /// Show where batches, accounts and jobs stand
    Status(commands::status::StatusArgs),
    /// Print the result manifest of a batch: one line for every row
    Results(commands::results::ResultsArgs),
    /// Take failed jobs up again: look at their tasks, fetch what they have, buy again what is over
    Retry(commands::retry::RetryArgs),
    /// Withdraw jobs: at once where they were not submitted, else by asking the provider, where it can
    Cancel(commands::cancel::CancelArgs),
    /// Stop the submissions of a batch or an account
    Pause(commands::pause::PauseArgs),
    /// Let a paused batch or account submit again, or everything after a loss of the state
    Resume(commands::after_loss::ResumeArgs),
    /// Remove the records of finished batches; what they bought is forgotten, their files stay
    Purge(commands::purge::PurgeArgs),
    /// List jobs that wait for a person, settle them, or give up any that has not ended
    Resolve(commands::resolve::ResolveArgs),
    /// Copy the state into a file while others work on it, or go back to such a copy
    Backup(commands::backup::BackupArgs),
    /// Fire schedules, list their ticks, and check them
    #[command(subcommand)]
    Cron(commands::cron::CronAction),
    /// Show models, modes, limits and prices
    Models(commands::models::ModelsArgs),
    /// Print the JSON Schema of manifests, or of the configuration
    Schema(commands::schema::SchemaArgs),
    /// Show the configuration
    #[command(subcommand)]
    Config(commands::config::ConfigAction),
    /// Check configuration, keys, clock, disk, store and output place, and say how to mend them
    Doctor(commands::doctor::DoctorArgs),
    /// Run the simulated vendors alone
    Sim(Box<commands::sim::SimServerArgs>),
    /// Print shell completions
    Completions(commands::completions::CompletionsArgs),
    /// Print the help of every command as Markdown
    #[command(hide = true)]
    HelpMarkdown,
    /// Print the tables of configuration keys as Markdown
    #[command(hide = true)]
    ConfigMarkdown,
}
