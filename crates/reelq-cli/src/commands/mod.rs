//! The commands: what each is called and what runs it, and one file for each.

use clap::Subcommand;
use reelq_console::{CommandResult, Exit, Out};
use reelq_runner::context::CommandContext;

mod after_loss;
mod backup;
mod cancel;
mod completions;
mod config;
mod config_markdown;
mod consent;
mod continuing;
mod cron;
mod doctor;
mod enqueue;
mod forecast;
mod help_markdown;
mod loading;
mod logs;
mod lookup;
mod models;
mod open;
mod ordering;
mod pause;
mod plan;
mod purge;
mod releasing;
mod resolve;
mod results;
mod retry;
mod run;
mod schema;
mod selection;
mod show;
mod sim;
mod status;
mod worker;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Buy a manifest: submit what is new, wait for what runs, save every output; running it again continues
    Run(Box<run::RunArgs>),
    /// Go on with a batch as it was loaded: reads no manifest, adds no job, and asks nothing
    #[command(name = "continue")]
    Continue(Box<continuing::ContinueArgs>),
    /// Show what a run would do: rows, changes, prices, time; nothing is enqueued
    Plan(plan::PlanArgs),
    /// Play a manifest in virtual time against what earlier jobs tell: end, cost, 429s, with nine in ten; nothing is bought
    Forecast(Box<forecast::ForecastArgs>),
    /// Bring a manifest into the store, for workers to work on; repeating it changes nothing
    Enqueue(enqueue::EnqueueArgs),
    /// Work on everything in the store, whoever enqueued it, until stopped
    Worker(Box<worker::WorkerArgs>),
    /// Show where batches, accounts and jobs stand
    Status(status::StatusArgs),
    /// Show one row in full: what was asked for, what happened and why, and what can be done now
    Show(show::ShowArgs),
    /// Write a page that shows the clips of a batch, to pick and reject them, and open it
    Open(open::OpenArgs),
    /// Print what happened in a batch, the oldest first
    Logs(logs::LogsArgs),
    /// Print the result manifest of a batch: one line for every row
    Results(results::ResultsArgs),
    /// Take failed jobs up again: look at their tasks, fetch what they have, buy again what is over
    Retry(retry::RetryArgs),
    /// Withdraw jobs: at once where they were not submitted, else by asking the provider, where it can
    Cancel(cancel::CancelArgs),
    /// Stop the submissions of a batch or an account
    Pause(pause::PauseArgs),
    /// Let a paused batch or account submit again, or everything after a loss of the state
    Resume(after_loss::ResumeArgs),
    /// Remove the records of finished batches; their files stay, and what they bought stays known
    Purge(purge::PurgeArgs),
    /// List jobs that wait for a person, settle them, or give up any that has not ended
    Resolve(resolve::ResolveArgs),
    /// Copy the state into a file while others work on it, or go back to such a copy
    Backup(backup::BackupArgs),
    /// Fire schedules, list their ticks, and check them
    #[command(subcommand)]
    Cron(cron::CronAction),
    /// Show models, modes, limits and prices
    Models(models::ModelsArgs),
    /// Print the JSON Schema of manifests, or of the configuration
    Schema(schema::SchemaArgs),
    /// Show the configuration
    #[command(subcommand)]
    Config(config::ConfigAction),
    /// Check configuration, keys, clock, disk, store and output place, and say how to fix them
    Doctor(doctor::DoctorArgs),
    /// Run the simulated vendors alone
    Sim(Box<sim::SimServerArgs>),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
    /// Print the help of every command as Markdown
    #[command(hide = true)]
    HelpMarkdown,
    /// Print the tables of configuration keys as Markdown
    #[command(hide = true)]
    ConfigMarkdown,
}

/// Runs a command that reads no configuration; `None` for any other. `described` is the whole command line.
pub(crate) fn run_without_configuration(
    command: &Command,
    described: fn() -> clap::Command,
    out: Out,
) -> Option<CommandResult> {
    Some(match command {
        Command::Completions(args) => Ok(completions::run(args, described(), out)),
        Command::Schema(args) => Ok(schema::run(args, out)),
        Command::HelpMarkdown => Ok(help_markdown::run(described(), out)),
        Command::ConfigMarkdown => Ok(config_markdown::run(out)),
        Command::Models(args) if args.is_builtin() => models::builtin(args, out),
        _ => return None,
    })
}

/// Runs a command on an open configuration.
pub(crate) async fn run_command(command: Command, context: &CommandContext, out: Out) -> CommandResult {
    match command {
        Command::Run(args) => Box::pin(run::run(&args, context, out)).await,
        Command::Continue(args) => Box::pin(continuing::run(&args, context, out)).await,
        Command::Enqueue(args) => Box::pin(enqueue::run(&args, context, out)).await,
        Command::Worker(args) => Box::pin(worker::run(&args, context, out)).await,
        Command::Plan(args) => plan::run(&args, context, out).await,
        Command::Forecast(args) => Box::pin(forecast::run(&args, context, out)).await,
        Command::Status(args) => status::run(&args, context, out).await,
        Command::Show(args) => Box::pin(show::run(&args, context, out)).await,
        Command::Open(args) => Box::pin(open::run(&args, context, out)).await,
        Command::Logs(args) => logs::run(&args, context, out).await,
        Command::Results(args) => results::run(&args, context, out).await,
        Command::Retry(args) => retry::run(&args, context, out).await,
        Command::Cancel(args) => cancel::run(&args, context, out).await,
        Command::Pause(args) => pause::pause(&args, context, out).await,
        Command::Resume(args) => after_loss::resume(&args, context, out).await,
        Command::Purge(args) => purge::run(&args, context, out).await,
        Command::Resolve(args) => resolve::run(&args, context, out).await,
        Command::Backup(args) => backup::run(&args, context, out).await,
        Command::Cron(action) => cron::run(&action, context, out).await,
        Command::Models(args) => models::run(&args, context, out),
        Command::Config(config::ConfigAction::Show) => Ok(config::run(context, out)),
        Command::Doctor(args) => Box::pin(doctor::run(&args, context, out)).await,
        Command::Sim(args) => Box::pin(sim::run(&args, context, out)).await,
        Command::Schema(_) | Command::HelpMarkdown | Command::ConfigMarkdown | Command::Completions(_) => {
            Ok(Exit::Done)
        }
    }
}
