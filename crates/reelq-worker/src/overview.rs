//! What stands in the store, read once for all in this process who want to know, and only where it may have changed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reelq_model::{BatchName, SharedClock};
use reelq_store::{AccountView, BatchView, Result, SharedStore};

/// While rows are outstanding, what was read is good for this long: claims change accounts, and are no news.
const WORKING: Duration = Duration::from_millis(900);
/// While none is, it is good until there is news. News may be missed: it is read anew after this long all the same.
const RESTING: Duration = Duration::from_mins(1);

/// The batches and accounts as one process sees them: all of its watchers ask here, and not the store.
///
/// Whoever asks gets what was read last where nothing was heard of since. [`crate::Runtime`] listens to the store for it:
/// before it has heard anything, and while the store does not answer, each question is one to the store.
#[derive(Debug)]
pub struct Overview {
    store: SharedStore,
    clock: SharedClock,
    batch: Option<BatchName>,
    /// How often there was news; 0 before anyone listens.
    news: AtomicU64,
    known: Mutex<Known>,
    /// Who reads: others wait for the same answer.
    reading: tokio::sync::Mutex<()>,
}

/// What was read last.
#[derive(Debug, Default)]
struct Known {
    batches: Option<Answer<BatchView>>,
    accounts: Option<Answer<AccountView>>,
}

/// What the store answered.
#[derive(Debug)]
struct Answer<V> {
    views: Arc<[V]>,
    /// The news that it knows of.
    news: u64,
    /// When it was asked for, by the process's monotonic clock.
    asked: Duration,
}

impl Overview {
    /// Knows nothing yet. It tells of one batch, or of all where none is named.
    pub fn new(store: SharedStore, clock: SharedClock, batch: Option<BatchName>) -> Self {
        let (news, known, reading) = (AtomicU64::new(0), Mutex::default(), tokio::sync::Mutex::default());
        Self { store, clock, batch, news, known, reading }
    }

    /// The batch that it tells of, where it is not all of them.
    pub const fn batch(&self) -> Option<&BatchName> {
        self.batch.as_ref()
    }

    /// The batches as they stand, the newest first. May be asked for as often as one likes.
    ///
    /// # Errors
    /// Those of [`reelq_store::Store::batches`].
    pub async fn batches(&self) -> Result<Arc<[BatchView]>> {
        self.answer(|known| &mut known.batches, self.batches_anew()).await
    }

    /// The same, read now, whatever anyone else reads: for whoever looks a last time.
    ///
    /// # Errors
    /// Those of [`reelq_store::Store::batches`].
    pub async fn batches_anew(&self) -> Result<Arc<[BatchView]>> {
        Ok(match &self.batch {
            Some(batch) => self.store.batch(batch).await?.into_iter().collect(),
            None => self.store.batches().await?.into(),
        })
    }

    /// The accounts as they stand. May be asked for as often as one likes.
    ///
    /// # Errors
    /// Those of [`reelq_store::Store::accounts`].
    pub async fn accounts(&self) -> Result<Arc<[AccountView]>> {
        self.answer(|known| &mut known.accounts, async { Ok(self.store.accounts().await?.into()) }).await
    }

    /// Whether nothing is outstanding, as far as is known: it was read lately, and nothing was heard of since.
    pub(crate) fn rests(&self) -> bool {
        self.good(|known| &mut known.batches).is_some_and(|views| !is_outstanding(&views))
    }

    /// Something changed, or may have: what was read is read anew when it is asked for.
    pub(crate) fn outdate(&self) {
        self.news.fetch_add(1, Ordering::SeqCst);
    }

    async fn answer<V>(
        &self,
        place: fn(&mut Known) -> &mut Option<Answer<V>>,
        read: impl Future<Output = Result<Arc<[V]>>>,
    ) -> Result<Arc<[V]>> {
        if let Some(views) = self.good(place) {
            return Ok(views);
        }
        let _alone = self.reading.lock().await;
        if let Some(views) = self.good(place) {
            return Ok(views);
        }
        // What is heard of while it is read may not be in it.
        let (news, asked) = (self.news.load(Ordering::SeqCst), self.clock.monotonic());
        let views = read.await?;
        *place(&mut self.known()) = Some(Answer { views: Arc::clone(&views), news, asked });
        Ok(views)
    }

    /// What was read, where it still holds.
    fn good<V>(&self, place: fn(&mut Known) -> &mut Option<Answer<V>>) -> Option<Arc<[V]>> {
        let (news, now) = (self.news.load(Ordering::SeqCst), self.clock.monotonic());
        let mut known = self.known();
        let rests = known.batches.as_ref().is_some_and(|answer| !is_outstanding(&answer.views));
        let limit = if rests { RESTING } else { WORKING };
        let answer = place(&mut known).as_ref().filter(|answer| news != 0 && answer.news == news)?;
        (now.saturating_sub(answer.asked) < limit).then(|| Arc::clone(&answer.views))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_outstanding(views: &[BatchView]) -> bool {
    views.iter().any(|view| view.counts.outstanding() > 0 || view.others.outstanding() > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use async_trait::async_trait;
    use reelq_model::{ManualClock, Timestamp};
    use reelq_store::StoreDecorator;
    use reelq_testkit::{TestStore, load, sample};

    use super::*;

    #[derive(Debug)]
    struct Asked {
        inner: SharedStore,
        times: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl StoreDecorator for Asked {
        fn inner(&self) -> Result<SharedStore> {
            Ok(Arc::clone(&self.inner))
        }

        fn time(&self) -> Timestamp {
            self.inner.time()
        }

        fn epoch(&self) -> u64 {
            self.inner.epoch()
        }

        async fn batches(&self) -> Result<Vec<BatchView>> {
            self.times.fetch_add(1, Ordering::SeqCst);
            self.inner.batches().await
        }

        async fn accounts(&self) -> Result<Vec<AccountView>> {
            self.times.fetch_add(1, Ordering::SeqCst);
            self.inner.accounts().await
        }
    }

    struct World {
        own: TestStore,
        clock: Arc<ManualClock>,
        overview: Overview,
        times: Arc<AtomicUsize>,
    }

    impl World {
        fn new() -> Self {
            let (own, times) = (TestStore::with_real_clock(), Arc::<AtomicUsize>::default());
            let clock = Arc::new(ManualClock::starting_at(sample::NOW));
            let store = Arc::new(Asked { inner: Arc::clone(&own.store), times: Arc::clone(&times) });
            let overview = Overview::new(store, clock.clone(), None);
            Self { own, clock, overview, times }
        }

        async fn rows(&self, count: usize) {
            let lines: Vec<_> = (1..=count).map(sample::line).collect();
            load(&self.own.store, &sample::batch_draft("out"), &lines).await;
        }

        /// Asks for both, and answers how often the store was asked for them.
        async fn asked(&self) -> usize {
            let before = self.times.load(Ordering::SeqCst);
            self.overview.batches().await.unwrap();
            self.overview.accounts().await.unwrap();
            self.times.load(Ordering::SeqCst) - before
        }
    }

    #[tokio::test]
    async fn the_store_is_asked_each_time_while_no_one_listens_to_it() {
        let world = World::new();
        assert_eq!((world.asked().await, world.asked().await, world.overview.rests()), (2, 2, false));
    }

    #[tokio::test]
    async fn while_nothing_is_outstanding_the_store_is_asked_after_news_and_once_a_minute() {
        let world = World::new();
        world.overview.outdate();
        assert_eq!((world.asked().await, world.asked().await, world.overview.rests()), (2, 0, true));
        world.clock.advance(RESTING.saturating_sub(Duration::from_secs(1)));
        assert_eq!((world.asked().await, world.overview.rests()), (0, true));
        world.overview.outdate();
        assert!(!world.overview.rests(), "it is not known what the news is");
        assert_eq!((world.asked().await, world.asked().await), (2, 0));
        world.clock.advance(RESTING);
        assert!(!world.overview.rests());
        assert_eq!((world.asked().await, world.asked().await, world.overview.rests()), (2, 0, true));
    }

    #[tokio::test]
    async fn while_rows_are_outstanding_whoever_asks_a_second_later_is_told_anew() {
        let world = World::new();
        world.rows(1).await;
        world.overview.outdate();
        assert_eq!((world.asked().await, world.asked().await, world.overview.rests()), (2, 0, false));
        world.clock.advance(Duration::from_secs(1));
        assert_eq!((world.asked().await, world.asked().await), (2, 0));
    }

    #[tokio::test]
    async fn a_last_look_waits_for_no_other_reader() {
        let world = World::new();
        let _reads = world.overview.reading.lock().await;
        assert!(world.overview.batches_anew().await.unwrap().is_empty());
    }
}
