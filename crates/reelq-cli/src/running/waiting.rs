//! What a run leaves to the next one: which rows wait for what, since when, and until when.

use std::{collections::BTreeMap, time::Duration};

use reelq_console::{Failure, grouped, plural};
use reelq_model::{AccountName, BatchName, Status};
use reelq_store::{Cursor, Edit, JobFilter, JobView, Pause, PauseReason, Store};

use super::verdict::Verdict;
use crate::commands::{
    selection::{AT_ONCE, brief},
    stuck::{Stuck, stuck},
};

/// Rows that are told one by one.
const TOLD: usize = 10;
/// What may have been bought is asked for again by each run, unless it is so soon by itself: its key is remembered only for
/// so long.
const SOON: Duration = Duration::from_mins(1);
/// The longest reason that is told.
const REASON: usize = 160;

/// Reads the batch's rows that do not get on.
pub(super) async fn read(store: &dyn Store, batch: &BatchName) -> Result<Vec<Stuck>, Failure> {
    let filter = JobFilter { batch: Some(batch.clone()), ..JobFilter::default() };
    Ok(stuck(store, &filter).await?.into_iter().map(|(_, stuck)| stuck).collect())
}

/// The part of the summary that says what waits for what.
pub(super) fn waiting(verdict: &Verdict, flags: &str) -> Vec<String> {
    let held = verdict
        .accounts
        .iter()
        .flat_map(|view| view.pauses.iter().filter_map(|pause| held(view.name.as_str(), pause, flags)));
    let mut lines: Vec<_> = held.filter(|_| verdict.outstanding > 0).collect();
    let rows = &verdict.waiting;
    if rows.is_empty() {
        return lines;
    }
    lines.push("! waiting for the vendor; what was bought stays known, and nothing is bought twice".to_owned());
    lines.extend(rows.iter().take(TOLD).map(told));
    lines.extend(rest(&rows[TOLD.min(rows.len())..]));
    lines
}

/// A pause that nothing else of the summary tells.
fn held(account: &str, pause: &Pause, flags: &str) -> Option<String> {
    let (what, then) = match (&pause.reason, pause.until) {
        (PauseReason::Throttled, Some(until)) => {
            (format!("throttled until {until}: the vendor asked for it"), "to ask again sooner")
        }
        (PauseReason::Operator, _) => ("paused by hand".to_owned(), "to go on"),
        _ => return None,
    };
    Some(format!(
        "! account {account} is {what}, and its rows wait\n    {then}: reelq resume --account {account}{flags}"
    ))
}

fn told(row: &Stuck) -> String {
    let Stuck { place, reason, count, .. } = row;
    let status = row.status.map(|status| format!(", {status}")).unwrap_or_default();
    let task = row.task.as_ref().map(|task| format!(", task {task}")).unwrap_or_default();
    let since = row.since.map(|since| format!("since {since}, ")).unwrap_or_default();
    let due = row.due.map(|due| format!("; next look at {due}")).unwrap_or_default();
    let (reason, count) = (brief(reason, REASON), u64::from(*count));
    format!("    row {place}{status}{task}: {reason} ({since}{count} answer{}){due}", plural(count))
}

fn rest(rows: &[Stuck]) -> Option<String> {
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
    let filter = JobFilter { batch: Some(batch.clone()), ..JobFilter::default() };
    for (status, limit) in [(Status::Submitting, limit.min(SOON)), (Status::Running, limit), (Status::Fetching, limit)]
    {
        wake(store, &JobFilter { statuses: vec![status], ..filter.clone() }, limit).await?;
    }
    Ok(())
}

/// Frees the account's jobs from waits of their own: a person resumed it.
pub(crate) async fn free(store: &dyn Store, account: &AccountName) -> Result<(), Failure> {
    let filter = JobFilter { account: Some(account.clone()), ..JobFilter::default() };
    for status in [Status::Submitting, Status::Queued] {
        wake(store, &JobFilter { statuses: vec![status], ..filter.clone() }, Duration::ZERO).await?;
    }
    Ok(())
}

async fn wake(store: &dyn Store, filter: &JobFilter, limit: Duration) -> Result<(), Failure> {
    let far = store.now().await?.after(limit);
    let mut from = Some(Cursor::default());
    while let Some(cursor) = from {
        let part = store.scan(filter, &cursor, AT_ONCE).await?;
        let waits = |view: &&JobView| !view.parked && view.worker.is_none() && view.due.is_some_and(|due| due > far);
        let edits: Vec<_> = part.views.iter().filter(waits).map(|view| (view.job.id, Edit::Wake)).collect();
        // One that moved meanwhile refuses it, and needs it no more.
        store.edit_all(&edits).await?;
        from = part.next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use reelq_model::{Event, Timestamp, Trouble, TroubleKind};

    use super::*;
    use crate::paid::tests::{after, running};

    fn row(reason: &str) -> Stuck {
        let trouble = Some(Trouble::new(TroubleKind::Status, reason));
        let (next_poll, word, progress, overdue, answered) = (Duration::ZERO, None, None, false, false);
        let in_vain = Event::Running { next_poll, word, progress, overdue, answered, trouble };
        let job = after(&running(), [in_vain.clone(), in_vain]);
        let due = Some(Timestamp::from_millis(3_600_000));
        let view = JobView { job, line: None, due, worker: None, cancel_requested: false, parked: false, unread: None };
        Stuck::of(&view).unwrap()
    }

    #[test]
    fn row_is_told_with_its_task_its_reason_and_its_times() {
        let told = told(&row("HTTP 410: gone"));
        assert!(told.contains(", running, task t-1: HTTP 410: gone (since "), "{told}");
        assert!(told.ends_with(", 2 answers); next look at 1970-01-01T01:00:00Z"), "{told}");
    }

    #[test]
    fn rows_beyond_the_first_are_counted_by_reason() {
        let rows: Vec<_> = (0..5).map(|number| row(if number < 2 { "HTTP 410" } else { "HTTP 403" })).collect();
        assert_eq!(rest(&rows).unwrap(), "    and 5 more: 3 × HTTP 403 · 2 × HTTP 410");
        assert_eq!(rest(&[]), None);
    }
}
