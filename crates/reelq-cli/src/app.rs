//! From the command line to a command, and from its outcome to an exit code.

use std::sync::Arc;

use anyhow::Context;
use clap::{CommandFactory, Parser, error::ErrorKind};
use reelq_config::Environment;
use reelq_console::{Color, CommandError, CommandResult, Exit, Out, start_logging, stdout};
use reelq_model::is_hidden;
use reelq_model::{SharedClock, SystemClock};
use reelq_runner::{context::CommandContext, signals};

use crate::{
    args::Cli,
    commands::{run_command, run_without_configuration},
    mistyped,
};

/// Runs the program.
pub(crate) fn main() -> Exit {
    let environment = Environment::read();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let out = Out::new(cli.global.json, cli.global.color.into(), environment.colors());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.error(&format!("failed to start the runtime: {error}"));
            return Exit::Internal;
        }
    };
    let clock: SharedClock = Arc::new(SystemClock::new());
    let outcome = runtime.block_on(Box::pin(async {
        // As process 1 of a container nothing ends a command but what it listens for itself.
        signals::watch().context("listen for signals")?;
        dispatch(cli, environment, clock, out).await
    }));
    // A thread that still reads must not hold the program back: everything that matters is in the store.
    runtime.shutdown_background();
    out.end(outcome.unwrap_or_else(|failure| failure.report(out)))
}

/// Says what the parser of arguments has to say. It repeats what it was given: that is shown as any text from outside.
fn refused(error: &clap::Error) -> Exit {
    let (text, out) = (error.render().to_string(), Out::new(false, Color::Never, None));
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some((typed, command)) = mistyped::meant(&arguments())
    {
        out.error(&format!("there is no command `{typed}`: did you mean `{command}`?"));
        return Exit::Invalid;
    }
    if text.contains(is_hidden) {
        out.say(text.trim_end());
    } else {
        let printed = error.print();
        if !error.use_stderr() {
            stdout::note(printed);
        }
    }
    if error.use_stderr() { Exit::Invalid } else { out.end(Exit::Done) }
}

/// What stands behind the program's name; what is no text is shown as one.
fn arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()
}

async fn dispatch(cli: Cli, environment: Environment, clock: SharedClock, out: Out) -> CommandResult {
    if let Some(outcome) = run_without_configuration(&cli.command, Cli::command, out) {
        return outcome;
    }
    let context = CommandContext::open(&cli.global.invocation(), environment, clock, out)?;
    start_logging(&context.config.log, out.colors_logs()).map_err(CommandError::usage)?;
    run_command(cli.command, &context, out).await
}
