//! What a view says of jobs that do not get on: each reason once, as soon as it has lasted.

use std::{collections::BTreeSet, time::Duration};

use reelq_model::{BatchName, Timestamp};
use reelq_store::{JobFilter, Store};

use crate::jobs::{
    selection::brief,
    stuck::{Stuck, stuck},
};

/// Jobs are read for it at most this often: a batch may have many.
const EVERY: Duration = Duration::from_secs(5);
/// What passes sooner is no one's concern.
const LASTS: Duration = Duration::from_secs(15);
/// Reasons that a view tells of: a provider may give each job a reason of its own.
const TOLD: usize = 20;

/// Reads a batch's jobs that do not get on, now and then.
#[derive(Debug, Default)]
pub(super) struct StuckWatch {
    read_at: Option<Duration>,
    lasting: Vec<Stuck>,
}

impl StuckWatch {
    /// The jobs of `batch` that have not got on for a while; `at` is this process's monotonic time.
    pub(super) async fn read(
        &mut self,
        store: &dyn Store,
        batch: &BatchName,
        at: Duration,
        now: Timestamp,
    ) -> &[Stuck] {
        if self.read_at.is_none_or(|read_at| at.saturating_sub(read_at) >= EVERY) {
            self.read_at = Some(at);
            let filter = JobFilter { batch: Some(batch.clone()), ..JobFilter::default() };
            // Whoever wants to know looks again: a view goes on without.
            if let Ok(found) = stuck(store, &filter).await {
                self.lasting = found.into_iter().map(|(_, stuck)| stuck).filter(|it| lasts(it, now)).collect();
            }
        }
        &self.lasting
    }
}

fn lasts(stuck: &Stuck, now: Timestamp) -> bool {
    stuck.since.is_some_and(|since| now.since(since) >= LASTS)
}

/// The reasons that were not told yet, as a person reads them.
pub(super) fn news(stuck: &[Stuck], batch: &BatchName, flags: &str, told: &mut BTreeSet<String>) -> Vec<String> {
    let mut news = Vec::new();
    for reason in stuck.iter().map(|stuck| brief(&stuck.reason, 100)) {
        if told.len() < TOLD && told.insert(reason.clone()) {
            news.push(format!("rows do not get on: {reason}; `reelq status {batch}{flags}` shows them"));
        }
    }
    news
}

#[cfg(test)]
mod tests {
    use reelq_model::{Event, Trouble, TroubleKind};

    use super::*;
    use crate::samples::{after, running, view};

    fn stuck(reason: &str) -> Stuck {
        let event = Event::Running {
            next_poll: Duration::ZERO,
            word: None,
            progress: None,
            overdue: false,
            answered: false,
            trouble: Some(Trouble::new(TroubleKind::Status, reason)),
        };
        let job = after(&running(), [event]);
        Stuck::of(&view(job)).unwrap()
    }

    #[test]
    fn each_reason_is_told_once_however_many_rows_have_it_and_however_often_it_comes_back() {
        let (batch, mut told) = (BatchName::new("set").unwrap(), BTreeSet::new());
        let found = [stuck("503"), stuck("503"), stuck("a page")];
        let first = news(&found, &batch, "", &mut told);
        assert_eq!(first[0], "rows do not get on: 503; `reelq status set` shows them");
        assert_eq!(first.len(), 2);
        assert!(
            news(&found[..1], &batch, "", &mut told).is_empty() && news(&found[2..], &batch, "", &mut told).is_empty()
        );
    }

    #[test]
    fn reasons_without_an_end_are_not_told_without_an_end() {
        let (batch, mut told) = (BatchName::new("set").unwrap(), BTreeSet::new());
        let found: Vec<_> = (0..100).map(|number| stuck(&format!("request {number} failed"))).collect();
        assert_eq!(news(&found, &batch, "", &mut told).len(), TOLD);
    }

    #[test]
    fn what_has_just_begun_is_not_told() {
        let stuck = stuck("503");
        let began = stuck.since.unwrap();
        assert!(!lasts(&stuck, began.after(Duration::from_secs(3))) && lasts(&stuck, began.after(LASTS)));
    }
}
