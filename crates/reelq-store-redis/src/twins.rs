//! Two purchases of one account that one task answers: the script marks the job that it changes, and the other one here.

use reelq_model::JobId;

use super::{
    caller::Caller,
    change::{self, Answer, Guard, Guarded},
};
use reelq_store::{Error, Result, transition::Change};

/// Reports which jobs share a task, and marks the others of them.
pub(super) async fn report(caller: &Caller, changes: &[&Guarded<'_>], answers: &[Answer]) -> Result<()> {
    for (change, answer) in changes.iter().zip(answers) {
        let Answer::Done { twin: Some(other), .. } = answer else { continue };
        let job = &change.change.job;
        tracing::error!(
            job = %job.id, batch = %job.batch, %other, account = %job.spec.account,
            "two purchases of one account were answered with one task: one of them brought nothing of its own"
        );
        // The change was done: its answer must not be hidden by what comes of the other job.
        match Box::pin(mark_ended(caller, *other)).await {
            Ok(()) | Err(Error::Unreadable { .. }) => {}
            Err(error) => tracing::warn!(%other, %error, "the other job could not be marked"),
        }
    }
    Ok(())
}

/// A job that has ended is not changed any more, and so is marked now; any other one is with its next change.
async fn mark_ended(caller: &Caller, job: JobId) -> Result<()> {
    let Some((record, _)) = change::read(caller, &[job]).await?.into_iter().next().flatten() else { return Ok(()) };
    if !record.job.stage.is_terminal() || record.job.shares_task_with.is_some() || record.in_hand() {
        return Ok(());
    }
    let token = change::token(&[b"twin", job.as_bytes(), &record.version.to_be_bytes()]);
    let (now, stored) = (caller.server_clock.now(), record.stored());
    let change = Guarded::new(Guard::Free, &stored, Change::nothing(&stored), token, now);
    change::apply(caller, &[&change]).await.map(drop)
}
