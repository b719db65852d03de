//! `reelq completions`: prints shell completions.

use clap::CommandFactory;
use clap_complete::Shell;
use reelq_console::{Exit, Out};

use crate::args::Cli;

/// Flags of `reelq completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, out: Out) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "reelq", &mut script);
    out.raw(&script);
    Exit::Done
}
