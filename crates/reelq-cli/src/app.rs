//! From the command line to a command, and from its outcome to an exit code.

use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use reelq_config::Environment;
use reelq_console::{Color, Exit, Failure, Out, Outcome, start_logging, stdout};
use reelq_manifest::is_hidden;
use reelq_model::{SharedClock, SystemClock};
use reelq_runner::{context::Session, signals};

use crate::{
    args::{Cli, Command},
    commands::{
        after_loss, backup, cancel, completions, config, continuing, cron, doctor, enqueue, help_markdown, models,
        pause, plan, purge, resolve, results, retry, run, schema, sim, status, worker,
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

async fn dispatch(cli: Cli, environment: Environment, clock: SharedClock, out: Out) -> Outcome {
    match &cli.command {
        Command::Completions(args) => return Ok(completions::run(args, out)),
        Command::Schema => return Ok(schema::run(out)),
        Command::HelpMarkdown => return Ok(help_markdown::run(out)),
        Command::Models(args) if args.is_builtin() => return models::builtin(args, out),
        _ => {}
    }
    let session = Session::open(&cli.global.invocation(), environment, clock, out)?;
    start_logging(&session.config.log).map_err(Failure::usage)?;
    match cli.command {
        Command::Run(args) => Box::pin(run::run(&args, &session, out)).await,
        Command::Continue(args) => Box::pin(continuing::run(&args, &session, out)).await,
        Command::Enqueue(args) => Box::pin(enqueue::run(&args, &session, out)).await,
        Command::Worker(args) => Box::pin(worker::run(&args, &session, out)).await,
        Command::Plan(args) => plan::run(&args, &session, out).await,
        Command::Status(args) => status::run(&args, &session, out).await,
        Command::Results(args) => results::run(&args, &session, out).await,
        Command::Retry(args) => retry::run(&args, &session, out).await,
        Command::Cancel(args) => cancel::run(&args, &session, out).await,
        Command::Pause(args) => pause::pause(&args, &session, out).await,
        Command::Resume(args) => after_loss::resume(&args, &session, out).await,
        Command::Purge(args) => purge::run(&args, &session, out).await,
        Command::Resolve(args) => resolve::run(&args, &session, out).await,
        Command::Backup(args) => backup::run(&args, &session, out).await,
        Command::Cron(action) => cron::run(&action, &session, out).await,
        Command::Models(args) => models::run(&args, &session, out),
        Command::Config(config::Action::Show) => Ok(config::run(&session, out)),
        Command::Doctor(args) => Box::pin(doctor::run(&args, &session, out)).await,
        Command::Sim(args) => Box::pin(sim::run(&args, &session, out)).await,
        Command::Schema | Command::HelpMarkdown | Command::Completions(_) => Ok(Exit::Done),
    }
}
