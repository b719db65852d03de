//! What a run leaves to the next one: which rows wait for what, since when, and until when.

use std::collections::BTreeMap;

use reelq_console::{grouped, plural};
use reelq_store::{Pause, PauseReason};

use super::outcome::BatchOutcome;
use crate::jobs::{selection::brief, stuck::Stuck};

/// Rows that are told one by one.
const TOLD: usize = 10;
/// The longest reason that is told.
const REASON: usize = 160;

/// The part of the summary that says what waits for what.
pub(crate) fn waiting(outcome: &BatchOutcome, flags: &str) -> Vec<String> {
    let held = outcome
        .accounts
        .iter()
        .flat_map(|view| view.pauses.iter().filter_map(|pause| held(view.name.as_str(), pause, flags)));
    let mut lines: Vec<_> = held.filter(|_| outcome.outstanding > 0).collect();
    let rows = &outcome.waiting;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelq_model::{Event, Timestamp, Trouble, TroubleKind};

    use reelq_store::JobView;

    use super::*;
    use crate::samples::{after, running};

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
