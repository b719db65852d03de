//! What can be done about a row now. No command that is named here buys what was, or may have been, bought.

use reelq_console::quoted;
use reelq_model::{FailureKind, Job, Stage, Timestamp};
use reelq_runner::{
    context::CommandContext,
    jobs::named::shown_name,
    paid::{Paid, failure_of},
};
use reelq_store::{BatchView, JobView};
use serde::Serialize;

/// Something that can be done, and the complete command that does it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct NextStep {
    pub(super) what: &'static str,
    pub(super) command: String,
}

pub(super) fn steps(context: &CommandContext, batch: &BatchView, view: &JobView, now: Timestamp) -> Vec<NextStep> {
    let flags = context.flags();
    if view.is_unreadable() {
        return vec![step("its record cannot be read; see what is wrong with it", format!("reelq doctor{flags}"))];
    }
    let names = Names { batch: batch.batch.name.as_str(), row: shown_name(view), job: view.job.id.to_string(), flags };
    of_stage(&names, &view.job, now, &Ways::of(context, batch))
}

/// How the commands name the row.
struct Names<'a> {
    batch: &'a str,
    row: String,
    job: String,
    flags: String,
}

/// The commands that go on with the whole batch.
struct Ways {
    buy: String,
    follow: String,
}

impl Ways {
    fn of(context: &CommandContext, batch: &BatchView) -> Self {
        let name = &batch.batch.name;
        Self { buy: context.continue_command(name), follow: context.follow_command(name) }
    }
}

fn of_stage(names: &Names<'_>, job: &Job, now: Timestamp, ways: &Ways) -> Vec<NextStep> {
    let Names { batch, row, job: id, flags } = names;
    let command = |verb: &str, rest: &str| format!("reelq {verb} {batch} --job {id}{rest}{flags}");
    let follow = || step("follow it and fetch what it brings, free of charge", ways.follow.clone());
    match &job.stage {
        Stage::Ready => vec![
            step("buy what the batch has queued, after a question", ways.buy.clone()),
            step("withdraw it, which costs nothing", command("cancel", "")),
        ],
        Stage::Submitting { .. } | Stage::Fetching { .. } => vec![follow()],
        Stage::Running { .. } => {
            vec![follow(), step("ask the provider to cancel it, where it can", command("cancel", ""))]
        }
        Stage::Unconfirmed { .. } => vec![step("see how to settle whether it was bought", command("resolve", ""))],
        Stage::Succeeded { .. } => {
            vec![step("look at it", format!("reelq open {batch} {}{flags}", quoted(row)))]
        }
        Stage::Failed { .. } => failed(names, job, now),
        Stage::Cancelled { task: Some(_) } => {
            vec![step("look whether its task has brought anything, free of charge", command("retry", " --look"))]
        }
        Stage::Cancelled { task: None } => {
            vec![step("queue it again, after a question: it was never bought", command("retry", " --cancelled"))]
        }
    }
}

fn failed(names: &Names<'_>, job: &Job, now: Timestamp) -> Vec<NextStep> {
    let Names { batch, job: id, flags, .. } = names;
    let command = |verb: &str, rest: &str| format!("reelq {verb} {batch} --job {id}{rest}{flags}");
    let kind = failure_of(job).unwrap_or(FailureKind::Provider);
    match Paid::of(job, now) {
        _ if matches!(kind, FailureKind::Content | FailureKind::Invalid) => vec![step(
            "the same request would be refused again: write the rows that failed so, and change them",
            format!("reelq results {batch} --failed --kind {kind} --as manifest{flags}"),
        )],
        Paid::Nothing => {
            vec![step("buy it again, after a question: nothing was paid for it", command("retry", " --uncharged"))]
        }
        Paid::Unknown => vec![step(
            "ask the provider whether it was bought; what it may have cost stands here",
            format!("reelq results {batch} --failed --kind {kind}{flags}"),
        )],
        Paid::Task | Paid::Clip => vec![step(
            "it is paid for: look at its task again, and fetch what it has, free of charge",
            command("retry", " --look"),
        )],
    }
}

const fn step(what: &'static str, command: String) -> NextStep {
    NextStep { what, command }
}

#[cfg(test)]
mod tests {
    use reelq_model::Settlement;
    use reelq_runner::samples::{NOW, failed as failed_job, fetching, given_up, lost, rejected, running, submitting};

    use super::*;

    fn commands(job: &Job) -> Vec<String> {
        let names = Names { batch: "set", row: "4.1".to_owned(), job: "ab".to_owned(), flags: String::new() };
        let ways = Ways { buy: "reelq continue set".to_owned(), follow: "reelq worker --batch set".to_owned() };
        of_stage(&names, job, NOW, &ways).into_iter().map(|step| step.command).collect()
    }

    #[test]
    fn no_step_buys_what_was_or_may_have_been_bought() {
        let paid = [submitting(), running(), fetching()].map(|job| given_up(&job));
        let lost = [FailureKind::Output, FailureKind::Expired].map(lost);
        let charged = FailureKind::ALL.map(|kind| failed_job(kind, Settlement::Charged));
        let open = [submitting(), running(), fetching()];
        for job in paid.iter().chain(&lost).chain(&charged).chain(&open) {
            for command in commands(job) {
                let buys = command.starts_with("reelq continue")
                    || (command.starts_with("reelq retry") && !command.contains("--look"));
                assert!(!buys, "{command}: {:?}", job.stage);
            }
        }
    }

    #[test]
    fn what_cost_nothing_may_be_bought_again() {
        let refused = rejected(FailureKind::Transient);
        assert_eq!(commands(&refused), ["reelq retry set --job ab --uncharged"]);
    }
}
