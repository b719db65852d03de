//! The command line: its own flags, in front of a command.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};
use reelq_config::Flags;
use reelq_console::Color;
use reelq_runner::context::Invocation;

use crate::commands::Command;

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
    /// As `NO_COLOR`, `CLICOLOR_FORCE` or `CLICOLOR` say, else on a terminal.
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
        let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
        Invocation { flags, simulate: self.simulate, words }
    }
}
