//! `reelq completions`: prints shell completions.

use clap::Command;
use clap_complete::Shell;
use reelq_console::{Exit, Out};

/// Flags of `reelq completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, mut program: Command, out: Out) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "reelq", &mut script);
    out.raw(&script);
    Exit::Done
}
