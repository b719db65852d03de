//! From the command line to a command, and from its outcome to an exit code.

use std::sync::Arc;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use reelq_config::Environment;
use reelq_console::{Color, CommandError, CommandResult, Exit, Out, start_logging, stdout};
use reelq_manifest::is_hidden;
use reelq_model::{SharedClock, SystemClock};
use reelq_runner::{context::CommandContext, signals};

use crate::{
    args::{Cli, Command},
    commands::{
        after_loss, backup, cancel, completions, config, config_markdown, continuing, cron, doctor, enqueue,
        help_markdown, models, pause, plan, purge, resolve, results, retry, run, schema, sim, status, worker,
    },
};

/// Runs the program.
pub(crate) fn main() -> Exit {
    let environment = Environment::read();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let out = Out::new(cli.global.json, cli.global.color.into(), environment.no_color());
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
    let (text, out) = (error.render().to_string(), Out::new(false, Color::Never, true));
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

async fn dispatch(cli: Cli, environment: Environment, clock: SharedClock, out: Out) -> CommandResult {
    match &cli.command {
        Command::Completions(args) => return Ok(completions::run(args, Cli::command(), out)),
        Command::Schema(args) => return Ok(schema::run(args, out)),
        Command::HelpMarkdown => return Ok(help_markdown::run(Cli::command(), out)),
        Command::ConfigMarkdown => return Ok(config_markdown::run(out)),
        Command::Models(args) if args.is_builtin() => return models::builtin(args, out),
        _ => {}
    }
    let context = CommandContext::open(&cli.global.invocation(), environment, clock, out)?;
    start_logging(&context.config.log).map_err(CommandError::usage)?;
    match cli.command {
        Command::Run(args) => Box::pin(run::run(&args, &context, out)).await,
        Command::Continue(args) => Box::pin(continuing::run(&args, &context, out)).await,
        Command::Enqueue(args) => Box::pin(enqueue::run(&args, &context, out)).await,
        Command::Worker(args) => Box::pin(worker::run(&args, &context, out)).await,
        Command::Plan(args) => plan::run(&args, &context, out).await,
        Command::Status(args) => status::run(&args, &context, out).await,
        Command::Results(args) => results::run(&args, &context, out).await,
        Command::Retry(args) => retry::run(&args, &context, out).await,
        Command::Cancel(args) => cancel::run(&args, &context, out).await,
        Command::Pause(args) => pause::pause(&args, &context, out).await,
        Command::Resume(args) => after_loss::resume(&args, &context, out).await,
        Command::Purge(args) => purge::run(&args, &context, out).await,
        Command::Resolve(args) => resolve::run(&args, &context, out).await,
        Command::Backup(args) => backup::run(&args, &context, out).await,
        Command::Cron(action) => cron::run(&action, &context, out).await,
        Command::Models(args) => models::run(&args, &context, out),
        Command::Config(config::ConfigAction::Show) => Ok(config::run(&context, out)),
        Command::Doctor(args) => Box::pin(doctor::run(&args, &context, out)).await,
        Command::Sim(args) => Box::pin(sim::run(&args, &context, out)).await,
        Command::Schema(_) | Command::HelpMarkdown | Command::ConfigMarkdown | Command::Completions(_) => {
            Ok(Exit::Done)
        }
    }
}
