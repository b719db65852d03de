//! Notices when outputs are in danger, and closes the submission gate: nothing more is bought while what is bought
//! cannot be saved.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{AccountName, BatchName, Status, Timestamp, TroubleKind, units::ByteSize};
use reelq_store::{BatchView, JobFilter, JobView, SharedStore, first};
use reelq_worker::{AccountMetrics, Overview, Scope, SubmissionGate};

use crate::{Place, PlaceError, Places, StorageOptions};

/// Time that is kept in reserve before a link dies.
const MARGIN: Duration = Duration::from_mins(1);

/// How far back the pace of saving is measured.
const WINDOW: Duration = Duration::from_mins(2);

/// Of the outputs that wait, this many are checked one by one.
const CHECKED: usize = 2_000;

/// They are checked as soon as their links may die within so many times the time that saving them takes.
const WARY: u32 = 10;

/// The kinds of the gate's reasons.
const DISK: &str = "disk";
const LAG: &str = "lag";

/// What is known of the saving of an account's outputs at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Now, by the store's time.
    pub now: Timestamp,
    /// When the next link dies that can still be saved.
    pub deadline: Option<Timestamp>,
    /// Outputs that wait for a free hand.
    pub waiting: u64,
    /// Outputs saved a second; `None` where too little was seen.
    pub pace: Option<f64>,
}

impl Outlook {
    /// Why nothing may be bought because links would die before their files are saved.
    pub fn lag(&self) -> Option<String> {
        let left = self.left()?;
        (self.waiting > 0 && self.needed() > left).then(|| {
            let (waiting, left) = (self.waiting, left.as_secs());
            format!("{waiting} outputs wait to be saved and the next link dies in {left} s")
        })
    }

    /// Whether it is worth a closer look.
    fn is_near(&self) -> bool {
        self.waiting > 0 && self.left().is_some_and(|left| self.needed().saturating_mul(WARY) > left)
    }

    fn left(&self) -> Option<Duration> {
        Some(self.deadline?.since(self.now).saturating_sub(MARGIN))
    }

    fn needed(&self) -> Duration {
        match self.pace {
            Some(pace) if pace > 0.0 => {
                let waiting = f64::from(u32::try_from(self.waiting).unwrap_or(u32::MAX));
                Duration::try_from_secs_f64(waiting / pace).unwrap_or(Duration::MAX)
            }
            Some(_) => Duration::MAX,
            // Nothing was saved yet: one file a second is what even slow lines do.
            None => Duration::from_secs(self.waiting),
        }
    }
}

/// Why nothing may be bought for a batch because the disk of its output place is nearly full.
fn full(free: Option<u64>, min_free: ByteSize) -> Option<String> {
    let free = free.filter(|free| *free < min_free.0)?;
    Some(format!("the output place has {} MiB left, less than `[downloads] min_free` = {min_free}", free >> 20))
}

/// Whether a pause in buying could save the job's output: its links live, what hinders it is not what they give, and it waits
/// for nothing but a free hand.
fn is_savable(view: &JobView, now: Timestamp, closed: &[BatchName]) -> bool {
    let job = &view.job;
    let is_late = job.troubles.as_ref().is_some_and(|troubles| troubles.last.kind == TroubleKind::Fetch);
    let is_dead = job.link_deadline().is_some_and(|dies| dies <= now);
    let waits = view.worker.is_none() && view.due.is_none_or(|due| due <= now);
    waits && !is_late && !is_dead && !closed.contains(&job.batch)
}

/// Checks the outlook now and then, and closes or opens the submission gate.
#[derive(Debug)]
pub struct LagGuard {
    store: SharedStore,
    gate: Arc<SubmissionGate>,
    metrics: Vec<(AccountName, Arc<AccountMetrics>)>,
    options: StorageOptions,
    places: Option<Arc<Places>>,
    min_free: ByteSize,
    overview: Arc<Overview>,
    seen: Mutex<BTreeMap<AccountName, VecDeque<(Timestamp, u64)>>>,
}

impl LagGuard {
    /// Guards the batches that the overview tells of. `metrics` are those of the collectors; `places` are checked along the
    /// way, where this process reaches them.
    pub fn new(
        store: SharedStore,
        gate: Arc<SubmissionGate>,
        metrics: Vec<(AccountName, Arc<AccountMetrics>)>,
        options: StorageOptions,
        places: Option<Arc<Places>>,
        min_free: ByteSize,
        overview: Arc<Overview>,
    ) -> Self {
        Self { store, gate, metrics, options, places, min_free, overview, seen: Mutex::default() }
    }

    /// Checks every `pause`, for as long as it is polled; spawn it beside the workers and drop it with them.
    pub async fn run(&self, pause: Duration) {
        loop {
            match self.check().await {
                // The lease renewer reports that the store is unreachable.
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "the outlook of the downloads is unknown");
                }
                Err(error) => tracing::warn!(%error, "the outlook of the downloads is unknown for now"),
                Ok(()) => {}
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Checks once, and closes or opens the gate by what it sees.
    pub async fn check(&self) -> reelq_store::Result<()> {
        let (views, now) = (self.overview.batches().await?, self.store.time());
        let outstanding = |view: &&BatchView| view.counts.outstanding() + view.others.outstanding() > 0;
        let open: Vec<&BatchView> = views.iter().filter(outstanding).collect();
        if let Some(places) = &self.places {
            places.check_all(&open).await;
        }
        self.check_disks(&open);
        self.check_links(now, &open).await
    }

    fn check_disks(&self, open: &[&BatchView]) {
        let free = |view: &BatchView| self.free_of(view).ok().flatten();
        let full = open.iter().filter_map(|view| Some((*view, full(free(view), self.min_free)?)));
        self.set(DISK, full.map(|(view, reason)| (Scope::Batch(view.batch.name.clone()), reason)).collect());
    }

    fn free_of(&self, view: &BatchView) -> Result<Option<u64>, PlaceError> {
        Ok(Place::open(&view.batch.output, &view.batch.name, &self.options)?.free_space())
    }

    async fn check_links(&self, now: Timestamp, open: &[&BatchView]) -> reelq_store::Result<()> {
        let paces = self.paces(now);
        let fetching = |view: &&BatchView| view.counts.of(Status::Fetching) + view.others.of(Status::Fetching);
        let slowest = paces.values().copied().reduce(|one, other| one.zip(other).map(|(one, other)| one.min(other)));
        let rough = Outlook {
            now,
            deadline: open.iter().filter_map(|view| view.next_link_deadline).min(),
            waiting: open.iter().map(fetching).sum(),
            pace: slowest.flatten(),
        };
        let outlooks = if rough.is_near() { self.outlooks(rough, &paces).await? } else { BTreeMap::new() };
        let lagging = outlooks.into_iter().filter_map(|(account, outlook)| Some((account, outlook.lag()?)));
        self.set(LAG, lagging.map(|(account, reason)| (Scope::Account(account), reason)).collect());
        Ok(())
    }

    /// The outlook of each account that has outputs which a pause in buying could save.
    async fn outlooks(
        &self,
        rough: Outlook,
        paces: &BTreeMap<AccountName, Option<f64>>,
    ) -> reelq_store::Result<BTreeMap<AccountName, Outlook>> {
        let statuses = vec![Status::Fetching];
        let filter = JobFilter { batch: self.overview.batch().cloned(), statuses, ..JobFilter::default() };
        let views = first(&*self.store, &filter, CHECKED).await?;
        // Of more than are checked, the others are taken to be like these.
        let scale = rough.waiting.div_ceil(u64::try_from(views.len()).unwrap_or(u64::MAX).max(1)).max(1);
        let (mut outlooks, closed) = (BTreeMap::new(), self.gate.closed_places());
        for view in views.iter().filter(|view| is_savable(view, rough.now, &closed)) {
            let account = &view.job.spec.account;
            let pace = paces.get(account).copied().flatten();
            let outlook =
                outlooks.entry(account.clone()).or_insert(Outlook { deadline: None, waiting: 0, pace, ..rough });
            outlook.waiting += if views.len() < CHECKED { 1 } else { scale };
            outlook.deadline = outlook.deadline.into_iter().chain(view.job.link_deadline()).min();
        }
        Ok(outlooks)
    }

    /// Closes the gate for these scopes, and opens it for all others.
    fn set(&self, what: &'static str, held: Vec<(Scope, String)>) {
        let kept: BTreeSet<Scope> = held.iter().map(|(scope, _)| scope.clone()).collect();
        self.gate.open_others(what, &kept);
        for (scope, reason) in held {
            self.gate.close(scope, what, reason);
        }
    }

    fn paces(&self, now: Timestamp) -> BTreeMap<AccountName, Option<f64>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = |(account, metrics): &(AccountName, Arc<AccountMetrics>)| {
            let trail = seen.entry(account.clone()).or_default();
            (account.clone(), pace(trail, now, metrics.snapshot().downloads))
        };
        self.metrics.iter().map(pace).collect()
    }
}

/// Outputs saved a second, lately.
fn pace(trail: &mut VecDeque<(Timestamp, u64)>, now: Timestamp, total: u64) -> Option<f64> {
    trail.push_back((now, total));
    while trail.len() > 2 && trail.front().is_some_and(|(at, _)| now.since(*at) > WINDOW) {
        trail.pop_front();
    }
    let (since, before) = *trail.front()?;
    let seconds = now.since(since).as_secs_f64();
    let saved = u32::try_from(total.saturating_sub(before)).unwrap_or(u32::MAX);
    // Less than half a window says nothing of a pace of zero.
    let is_significant = saved > 0 || seconds > WINDOW.as_secs_f64() / 2.0;
    (seconds >= 1.0 && is_significant).then(|| f64::from(saved) / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    use reelq_testkit::sample::NOW;

    fn outlook(waiting: u64, seconds_left: u64, pace: Option<f64>) -> Outlook {
        Outlook { now: NOW, deadline: Some(NOW.after(Duration::from_secs(seconds_left))), waiting, pace }
    }

    #[test]
    fn links_that_would_die_first_close_the_submission_gate() {
        assert_eq!(outlook(10, 3600, Some(1.0)).lag(), None);
        let text = "5000 outputs wait to be saved and the next link dies in 3540 s";
        assert_eq!(outlook(5000, 3600, Some(1.0)).lag().as_deref(), Some(text));
        assert!(outlook(1, 30, Some(9.0)).lag().is_some());
        assert!(outlook(1, 3600, Some(0.0)).lag().is_some());
        assert_eq!(outlook(100, 3600, None).lag(), None);
        assert_eq!(outlook(0, 0, None).lag(), None);
        assert_eq!(Outlook { deadline: None, ..outlook(9, 0, None) }.lag(), None);
    }

    #[test]
    fn whatever_lags_is_looked_at_closely_before() {
        for waiting in [1, 10, 1_000] {
            for left in [0, 30, 61, 600, 3_600, 86_400] {
                for pace in [None, Some(0.0), Some(0.1), Some(20.0)] {
                    let outlook = outlook(waiting, left, pace);
                    assert!(outlook.lag().is_none() || outlook.is_near(), "{outlook:?}");
                }
            }
        }
    }

    fn fetching(seconds_left: i64, is_late: bool) -> JobView {
        let mut job = reelq_testkit::sample::job("cat");
        let expires_at = Some(Timestamp::from_millis(NOW.millis() + seconds_left * 1_000));
        let (url, kind) = ("https://c/v.mp4".to_owned(), reelq_model::OutputKind::Video);
        let outputs = vec![reelq_model::OutputLink { url, kind, expires_at, assumed: false }];
        let task = reelq_model::TaskId::new("t-1").unwrap();
        let task = reelq_model::RemoteTask::accepted(task, 1, NOW);
        job.stage = reelq_model::Stage::Fetching { task, outputs };
        let trouble = reelq_model::Trouble::new(TroubleKind::Fetch, "404");
        job.troubles = is_late.then(|| reelq_model::Troubles::after(None, trouble, NOW));
        JobView { job, line: None, due: Some(NOW), worker: None, cancel_requested: false, parked: false, unread: None }
    }

    #[test]
    fn only_an_output_that_waiting_can_still_save_holds_up_a_purchase() {
        let saved = |view: &JobView, closed: &[BatchName]| is_savable(view, NOW, closed);
        assert!(saved(&fetching(30, false), &[]));
        assert!(!saved(&fetching(30, true), &[]), "its link gives nothing");
        assert!(!saved(&fetching(0, false), &[]) && !saved(&fetching(-60, false), &[]), "its link is dead");
        let in_hand = JobView { worker: reelq_model::WorkerId::new("w").ok(), ..fetching(30, false) };
        assert!(!saved(&in_hand, &[]), "it is being fetched");
        let later = JobView { due: Some(NOW.after(Duration::from_secs(5))), ..fetching(30, false) };
        assert!(!saved(&later, &[]), "it waits for a time of its own");
        let view = fetching(30, false);
        assert!(!saved(&view, std::slice::from_ref(&view.job.batch)), "there is nowhere to put it");
    }

    #[test]
    fn nearly_full_disk_closes_the_submission_gate() {
        let least = ByteSize(1 << 30);
        let text = "the output place has 3 MiB left, less than `[downloads] min_free` = 1GiB";
        assert_eq!(full(Some(3 << 20), least).as_deref(), Some(text));
        assert_eq!((full(Some(5 << 30), least), full(None, least)), (None, None));
    }
}
