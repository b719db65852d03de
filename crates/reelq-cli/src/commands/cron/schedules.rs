//! The configured schedules that a command is about.

use reelq_console::CommandError;
use reelq_model::ScheduleName;
use reelq_producer::schedule::Schedule;
use reelq_runner::context::CommandContext;

/// The configured schedules; there must be some.
pub(super) fn schedules(context: &CommandContext) -> Result<&[Schedule], CommandError> {
    let none = "no schedule is configured: add [[schedules]] with name, cron and manifest to reelq.toml";
    Some(&*context.config.schedules).filter(|all| !all.is_empty()).ok_or_else(|| CommandError::usage(none))
}

/// The schedule of this name.
pub(super) fn named<'a>(context: &'a CommandContext, name: &ScheduleName) -> Result<&'a Schedule, CommandError> {
    let all = schedules(context)?;
    let known = || all.iter().map(|schedule| schedule.name.to_string()).collect::<Vec<_>>().join(", ");
    let missing = || CommandError::usage(format!("there is no schedule `{name}`: there are {}", known()));
    all.iter().find(|schedule| schedule.name == *name).ok_or_else(missing)
}
