//! Notices when outputs are in danger, and pulls the brake: nothing more is bought while what is bought cannot be saved.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{BatchName, Job, Status, Timestamp, TroubleKind, units::ByteSize};
use reelq_store::{BatchView, JobFilter, Page, SharedStore};
use reelq_worker::{Brake, Pulse};

use crate::{Place, PlaceError, StorageOptions};

/// Time that is kept in hand before a link dies.
const MARGIN: Duration = Duration::from_mins(1);

/// How far back the pace of saving is measured.
const WINDOW: Duration = Duration::from_mins(2);

/// Of the outputs that wait, this many are looked at one by one.
const LOOKED_AT: usize = 500;

/// What is known of the saving of outputs at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Now, by the store's time.
    pub now: Timestamp,
    /// When the next link dies.
    pub deadline: Option<Timestamp>,
    /// Outputs that wait to be saved.
    pub waiting: u64,
    /// Outputs saved a second; `None` where too little was seen.
    pub pace: Option<f64>,
    /// Room left for downloads.
    pub free: Option<u64>,
    /// Room that must be left.
    pub min_free: u64,
}

impl Outlook {
    /// Why nothing may be bought because the disk is nearly full.
    pub fn disk(&self) -> Option<String> {
        let free = self.free.filter(|free| *free < self.min_free)?;
        let least = ByteSize(self.min_free);
        Some(format!("the output place has {} MiB left, less than `[downloads] min_free` = {least}", free >> 20))
    }

    /// The outlook without those of the waiting jobs that are late by their links; `whole` where these are all that wait.
    fn without_late<'a>(self, waiting: impl Iterator<Item = &'a Job>, whole: bool) -> Self {
        let (late, others): (Vec<&Job>, Vec<&Job>) = waiting.partition(|job| is_late(job));
        let deadline = others.iter().filter_map(|job| job.link_deadline()).min();
        Self {
            waiting: self.waiting.saturating_sub(late.len() as u64),
            deadline: if whole { deadline } else { self.deadline },
            ..self
        }
    }

    /// Why nothing may be bought because links would die before their files are saved.
    pub fn lag(&self) -> Option<String> {
        let left = self.deadline?.since(self.now).saturating_sub(MARGIN);
        let needed = match self.pace {
            _ if self.waiting == 0 => return None,
            Some(pace) if pace > 0.0 => {
                let waiting = f64::from(u32::try_from(self.waiting).unwrap_or(u32::MAX));
                Duration::try_from_secs_f64(waiting / pace).unwrap_or(Duration::MAX)
            }
            Some(_) => Duration::MAX,
            // Nothing was saved yet: one file a second is what even slow lines do.
            None => Duration::from_secs(self.waiting),
        };
        (needed > left).then(|| {
            let (waiting, left) = (self.waiting, left.as_secs());
            format!("{waiting} outputs wait to be saved and the next link dies in {left} s")
        })
    }
}

/// Whether what hinders its fetching is what its links give.
fn is_late(job: &Job) -> bool {
    job.troubles.as_ref().is_some_and(|troubles| troubles.last.kind == TroubleKind::Fetch)
}

/// Looks at the outlook now and then, and pulls the brake or lets it go.
#[derive(Debug)]
pub struct LagGuard {
    store: SharedStore,
    brake: Arc<Brake>,
    pulses: Vec<Arc<Pulse>>,
    options: StorageOptions,
    min_free: ByteSize,
    batch: Option<BatchName>,
    seen: Mutex<VecDeque<(Timestamp, u64)>>,
}

impl LagGuard {
    /// Guards one batch, or all where none is named. `pulses` are those of the collectors.
    pub fn new(
        store: SharedStore,
        brake: Arc<Brake>,
        pulses: Vec<Arc<Pulse>>,
        options: StorageOptions,
        min_free: ByteSize,
        batch: Option<BatchName>,
    ) -> Self {
        Self { store, brake, pulses, options, min_free, batch, seen: Mutex::default() }
    }

    /// Looks every `pause`, for as long as it is polled; spawn it beside the workers and drop it with them.
    pub async fn run(&self, pause: Duration) {
        loop {
            match self.look().await {
                // The keeper of the leases says that the store is away.
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "the outlook of the downloads is unknown");
                }
                Err(error) => tracing::warn!(%error, "the outlook of the downloads is unknown for now"),
                Ok(()) => {}
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Looks once, and sets the brake by what it sees.
    pub async fn look(&self) -> reelq_store::Result<()> {
        let now = self.store.now().await?;
        let views = match &self.batch {
            Some(batch) => self.store.batch(batch).await?.into_iter().collect(),
            None => self.store.batches().await?,
        };
        let outlook = self.outlook(now, &views);
        self.set("disk", outlook.disk());
        let outlook = if outlook.lag().is_some() { self.without_late(outlook).await? } else { outlook };
        self.set("lag", outlook.lag());
        Ok(())
    }

    /// The outlook without the outputs whose links give nothing yet: it is not this side that is slow with those, and one of
    /// them must not hold up a whole batch.
    async fn without_late(&self, outlook: Outlook) -> reelq_store::Result<Outlook> {
        let statuses = vec![Status::Fetching];
        let filter = JobFilter { batch: self.batch.clone(), statuses, ..JobFilter::default() };
        let views = self.store.jobs(&filter, Page { after: 0, limit: LOOKED_AT }).await?;
        Ok(outlook.without_late(views.iter().map(|view| &view.job), views.len() < LOOKED_AT))
    }

    fn set(&self, what: &'static str, reason: Option<String>) {
        match reason {
            Some(reason) => self.brake.engage(what, reason),
            None => self.brake.release(what),
        }
    }

    fn outlook(&self, now: Timestamp, views: &[BatchView]) -> Outlook {
        let waiting = |view: &BatchView| view.counts.of(Status::Fetching) + view.others.of(Status::Fetching);
        let open = views.iter().filter(|view| view.counts.outstanding() + view.others.outstanding() > 0);
        let free = open.filter_map(|view| self.free_of(view).ok().flatten()).min();
        Outlook {
            now,
            deadline: views.iter().filter_map(|view| view.next_link_deadline).min(),
            waiting: views.iter().map(waiting).sum(),
            pace: self.pace(now),
            free,
            min_free: self.min_free.0,
        }
    }

    fn free_of(&self, view: &BatchView) -> Result<Option<u64>, PlaceError> {
        Ok(Place::open(&view.batch.output, &view.batch.name, &self.options)?.free_space())
    }

    fn pace(&self, now: Timestamp) -> Option<f64> {
        let total = self.pulses.iter().map(|pulse| pulse.beat().downloads).sum();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push_back((now, total));
        while seen.len() > 2 && seen.front().is_some_and(|(at, _)| now.since(*at) > WINDOW) {
            seen.pop_front();
        }
        let (since, before) = *seen.front()?;
        let seconds = now.since(since).as_secs_f64();
        let saved = u32::try_from(total.saturating_sub(before)).unwrap_or(u32::MAX);
        // Less than half a window says nothing of a pace of zero.
        let telling = saved > 0 || seconds > WINDOW.as_secs_f64() / 2.0;
        (seconds >= 1.0 && telling).then(|| f64::from(saved) / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(waiting: u64, seconds_left: u64, pace: Option<f64>) -> Outlook {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let deadline = Some(now.after(Duration::from_secs(seconds_left)));
        Outlook { now, deadline, waiting, pace, free: Some(5 << 30), min_free: 1 << 30 }
    }

    #[test]
    fn links_that_would_die_first_pull_the_brake() {
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
    fn output_that_is_late_by_its_link_holds_up_no_purchase() {
        let job = |seconds_left: u64, is_late: bool| {
            let mut job = crate::fixture::job("cat");
            let now = outlook(0, 0, None).now;
            let expires_at = Some(now.after(Duration::from_secs(seconds_left)));
            let (url, kind) = ("https://c/v.mp4".to_owned(), reelq_model::OutputKind::Video);
            let outputs = vec![reelq_model::OutputLink { url, kind, expires_at, assumed: false }];
            let task = reelq_model::TaskId::new("t-1").unwrap();
            let task = reelq_model::RemoteTask::accepted(task, 1, now);
            job.stage = reelq_model::Stage::Fetching { task, outputs };
            let trouble = reelq_model::Trouble::new(TroubleKind::Fetch, "404");
            job.troubles = is_late.then(|| reelq_model::Troubles::after(None, trouble, now));
            job
        };
        let stuck = outlook(1, 30, Some(0.0));
        assert!(stuck.lag().is_some());
        assert_eq!(stuck.without_late([job(30, true)].iter(), true).lag(), None);
        assert!(stuck.without_late([job(30, false)].iter(), true).lag().is_some());
        let both = [job(30, true), job(7200, false)];
        assert_eq!(outlook(2, 30, Some(1.0)).without_late(both.iter(), true).lag(), None);
        let unseen = outlook(900, 600, Some(1.0)).without_late(both.iter(), false);
        assert_eq!((unseen.waiting, unseen.lag().is_some()), (899, true), "those that were not looked at count");
    }

    #[test]
    fn nearly_full_disk_pulls_the_brake() {
        assert_eq!(outlook(1, 9, None).disk(), None);
        let full = Outlook { free: Some(3 << 20), ..outlook(1, 9, None) };
        let text = "the output place has 3 MiB left, less than `[downloads] min_free` = 1GiB";
        assert_eq!(full.disk().as_deref(), Some(text));
        assert_eq!(Outlook { free: None, ..full }.disk(), None);
    }
}
