//! What else there is to know of a line: nothing of it is an error. Pure.

use reelq_model::{Job, Stage, TroubleKind, Troubles};
use reelq_store::{JobView, ResultLine, Unread};

use super::record::{doubt, files, orphan, unknown_charge};

/// The note of a line; `sharers` are the jobs that its task, or one of its unexpected ones, stands for as well.
pub(super) fn note(line: &ResultLine, sharers: &[JobView]) -> Option<String> {
    let job = &line.view.job;
    // Whatever its own record holds, a second charge is reported.
    let orphans = line.orphans.iter().map(orphan);
    if line.view.is_unreadable() {
        return joined(&orphans.collect::<Vec<_>>());
    }
    let mut parts: Vec<String> = doubt(job).into_iter().chain(orphans).collect();
    parts.extend(all(line).filter_map(|job| shared(job, sharers)));
    parts.extend(unknown_charge(job));
    parts.extend(further(job));
    parts.extend(files(job).iter().filter_map(|file| file.note.clone()));
    parts.extend(waiting(&line.view));
    parts.extend(candidate(job));
    let line_is_unread = matches!(line.view.unread, Some(Unread::Line(_)));
    parts.extend(line_is_unread.then(|| "its line of the manifest cannot be read; `reelq doctor` names it".to_owned()));
    joined(&parts)
}

fn joined(parts: &[String]) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The line's job and the records of charges that no one expected.
pub(super) fn all(line: &ResultLine) -> impl Iterator<Item = &Job> {
    std::iter::once(&line.view.job).chain(&line.orphans)
}

fn shared(job: &Job, sharers: &[JobView]) -> Option<String> {
    let other = job.shares_task_with?;
    let task = job.stage.task().map(|task| &task.id).or_else(|| job.charges.last().map(|charge| &charge.task));
    let task = task.map_or_else(|| "its task".to_owned(), |task| format!("task {task}"));
    let found = sharers.iter().find(|view| view.job.id == other);
    let whose = found.map_or_else(|| format!("job {other}"), |view| place(view, job));
    Some(format!("{task} also stands for {whose}: one of the two purchases has brought nothing of its own"))
}

/// The other job as a reader of the result manifest finds it.
fn place(view: &JobView, job: &Job) -> String {
    let batch = if view.job.batch == job.batch { String::new() } else { format!(" of batch {}", view.job.batch) };
    match &view.line {
        Some(line) if line.copy > 1 => format!("row {} (copy {}){batch}", line.row, line.copy),
        Some(line) => format!("row {}{batch}", line.row),
        None => format!("job {}{batch}", view.job.id),
    }
}

fn further(job: &Job) -> Option<String> {
    let more: Vec<&str> = files(job).iter().skip(1).map(|file| file.path.as_str()).collect();
    (!more.is_empty()).then(|| format!("further outputs: {}", more.join(", ")))
}

/// What a line that has not ended waits for.
fn waiting(view: &JobView) -> Vec<String> {
    let job = &view.job;
    if job.status().is_terminal() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    parts.extend(view.parked.then(|| "it is parked: an event came that could not happen to it".to_owned()));
    parts.extend(view.cancel_requested.then(|| "it is asked to be cancelled".to_owned()));
    let is_open = matches!(job.stage, Stage::Submitting { .. });
    parts.extend(job.troubles.as_ref().map(|troubles| trouble(troubles, is_open)));
    let overdue = matches!(&job.stage, Stage::Running { task } if task.overdue);
    parts.extend(overdue.then(|| "its task runs longer than usual, and is looked at slowly".to_owned()));
    let until = job.outputs_until.filter(|_| job.succeeded_at.is_some());
    parts.extend(until.map(|until| format!("its output is waited for until {}", until.with_millis())));
    if !parts.is_empty() {
        parts.extend(view.due.map(|due| format!("it is looked at again at {}", due.with_millis())));
    }
    parts
}

fn trouble(troubles: &Troubles, is_open: bool) -> String {
    let what = match troubles.last.kind {
        TroubleKind::Submit if is_open => "it is not known yet whether it is bought",
        TroubleKind::Submit | TroubleKind::TurnedAway => "it is not bought yet",
        TroubleKind::Status => "the provider does not say how its task stands",
        TroubleKind::NotFound => "the provider says that it does not know its task",
        TroubleKind::NoOutput => "its task succeeded, and no output is named yet",
        TroubleKind::SaysFailed => "the provider reports an error in words that it does not document",
        TroubleKind::Fetch => "its output cannot be fetched yet",
    };
    let times = if troubles.count > 1 { format!(", {} times", troubles.count) } else { String::new() };
    format!("{what}: {} (since {}{times})", troubles.last.reason, troubles.since.with_millis())
}

/// The id that an unreadable reply seems to name is where a person begins to look.
fn candidate(job: &Job) -> Option<String> {
    let is_settled = job.status().is_terminal() && job.in_doubt().is_none();
    let candidate = job.candidate.as_ref().filter(|_| !is_settled)?;
    Some(format!("a reply to its submission seems to name task {candidate}"))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use reelq_model::{Digest, RemoteTask, StoredFile, TaskId, Timestamp, Trouble};
    use reelq_store::Line;

    use super::*;
    use reelq_testkit::sample;

    fn view(job: Job, row: u64) -> JobView {
        let line = Line { row, copy: 1, label: None, passthrough: BTreeMap::new() };
        JobView { job, line: Some(line), due: None, worker: None, cancel_requested: false, parked: false, unread: None }
    }

    fn of(job: Job, sharers: &[JobView]) -> Option<String> {
        note(&ResultLine { view: view(job, 7), orphans: Vec::new(), former: None }, sharers)
    }

    fn task(id: &str) -> RemoteTask {
        RemoteTask::accepted(TaskId::new(id).unwrap(), 1, Timestamp::default())
    }

    #[test]
    fn a_line_that_gets_on_has_no_note() {
        assert_eq!(of(sample::job("a cat"), &[]), None);
    }

    #[test]
    fn a_shared_task_names_the_other_row_and_its_batch() {
        let (mut job, mut other) = (sample::job("a cat"), sample::job("a dog"));
        job.stage = Stage::Running { task: task("t-1") };
        job.shares_task_with = Some(other.id);
        let note = of(job.clone(), &[view(other.clone(), 3)]).unwrap();
        assert_eq!(note, "task t-1 also stands for row 3: one of the two purchases has brought nothing of its own");
        other.batch = reelq_model::BatchName::new("clips").unwrap();
        assert!(of(job.clone(), &[view(other.clone(), 3)]).unwrap().contains("row 3 of batch clips"));
        assert!(of(job, &[]).unwrap().contains(&format!("job {}", other.id)), "purged meanwhile");
    }

    #[test]
    fn an_outstanding_line_says_what_it_waits_for_and_an_ended_one_does_not() {
        let mut job = sample::job("a cat");
        job.stage = Stage::Running { task: task("t-1") };
        let trouble = |kind, at| Troubles::after(None, Trouble::new(kind, "404 page"), at);
        let first = trouble(TroubleKind::Fetch, Timestamp::default());
        let again = Trouble::new(TroubleKind::Fetch, "404 page");
        job.troubles = Some(Troubles::after(Some(&first), again, Timestamp::default()));
        job.succeeded_at = Some(Timestamp::default());
        job.outputs_until = Some(Timestamp::default().after(Duration::from_hours(1)));
        let note = of(job.clone(), &[]).unwrap();
        assert_eq!(
            note,
            "its output cannot be fetched yet: 404 page (since 1970-01-01T00:00:00.000Z, 2 times); \
             its output is waited for until 1970-01-01T01:00:00.000Z"
        );
        job.stage = Stage::Cancelled { task: None };
        assert_eq!(of(job, &[]), None);
    }

    #[test]
    fn a_candidate_and_further_outputs_are_named() {
        let mut job = sample::job("a cat");
        job.candidate = Some(TaskId::new("t-9").unwrap());
        assert_eq!(of(job.clone(), &[]).unwrap(), "a reply to its submission seems to name task t-9");
        let file = |path: &str| StoredFile {
            path: path.to_owned(),
            bytes: 9,
            sha256: Digest::of(b"x"),
            source_url: "https://c/v".to_owned(),
            expires_at: None,
            note: (path == "a.mp4").then(|| "c.png is kept aside".to_owned()),
        };
        job.stage = Stage::Succeeded { task: task("t-1"), files: vec![file("a.mp4"), file("a.png"), file("b.png")] };
        assert_eq!(of(job, &[]).unwrap(), "further outputs: a.png, b.png; c.png is kept aside");
    }
}
