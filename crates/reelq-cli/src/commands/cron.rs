//! `reelq cron`: schedules, their ticks, and firing them.

mod check;
mod list;
mod manifests;
mod run;
mod schedules;
mod trigger;

use reelq_console::{CommandResult, Out};
use reelq_runner::context::CommandContext;
pub(crate) use run::Watch;

/// What to do about schedules.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CronAction {
    /// Fire the ticks of all schedules until stopped; workers buy what they load
    Run,
    /// Show each schedule's next five ticks and what became of its last ones
    List,
    /// Fire a schedule now, as a tick of its own
    Trigger(trigger::TriggerArgs),
    /// Check that every schedule's manifest can be run
    Check,
}

pub(crate) async fn run(action: &CronAction, context: &CommandContext, out: Out) -> CommandResult {
    match action {
        CronAction::Run => Box::pin(run::run(context, out)).await,
        CronAction::List => list::run(context, out).await,
        CronAction::Trigger(args) => Box::pin(trigger::run(args, context, out)).await,
        CronAction::Check => Box::pin(check::run(context, out)).await,
    }
}
