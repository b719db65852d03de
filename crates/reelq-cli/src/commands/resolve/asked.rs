//! Asking the provider for a task that a person names, before it is followed in the place of one that may have been bought.

use std::sync::Arc;

use reelq_console::{CommandError, Out};
use reelq_http::Transport;
use reelq_model::TaskId;
use reelq_provider::PollOutcome;
use reelq_runner::{adapters, context::CommandContext, jobs::matched::name, work::account::http};
use reelq_store::{JobFilter, JobView, Store, Walk};

/// Refuses a task that another row follows, or that the provider does not know, or of which it says nothing.
///
/// # Errors
///
/// With what was found, and with the way on.
pub(super) async fn check(
    context: &CommandContext,
    store: &dyn Store,
    view: &JobView,
    task: &TaskId,
    out: Out,
) -> Result<(), CommandError> {
    if let Some(other) = follower(store, view, task).await? {
        let (other, batch) = (name(&other), &other.job.batch);
        return Err(refused(task, &format!("{other} of batch {batch} is charged for it already")));
    }
    // The simulated vendors live only while a simulation runs.
    if context.is_simulated() {
        return Ok(());
    }
    let said = ask(context, view, task).await?;
    out.note(&format!("the provider knows task {task}: {said}"));
    Ok(())
}

fn refused(task: &TaskId, why: &str) -> CommandError {
    CommandError::usage(format!(
        "task {task} is not followed: {why}; nothing was changed. To follow it all the same, add --force"
    ))
}

/// Another job of the account that is charged for the task.
async fn follower(store: &dyn Store, view: &JobView, task: &TaskId) -> Result<Option<JobView>, CommandError> {
    let filter = JobFilter { account: Some(view.job.spec.account.clone()), ..JobFilter::default() };
    let mut walk = Walk::new(store, &filter);
    while let Some(other) = walk.next().await? {
        if other.job.id != view.job.id && other.job.knows_task(task) {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// What the provider says of the task, asked with the account's key about a row of this kind.
async fn ask(context: &CommandContext, view: &JobView, task: &TaskId) -> Result<String, CommandError> {
    let spec = &view.job.spec;
    let Some(account) = context.config.accounts.get(&spec.account) else {
        let name = &spec.account;
        return Err(refused(
            task,
            &format!("the provider cannot be asked, for account `{name}` is not configured here"),
        ));
    };
    let (http, provider) = (http(context, account, None)?, adapters::open(context, account)?);
    let transport =
        Transport::new(&http, Arc::clone(&context.clock)).map_err(|error| CommandError::usage(error.to_string()))?;
    let reply = transport.call(&provider.poll(spec, task)).await;
    let reply = reply.map_err(|error| refused(task, &format!("the provider could not be asked: failed to {error}")))?;
    match provider.polled(spec, task, &reply) {
        PollOutcome::Running { word, .. } => Ok(format!("it runs ({word})")),
        PollOutcome::Finished { .. } => Ok("it has an output".to_owned()),
        PollOutcome::FinishedEmpty => Ok("it has ended, and names no output yet".to_owned()),
        PollOutcome::Failed { failure, .. } | PollOutcome::SaysFailed { failure, .. } => {
            Ok(format!("it failed: {failure}"))
        }
        PollOutcome::Cancelled { .. } => Ok("it was withdrawn".to_owned()),
        PollOutcome::NotFound { message } => {
            Err(refused(task, &format!("the provider knows no such task ({message})")))
        }
        PollOutcome::Throttled(setback) | PollOutcome::Unclear(setback) => {
            Err(refused(task, &format!("the provider did not say what it is: {}", setback.reason)))
        }
        PollOutcome::Blocked { reason, message } => {
            Err(refused(task, &format!("the provider refuses the account ({}): {message}", reason.as_str())))
        }
    }
}
