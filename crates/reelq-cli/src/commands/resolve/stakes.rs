//! What is at stake when a person says something of jobs: what was paid, what may have been, and what can be done instead.

use reelq_console::{CommandError, cost_of, grouped, plural, quoted};
use reelq_model::Status;
use reelq_runner::{
    context::CommandContext,
    jobs::{matched::name, withdrawal::Abilities},
};
use reelq_store::JobView;

/// Jobs whose reply seems to name a task: they were very likely bought. `flags` complete the command that follows it.
pub(crate) fn named<'a>(jobs: impl IntoIterator<Item = &'a JobView>, flags: &str) -> Vec<String> {
    let line = |view: &JobView| {
        let task = view.job.candidate.as_ref()?;
        Some(format!(
            "the reply to {} seems to name task {task}: look it up before it is paid for twice; `reelq resolve --job {} --accepted {}{flags}` follows it",
            name(view),
            view.job.id,
            quoted(task.as_str())
        ))
    };
    jobs.into_iter().filter_map(line).take(NAMED).collect()
}

/// At most this many jobs are named one by one.
const NAMED: usize = 20;

/// The command that asks providers to withdraw those of the jobs that they can withdraw.
pub(super) fn withdrawable(jobs: &[JobView], context: &CommandContext) -> Result<Option<String>, CommandError> {
    let (mut abilities, mut ids) = (Abilities::new(context), Vec::new());
    for view in jobs.iter().filter(|view| view.job.status() == Status::Running).take(NAMED) {
        if abilities.withdraws(&view.job)? {
            ids.push(format!(" --job {}", view.job.id));
        }
    }
    let batch = jobs.first().map(|view| view.job.batch.to_string()).unwrap_or_default();
    Ok((!ids.is_empty()).then(|| format!("reelq cancel {batch}{}{}", ids.concat(), context.flags())))
}

pub(super) fn counted(count: usize) -> String {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    format!("{} job{}", grouped(count), plural(count))
}

pub(super) fn prices<'a>(views: impl IntoIterator<Item = &'a JobView>) -> String {
    cost_of(views.into_iter().map(|view| view.job.price))
}

/// What is lost with jobs that are given up: what was paid for those with a task, what may have been for the others.
pub(super) fn given_up(views: &[JobView]) -> Vec<String> {
    let (bought, unknown): (Vec<_>, Vec<_>) = views.iter().partition(|view| view.job.stage.task().is_some());
    let mut lines = Vec::new();
    if !unknown.is_empty() {
        let (jobs, amount) = (counted(unknown.len()), prices(unknown.iter().copied()));
        lines.push(format!("{jobs} will end as failed; up to {amount} may have been charged for nothing."));
    }
    if !bought.is_empty() {
        let (jobs, paid) = (counted(bought.len()), paid(&bought));
        lines.push(format!("{jobs} will end as failed, and no one follows the task any more; {paid} is charged."));
    }
    lines
}

/// What is charged for jobs whose tasks are known, as far as the provider or the catalogue says.
pub(crate) fn paid(views: &[&JobView]) -> String {
    let charges = |view: &&JobView| {
        let unknown = view.job.charges.iter().any(|charge| charge.amount.is_none());
        (!unknown).then(|| view.job.spent())
    };
    cost_of(views.iter().map(charges))
}

#[cfg(test)]
mod tests {
    use reelq_model::{Event, TaskId};
    use reelq_runner::samples::{after, fetching, running, submitting, view};

    use super::*;

    #[test]
    fn giving_up_names_what_is_charged_and_what_may_be() {
        let views = [submitting(), running(), fetching()].map(view);
        assert_eq!(
            given_up(&views),
            [
                "1 job will end as failed; up to $0.30 may have been charged for nothing.",
                "2 jobs will end as failed, and no one follows the task any more; $0.60 is charged.",
            ]
        );
    }

    #[test]
    fn a_row_that_was_very_likely_bought_is_named_before_it_is_called_not_bought() {
        let candidate = Some(TaskId::new("t-9").unwrap());
        let event = Event::Unresolved { reason: "cut off".to_owned(), candidate };
        let views = [view(after(&submitting(), [event])), view(submitting())];
        let named = named(&views, " --simulate");
        assert_eq!((named.len(), named[0].contains("seems to name task t-9")), (1, true), "{named:?}");
        assert!(named[0].ends_with("--accepted t-9 --simulate` follows it"), "{named:?}");
    }
}
