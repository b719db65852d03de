//! The jobs that wait for a person, with all that is known of them.

use reelq_console::{CommandError, CommandResult, Exit, Out, money, quoted, table};
use reelq_model::{Money, Stage, Status, Timestamp};
use reelq_runner::{
    context::CommandContext,
    jobs::{
        matched::name,
        selection::{brief, place},
        stuck::{Stuck, draw as draw_stuck, say_stuck},
    },
    pauses::pause,
};
use reelq_store::{JobFilter, JobView, Store, first};
use serde::Serialize;

use super::ResolveArgs;

/// All that is known of an unconfirmed job.
#[derive(Debug, Serialize)]
struct Unconfirmed {
    job: String,
    batch: String,
    row: Option<u64>,
    copy: Option<u32>,
    id: Option<String>,
    account: String,
    model: String,
    prompt: String,
    price_usd: Option<Money>,
    submission: u32,
    key: String,
    sent_at: Timestamp,
    reason: String,
    /// A task id that an unreadable reply seems to name.
    candidate: Option<String>,
}

pub(super) async fn run(
    args: &ResolveArgs,
    jobs: &[JobView],
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> CommandResult {
    if args.stuck {
        return list_stuck(args, jobs, context, store, out).await;
    }
    list_unconfirmed(jobs, &context.flags(), out);
    // They are jobs that this list does not show.
    say_stuck(&args.selection.plain().filter(args.batch.as_ref(), &[], &[]), context, store, out).await?;
    Ok(Exit::Done)
}

fn list_unconfirmed(jobs: &[JobView], flags: &str, out: Out) {
    let known: Vec<_> = jobs.iter().filter_map(known).collect();
    out.report_list("unconfirmed", &known, |known| {
        if known.is_empty() { "no job is unconfirmed".to_owned() } else { draw(known, jobs) }
    });
    let Some(first) = known.first() else { return };
    let (job, rest) = (&first.job, if known.len() > 1 { ", of the first for example" } else { "" });
    out.note(&format!(
        "\nLook each one up in the provider's own task list by time and prompt (or by its key), then say what you found{rest}:\n  \
         it is there, as this task; follow it:  reelq resolve --job {job} --accepted TASK_ID{flags}\n  \
         it is not; it may be submitted again:  reelq resolve --job {job} --not-bought{flags}\n  \
         leave it:                              reelq resolve --job {job} --give-up{flags}"
    ));
    jobs.iter().filter_map(|view| candidate(view, flags)).for_each(|line| out.note(&line));
}

/// The task that a reply seems to name, and the command that takes it.
fn candidate(view: &JobView, flags: &str) -> Option<String> {
    let (task, job) = (view.job.candidate.as_ref()?, view.job.id);
    let take = format!("reelq resolve --job {job} --accepted {}{flags}", quoted(task.as_str()));
    Some(format!("\nThe reply to {} seems to name task {task}. If it is there:\n  {take}", name(view)))
}

async fn list_stuck(
    args: &ResolveArgs,
    jobs: &[JobView],
    context: &CommandContext,
    store: &dyn Store,
    out: Out,
) -> CommandResult {
    let (found, now): (Vec<_>, _) = (jobs.iter().filter_map(Stuck::of).collect(), store.now().await?);
    let held = held(args, context, store).await?;
    out.report_list("stuck", &found, |found| match found.as_slice() {
        [] if held.is_empty() => "every open job gets on".to_owned(),
        [] => "no open job has a trouble of its own".to_owned(),
        _ => draw_stuck(found, usize::MAX, now),
    });
    for line in &held {
        out.note(line);
    }
    if let Some(first) = found.first() {
        let (job, flags) = (&first.job, context.flags());
        out.note(&format!(
            "\nThey are tried again by themselves, and nothing is bought twice. To follow one no longer, such as the first:\n  \
             reelq resolve --job {job} --give-up{flags}"
        ));
    }
    Ok(Exit::Done)
}

/// What holds back the accounts of the open jobs that are meant, a line each.
async fn held(args: &ResolveArgs, context: &CommandContext, store: &dyn Store) -> Result<Vec<String>, CommandError> {
    let mut lines = Vec::new();
    for view in store.accounts().await?.iter().filter(|view| !view.pauses.is_empty()) {
        let open = [Status::Queued, Status::Submitting, Status::Running];
        let filter = args.selection.plain().filter(args.batch.as_ref(), &open, &[]);
        if filter.account.as_ref().is_some_and(|account| *account != view.name) {
            continue;
        }
        let filter = JobFilter { account: Some(view.name.clone()), ..filter };
        if !first(store, &filter, 1).await?.is_empty() {
            let pauses = view.pauses.iter().map(pause).collect::<Vec<_>>().join("; ");
            let (name, flags) = (&view.name, context.flags());
            lines.push(format!(
                "account {name} is {pauses}, and its rows wait\n    to lift it: reelq resume --account {name}{flags}"
            ));
        }
    }
    Ok(lines)
}

fn known(view: &JobView) -> Option<Unconfirmed> {
    let job = &view.job;
    let Stage::Unconfirmed { submission, reason } = &job.stage else { return None };
    Some(Unconfirmed {
        job: job.id.to_string(),
        batch: job.batch.to_string(),
        row: view.line.as_ref().map(|line| line.row),
        copy: view.line.as_ref().map(|line| line.copy),
        id: view.line.as_ref().and_then(|line| line.label.clone()),
        account: job.spec.account.to_string(),
        model: job.spec.model.to_string(),
        prompt: job.spec.prompt().to_owned(),
        price_usd: job.price,
        submission: submission.number,
        key: submission.key.to_string(),
        sent_at: submission.at,
        reason: reason.clone(),
        candidate: job.candidate.as_ref().map(ToString::to_string),
    })
}

fn draw(known: &[Unconfirmed], jobs: &[JobView]) -> String {
    let rows = known.iter().zip(jobs).map(|(job, view)| {
        let price = job.price_usd.map_or_else(|| "?".to_owned(), money);
        let prompt = brief(&job.prompt, 32);
        let (account, sent_at) = (job.account.clone(), job.sent_at.to_string());
        vec![place(view), job.job.clone(), account, job.model.clone(), price, sent_at, brief(&job.reason, 40), prompt]
    });
    table(&["row", "job", "account", "model", ">price", "sent at", "why", "prompt"], rows)
}

#[cfg(test)]
mod tests {
    use reelq_model::{Event, TaskId};
    use reelq_runner::samples::{after, submitting, view};

    use super::*;

    fn unconfirmed(candidate: Option<&str>) -> JobView {
        let candidate = candidate.map(|task| TaskId::new(task).unwrap());
        let job = after(&submitting(), [Event::Unresolved { reason: "cut off".to_owned(), candidate }]);
        view(job)
    }

    #[test]
    fn the_task_that_a_reply_seems_to_name_is_offered_with_the_command_that_takes_it() {
        let view = unconfirmed(Some("t 9"));
        let offered = candidate(&view, " --simulate").unwrap();
        let command = format!("reelq resolve --job {} --accepted 't 9' --simulate", view.job.id);
        assert!(offered.contains("seems to name task t 9") && offered.ends_with(&command), "{offered}");
        assert_eq!(known(&view).unwrap().candidate.as_deref(), Some("t 9"));
        assert_eq!(candidate(&unconfirmed(None), ""), None);
    }
}
