//! `reelq cron`: schedules, their ticks, and firing them.

mod check;
mod list;
mod manifests;
mod run;
mod trigger;

use reelq_console::{Failure, Out, Outcome};
use reelq_model::ScheduleName;
use reelq_producer::schedule::Schedule;
use reelq_runner::context::Session;
pub(crate) use run::Watch;

/// What to do about schedules.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Action {
    /// Fire the ticks of all schedules until stopped; workers buy what they load
    Run,
    /// Show each schedule's next five ticks and what became of its last ones
    List,
    /// Fire a schedule now, as a tick of its own
    Trigger(trigger::Args),
    /// Check that every schedule's manifest can be run
    Check,
}

pub(crate) async fn run(action: &Action, session: &Session, out: Out) -> Outcome {
    match action {
        Action::Run => Box::pin(run::run(session, out)).await,
        Action::List => list::run(session, out).await,
        Action::Trigger(args) => Box::pin(trigger::run(args, session, out)).await,
        Action::Check => Box::pin(check::run(session, out)).await,
    }
}

/// The configured schedules; there must be some.
fn schedules(session: &Session) -> Result<&[Schedule], Failure> {
    let none = "no schedule is configured: add [[schedules]] with name, cron and manifest to reelq.toml";
    Some(&*session.config.schedules).filter(|all| !all.is_empty()).ok_or_else(|| Failure::usage(none))
}

fn named<'a>(session: &'a Session, name: &ScheduleName) -> Result<&'a Schedule, Failure> {
    let all = schedules(session)?;
    let known = || all.iter().map(|schedule| schedule.name.to_string()).collect::<Vec<_>>().join(", ");
    let missing = || Failure::usage(format!("there is no schedule `{name}`: there are {}", known()));
    all.iter().find(|schedule| schedule.name == *name).ok_or_else(missing)
}
