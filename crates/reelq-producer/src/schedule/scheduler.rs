//! The watch over all schedules of one process. Any number of processes may watch the same ones.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use reelq_model::{Timestamp, WorkerId, error_chain};
use reelq_store::{SharedStore, TickClaim, TickClaimed, TickLease, TickState, TickView};
use tokio::sync::{mpsc, watch};

use super::{
    Due, Schedule,
    overlap::in_the_way,
    tick_runner::{Fired, Orders, TickRunner},
};
use crate::error::{Error, Result};

/// How long a won tick is held without a sign of life.
const LEASE: Duration = Duration::from_secs(15);
/// The longest between two looks at a schedule: ticks of the dead and ticks that wait are seen by looking.
const LOOK: Duration = Duration::from_secs(5);

/// Fires schedules.
#[derive(Debug)]
pub struct Scheduler<'a> {
    runner: TickRunner<'a>,
    schedules: Vec<Schedule>,
    worker: WorkerId,
}

/// One schedule as this process sees it.
struct Watched<'a> {
    schedule: &'a Schedule,
    /// Ticks that were seen to be over, so that they are not asked for again.
    over: BTreeSet<Timestamp>,
    told: &'a mpsc::UnboundedSender<Fired>,
}

impl<'o> Scheduler<'o> {
    /// Watches `schedules` in the name of `worker`, which no other process has.
    pub fn new(store: SharedStore, orders: &'o dyn Orders, schedules: Vec<Schedule>, worker: WorkerId) -> Self {
        Self { runner: TickRunner { store, orders, lease: LEASE }, schedules, worker }
    }

    /// Fires what is due until `stop` turns true; a tick in progress is finished before. What was fired goes to `told`.
    pub async fn run(&self, stop: &watch::Receiver<bool>, told: &mpsc::UnboundedSender<Fired>) {
        let watched = self.schedules.iter().map(|schedule| self.watch(schedule, stop.clone(), told));
        let (over, until) = watch::channel(false);
        let work = async {
            join_all(watched).await;
            over.send_replace(true);
        };
        tokio::join!(work, self.live(until));
        if let Err(error) = self.runner.store.deregister(&self.worker).await {
            tracing::warn!(%error, "the scheduler could not sign off");
        }
    }

    /// Fires what is due at this moment, once.
    pub async fn fire_due(&self, told: &mpsc::UnboundedSender<Fired>) -> Result<()> {
        for schedule in &self.schedules {
            self.look(&mut Watched { schedule, over: BTreeSet::new(), told }).await?;
        }
        Ok(())
    }

    /// Fires a schedule now, as a tick of its own.
    pub async fn trigger(&self, schedule: &Schedule) -> Result<Option<Fired>> {
        let store = &self.runner.store;
        let over_until = store.schedule(&schedule.name).await?;
        let at = store.calendar().await?.max(over_until.after(Duration::from_millis(1)));
        let fired = match store.tick(&self.claim(schedule, at, false, None)).await? {
            TickClaimed::Won(lease) => self.runner.fire(schedule, &lease, true).await,
            TickClaimed::Taken { .. } | TickClaimed::Over => Ok(None),
        };
        store.deregister(&self.worker).await?;
        fired
    }

    /// Says that this process lives, so that what it holds is known to be in progress.
    async fn live(&self, mut until: watch::Receiver<bool>) {
        while !*until.borrow() {
            if let Err(error) = self.runner.store.heartbeat(&self.worker).await {
                tracing::warn!(%error, "the scheduler could not say that it lives");
            }
            pause(LOOK, &mut until).await;
        }
    }

    async fn watch(&self, schedule: &Schedule, mut stop: watch::Receiver<bool>, told: &mpsc::UnboundedSender<Fired>) {
        let mut watched = Watched { schedule, over: BTreeSet::new(), told };
        while !*stop.borrow() {
            let wait = self.look(&mut watched).await.unwrap_or_else(|error| {
                let error = error_chain(&error);
                tracing::warn!(schedule = %schedule.name, %error, "the schedule could not be fired; it is tried again");
                LOOK
            });
            pause(wait, &mut stop).await;
        }
    }

    /// Does what is to be done now, and tells how long to wait.
    async fn look(&self, watched: &mut Watched<'_>) -> Result<Duration> {
        let (store, schedule) = (&self.runner.store, watched.schedule);
        let over_until = store.schedule(&schedule.name).await?;
        let open = store.open_ticks(&schedule.name).await?;
        let mut wait = LOOK;
        let mut waiting = 0;
        for tick in &open {
            waiting += usize::from(tick.state == TickState::Waiting);
            // What waits stands behind the others that wait: only the first of them can go.
            if waiting <= 1 || tick.state != TickState::Waiting {
                let tried = self.take_up(watched, tick).await;
                wait = wait.min(tried.or_else(|error| set_aside(schedule, tick.at, error))?);
            }
        }
        let due = Due::at(schedule, over_until, store.calendar().await?);
        watched.over.retain(|tick| *tick > due.passes.min(over_until));
        let late = due.late.iter().map(|tick| (*tick, true));
        let ticks = due.on_time.iter().map(|tick| (*tick, false)).chain(late);
        for (tick, late) in ticks.filter(|(at, _)| open.iter().all(|tick| tick.at != *at)) {
            let tried = self.attempt(watched, tick, late, Some(due.passes)).await;
            wait = wait.min(tried.or_else(|error| set_aside(schedule, tick, error))?);
        }
        let now = store.calendar().await?;
        Ok(due.next.map_or(wait, |next| wait.min(next.since(now))))
    }

    /// Goes on with a tick that its winner left, or that waits for its turn.
    async fn take_up(&self, watched: &mut Watched<'_>, tick: &TickView) -> Result<Duration> {
        let (store, schedule) = (&self.runner.store, watched.schedule);
        let Some(batch) = tick.batch.as_ref().filter(|_| tick.state == TickState::Waiting) else {
            return self.attempt(watched, tick.at, tick.late, None).await;
        };
        if in_the_way(&**store, &schedule.name, tick.at).await?.is_none()
            && let TickClaimed::Won(lease) = store.tick(&self.claim(schedule, tick.at, tick.late, None)).await?
        {
            watched.tell(self.runner.let_go(&lease, batch).await?);
        }
        Ok(LOOK)
    }

    async fn attempt(
        &self,
        watched: &mut Watched<'_>,
        at: Timestamp,
        late: bool,
        passes: Option<Timestamp>,
    ) -> Result<Duration> {
        if watched.over.contains(&at) {
            return Ok(LOOK);
        }
        match self.runner.store.tick(&self.claim(watched.schedule, at, late, passes)).await? {
            TickClaimed::Won(lease) => self.fire(watched, &lease).await,
            TickClaimed::Taken { ends_in, .. } => Ok(ends_in),
            TickClaimed::Over => {
                watched.over.insert(at);
                Ok(LOOK)
            }
        }
    }

    async fn fire(&self, watched: &mut Watched<'_>, lease: &TickLease) -> Result<Duration> {
        let fired = self.runner.fire(watched.schedule, lease, false).await?;
        if fired.is_some() {
            watched.over.insert(lease.at);
        }
        watched.tell(fired);
        Ok(LOOK)
    }

    fn claim(&self, schedule: &Schedule, at: Timestamp, late: bool, passes: Option<Timestamp>) -> TickClaim {
        let after = schedule.timetable.until(at.before(Duration::from_millis(1)));
        let (schedule, worker) = (schedule.name.clone(), self.worker.clone());
        TickClaim { schedule, at, late, after, passes, worker, lease: self.runner.lease }
    }
}

impl Watched<'_> {
    fn tell(&self, fired: Option<Fired>) {
        if let Some(fired) = fired {
            tracing::info!(schedule = %fired.schedule, at = %fired.at, state = fired.state.as_str(), "tick_fired");
            // No one may be listening any more: the store has the record.
            drop(self.told.send(fired));
        }
    }
}

/// Tells of a tick that could not be fired: the ones after it go on, and it is tried again.
///
/// A store that is away ends the look: no tick can go on without it.
fn set_aside(schedule: &Schedule, at: Timestamp, error: Error) -> Result<Duration> {
    if matches!(&error, Error::Store(store) if store.is_transient()) {
        return Err(error);
    }
    let error = error_chain(&error);
    tracing::warn!(schedule = %schedule.name, %at, %error, "a tick could not be fired; it is tried again");
    Ok(LOOK)
}

/// Waits, unless it is to end.
async fn pause(wait: Duration, stop: &mut watch::Receiver<bool>) {
    let ends = stop.wait_for(|stop| *stop);
    // Too late or gone, the sender wants the same.
    drop(tokio::time::timeout(wait, ends).await);
}
