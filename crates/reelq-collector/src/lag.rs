//! Notices when outputs are in danger, and pulls the brake: nothing more is bought while what is bought cannot be saved.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reelq_model::{BatchName, Status, Timestamp, units::ByteSize};
use reelq_store::{BatchView, SharedStore};
use reelq_worker::{Brake, Pulse};

use crate::{Place, PlaceError, StorageOptions};

/// Time that is kept in hand before a link dies.
const MARGIN: Duration = Duration::from_mins(1);

/// How far back the pace of saving is measured.
const WINDOW: Duration = Duration::from_mins(2);

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
        self.set("lag", outlook.lag());
        Ok(())
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
    fn nearly_full_disk_pulls_the_brake() {
        assert_eq!(outlook(1, 9, None).disk(), None);
        let full = Outlook { free: Some(3 << 20), ..outlook(1, 9, None) };
        let text = "the output place has 3 MiB left, less than `[downloads] min_free` = 1GiB";
        assert_eq!(full.disk().as_deref(), Some(text));
        assert_eq!(Outlook { free: None, ..full }.disk(), None);
    }
}
