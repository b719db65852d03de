//! `reelq config show`: the merged configuration, each value with its origin.

use clap::Subcommand;
use reelq_config::shown;
use reelq_console::{Exit, Out, table};
use reelq_runner::context::CommandContext;

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigAction {
    /// Show the merged configuration, each value with its origin
    Show,
}

pub(crate) fn run(context: &CommandContext, out: Out) -> Exit {
    let lines = shown(&context.settings);
    out.report_list("settings", &lines, |lines| {
        let rows = lines.iter().map(|line| vec![line.key.clone(), line.value.to_string(), line.origin.clone()]);
        table(&["key", "value", "from"], rows)
    });
    Exit::Done
}
