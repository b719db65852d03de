//! Tasks that a person names, and corrects: a person may have looked at another row's.

use super::Wake;
use crate::{FailureKind, RemoteTask, Resolution, Stage, Submission, TaskId, Timestamp};

/// What a person's word about the task makes of a stage; nothing where it cannot be said.
pub(super) fn resolved(stage: &Stage, resolution: Resolution) -> Option<(Stage, Wake)> {
    match resolution {
        Resolution::Follows { task, submission, at } => follows(stage, task, submission, at),
        Resolution::WrongTask => wrong(stage),
        Resolution::NotBought | Resolution::Resubmit | Resolution::GiveUp => None,
    }
}

fn follows(stage: &Stage, task: TaskId, submission: Submission, at: Timestamp) -> Option<(Stage, Wake)> {
    let fits = match stage {
        Stage::Submitting { submission: open } | Stage::Unconfirmed { submission: open, .. } => *open == submission,
        // It was given up while no one knew whether it was bought.
        Stage::Failed { failure, task: None } => failure.kind == FailureKind::GivenUp,
        other => {
            let other = other.task()?;
            other.named.as_deref() == Some(&submission) && other.id != task
        }
    };
    let task = RemoteTask { mark: submission.mark, ..RemoteTask::accepted(task, submission.number, at) };
    fits.then(|| (Stage::Running { task: RemoteTask { named: Some(Box::new(submission)), ..task } }, Wake::Now))
}

fn wrong(stage: &Stage) -> Option<(Stage, Wake)> {
    let task = stage.task()?;
    let submission = Submission::clone(task.named.as_deref()?);
    let reason = format!("a person had named task {}, which is not its own", task.id);
    Some((Stage::Unconfirmed { submission, reason }, Wake::Never))
}
