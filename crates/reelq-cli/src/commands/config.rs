//! `reelq config show`: the merged configuration, each value with its origin.

use clap::Subcommand;
use reelq_config::shown;
use reelq_console::{Exit, Out, table};
use reelq_runner::context::Session;

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Action {
    /// Show the merged configuration, each value with its origin
    Show,
}

pub(crate) fn run(session: &Session, out: Out) -> Exit {
    let lines = shown(&session.settings);
    out.report_list("settings", &lines, |lines| {
        let rows = lines.iter().map(|line| vec![line.key.clone(), line.value.to_string(), line.origin.clone()]);
        table(&["key", "value", "from"], rows)
    });
    Exit::Done
}
