//! The configured schedules that a command is about.

use reelq_console::Failure;
use reelq_model::ScheduleName;
use reelq_producer::schedule::Schedule;
use reelq_runner::context::Session;

/// The configured schedules; there must be some.
pub(super) fn schedules(session: &Session) -> Result<&[Schedule], Failure> {
    let none = "no schedule is configured: add [[schedules]] with name, cron and manifest to reelq.toml";
    Some(&*session.config.schedules).filter(|all| !all.is_empty()).ok_or_else(|| Failure::usage(none))
}

/// The schedule of this name.
pub(super) fn named<'a>(session: &'a Session, name: &ScheduleName) -> Result<&'a Schedule, Failure> {
    let all = schedules(session)?;
    let known = || all.iter().map(|schedule| schedule.name.to_string()).collect::<Vec<_>>().join(", ");
    let missing = || Failure::usage(format!("there is no schedule `{name}`: there are {}", known()));
    all.iter().find(|schedule| schedule.name == *name).ok_or_else(missing)
}
