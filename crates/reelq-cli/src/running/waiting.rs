//! What a run leaves to the next one: which rows wait for what, since when, and until when.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{BatchName, Event, Job, Stage, Status, Timestamp};
use reelq_store::{JobFilter, JobView, Page, Pause, PauseReason, Store};
use serde::Serialize;

use super::verdict::Verdict;
use crate::{
    commands::selection::{brief, place},
    failure::Failure,
    output::{grouped, plural},
};

/// Rows that are told one by one.
const TOLD: usize = 10;
/// Jobs that are looked at, of those that are queued and of those that are not.
const LOOKED_AT: usize = 1_000;
/// The longest reason that is told.
const REASON: usize = 160;

/// A row that does not get on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WaitingRow {
    /// Its row and copy, as `row.copy`.
    row: String,
    status: Status,
    task: Option<String>,
    /// Why it does not get on.
    reason: String,
    /// How many answers in a row brought nothing.
    times: u32,
    since: Timestamp,
    /// When it is looked at again.
    until: Option<Timestamp>,
}

/// Reads the batch's rows that do not get on.
pub(super) async fn read(store: &dyn Store, batch: &BatchName) -> Result<Vec<WaitingRow>, Failure> {
    let mut found = Vec::new();
    for statuses in [vec![Status::Submitting, Status::Running, Status::Fetching], vec![Status::Queued]] {
        let filter = JobFilter { batch: Some(batch.clone()), statuses, ..JobFilter::default() };
        let jobs = store.jobs(&filter, Page { after: 0, limit: LOOKED_AT }).await?;
        found.extend(jobs.iter().filter_map(waiting_row));
    }
    Ok(found)
}

fn waiting_row(view: &JobView) -> Option<WaitingRow> {
    let (reason, times, since) = why(&view.job)?;
    let task = view.job.stage.task().map(|task| task.id.to_string());
    Some(WaitingRow { row: place(view), status: view.job.status(), task, reason, times, since, until: view.due })
}

fn why(job: &Job) -> Option<(String, u32, Timestamp)> {
    if let Some(troubles) = &job.troubles {
        return Some((troubles.last.reason.clone(), troubles.count, troubles.since));
    }
    match &job.stage {
        Stage::Running { task } if task.overdue => {
            let word = task.word.as_deref().unwrap_or("no word of it");
            let since = job.submitted_at.unwrap_or(task.accepted_at);
            Some((format!("still {word}, past running_timeout"), task.polls, since))
        }
        _ => None,
    }
}

/// The part of the summary that says what waits for what.
pub(super) fn waiting(verdict: &Verdict) -> Vec<String> {
    let throttled = verdict
        .accounts
        .iter()
        .flat_map(|view| view.pauses.iter().filter_map(|pause| throttled(view.name.as_str(), pause)));
    let mut lines: Vec<_> = throttled.filter(|_| verdict.outstanding > 0).collect();
    let rows = &verdict.waiting;
    if rows.is_empty() {
        return lines;
    }
    lines.push("! waiting for the vendor; what was bought stays known, and nothing is bought twice".to_owned());
    lines.extend(rows.iter().take(TOLD).map(told));
    lines.extend(rest(&rows[TOLD.min(rows.len())..]));
    lines
}

fn throttled(account: &str, pause: &Pause) -> Option<String> {
    let until = pause.until.filter(|_| pause.reason == PauseReason::Throttled)?;
    Some(format!("! account {account} is throttled until {until}"))
}

fn told(row: &WaitingRow) -> String {
    let WaitingRow { row: place, status, reason, times, since, .. } = row;
    let task = row.task.as_ref().map(|task| format!(", task {task}")).unwrap_or_default();
    let until = row.until.map(|until| format!("; next look at {until}")).unwrap_or_default();
    let reason = brief(reason, REASON);
    format!(
        "    row {place}, {status}{task}: {reason} (since {since}, {times} answer{}){until}",
        plural(u64::from(*times))
    )
}

fn rest(rows: &[WaitingRow]) -> Option<String> {
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        *reasons.entry(brief(&row.reason, REASON)).or_default() += 1;
    }
    let told: Vec<_> =
        reasons.iter().take(TOLD).map(|(reason, count)| format!("{} × {reason}", grouped(*count))).collect();
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    (count > 0).then(|| format!("    and {} more: {}", grouped(count), told.join(" · ")))
}

/// Has every job of the batch looked at now that would otherwise wait for longer than `limit`: a person ran it again.
pub(crate) async fn look_soon(store: &dyn Store, batch: &BatchName, limit: Duration) -> Result<(), Failure> {
    let statuses = vec![Status::Running, Status::Fetching];
    let filter = JobFilter { batch: Some(batch.clone()), statuses, ..JobFilter::default() };
    let far = store.now().await?.after(limit);
    for view in store.jobs(&filter, Page { after: 0, limit: LOOKED_AT }).await? {
        let waits = view.worker.is_none() && view.due.is_some_and(|due| due > far);
        if let Some(event) = now(&view.job).filter(|_| waits) {
            // One that moved meanwhile refuses it, and needs it no more.
            store.edit(view.job.id, event).await?;
        }
    }
    Ok(())
}

/// What changes nothing of a job but when it is due.
fn now(job: &Job) -> Option<Event> {
    match &job.stage {
        Stage::Running { task } => Some(Event::Running {
            next_poll: Duration::ZERO,
            word: task.word.clone(),
            progress: task.progress,
            overdue: task.overdue,
            answered: false,
            trouble: None,
        }),
        Stage::Fetching { .. } => {
            let reason = job.troubles.as_ref().map(|troubles| troubles.last.reason.clone())?;
            Some(Event::FetchLater { reason, after: Duration::ZERO })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize, reason: &str) -> WaitingRow {
        WaitingRow {
            row: format!("{number}.1"),
            status: Status::Running,
            task: Some(format!("t-{number}")),
            reason: reason.to_owned(),
            times: 7,
            since: Timestamp::from_millis(0),
            until: Some(Timestamp::from_millis(3_600_000)),
        }
    }

    #[test]
    fn row_is_told_with_its_task_its_reason_and_its_times() {
        assert_eq!(
            told(&row(4, "HTTP 410: gone")),
            "    row 4.1, running, task t-4: HTTP 410: gone (since 1970-01-01T00:00:00Z, 7 answers); next look at \
             1970-01-01T01:00:00Z"
        );
    }

    #[test]
    fn rows_beyond_the_first_are_counted_by_reason() {
        let rows: Vec<_> = (0..5).map(|number| row(number, if number < 2 { "HTTP 410" } else { "HTTP 403" })).collect();
        assert_eq!(rest(&rows).unwrap(), "    and 5 more: 3 × HTTP 403 · 2 × HTTP 410");
        assert_eq!(rest(&[]), None);
    }
}
