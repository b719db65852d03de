//! Wakes a stage worker that waits for its next due time, and knows whether only a change can bring it work.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::SharedClock;
use tokio::sync::Notify;

use crate::until_due::until_due;

#[derive(Debug)]
pub(crate) struct WakeupTimer {
    clock: SharedClock,
    state: Mutex<State>,
    woken: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The monotonic time at which to claim again.
    due: Option<Duration>,
    /// The last claim found nothing to do and nothing to wait for.
    idle: bool,
    /// The last claim took all that there was to take: nothing is due before `due`.
    exhausted: bool,
}

impl WakeupTimer {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self { clock, state: Mutex::default(), woken: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There will be work after `wait`.
    pub(crate) fn wake_after(&self, wait: Duration) {
        let at = self.clock.monotonic().saturating_add(wait);
        let mut state = self.state();
        state.idle = false;
        if state.due.is_none_or(|due| at < due) {
            state.due = Some(at);
            self.woken.notify_one();
        }
    }

    /// Wakes it only where it waits for nothing else: a slot in flight or money became free.
    pub(crate) fn wake_if_idle(&self) {
        let mut state = self.state();
        if state.idle {
            (state.idle, state.due) = (false, Some(self.clock.monotonic()));
            self.woken.notify_one();
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.state().idle
    }

    /// Whether the last claim left nothing to do within `limit` from now.
    pub(crate) fn is_idle_for(&self, limit: Duration) -> bool {
        let state = self.state();
        let soon = self.clock.monotonic().saturating_add(limit);
        state.idle || (state.exhausted && state.due.is_none_or(|due| due > soon))
    }

    /// Begins a claim, which answers every wakeup before it.
    pub(crate) fn begin_claim(&self) {
        *self.state() = State::default();
    }

    /// Ends a claim that found too little. The next is due after `retry_in`, or at the next wakeup.
    pub(crate) fn end_claim(&self, retry_in: Option<Duration>) {
        self.state().exhausted = true;
        if let Some(wait) = retry_in {
            self.wake_after(wait);
            return;
        }
        let mut state = self.state();
        state.idle = state.due.is_none();
    }

    /// Ends a claim that found nothing before the day ends. The next is due then; until then the stage worker is idle.
    pub(crate) fn end_claim_until_tomorrow(&self, wait: Duration) {
        let at = self.clock.monotonic().saturating_add(wait);
        let mut state = self.state();
        (state.idle, state.exhausted) = (state.due.is_none(), true);
        state.due = state.due.or(Some(at));
    }

    /// Waits until the next claim is due.
    pub(crate) async fn wait(&self) {
        until_due(&self.clock, &self.woken, || self.state().due).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelq_model::{ManualClock, Timestamp};

    use super::*;

    fn new_timer() -> (Arc<ManualClock>, WakeupTimer) {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(0)));
        (Arc::clone(&clock), WakeupTimer::new(clock))
    }

    #[test]
    fn worker_is_idle_only_after_a_claim_that_left_nothing_to_wait_for() {
        let (_, timer) = new_timer();
        assert!(!timer.is_idle(), "no one has claimed yet");
        timer.begin_claim();
        timer.end_claim(Some(Duration::from_secs(5)));
        assert!(!timer.is_idle());
        timer.begin_claim();
        timer.end_claim(None);
        assert!(timer.is_idle());
        timer.wake_after(Duration::from_secs(5));
        assert!(!timer.is_idle());
    }

    #[test]
    fn worker_whose_next_job_is_far_away_is_idle_for_less_than_that() {
        let (clock, timer) = new_timer();
        let limit = Duration::from_mins(15);
        assert!(!timer.is_idle_for(limit), "no one has claimed yet");
        timer.begin_claim();
        timer.end_claim(Some(Duration::from_hours(1)));
        assert!(timer.is_idle_for(limit) && !timer.is_idle());
        clock.advance(Duration::from_mins(50));
        assert!(!timer.is_idle_for(limit), "it is due in ten minutes");
        timer.begin_claim();
        assert!(!timer.is_idle_for(limit), "a claim is in progress");
        timer.end_claim(Some(Duration::from_hours(1)));
        timer.wake_after(Duration::from_secs(1));
        assert!(!timer.is_idle_for(limit), "something is due sooner");
    }

    #[tokio::test]
    async fn worker_that_waits_for_the_next_day_is_idle_and_claims_again_then() {
        let (clock, timer) = new_timer();
        timer.begin_claim();
        timer.end_claim_until_tomorrow(Duration::from_hours(5));
        assert!(timer.is_idle());
        clock.advance(Duration::from_hours(5));
        timer.wait().await;
        timer.begin_claim();
        timer.wake_after(Duration::from_secs(1));
        timer.end_claim_until_tomorrow(Duration::from_hours(5));
        assert!(!timer.is_idle(), "a wakeup during the claim is not forgotten");
        clock.advance(Duration::from_secs(1));
        timer.wait().await;
    }

    #[test]
    fn wakeup_during_a_claim_is_not_forgotten() {
        let (_, timer) = new_timer();
        timer.begin_claim();
        timer.wake_after(Duration::ZERO);
        timer.end_claim(None);
        assert!(!timer.is_idle());
    }

    #[tokio::test]
    async fn earliest_wakeup_ends_the_wait() {
        let (clock, timer) = new_timer();
        timer.begin_claim();
        timer.wake_after(Duration::from_hours(1));
        timer.wake_after(Duration::from_secs(2));
        clock.advance(Duration::from_secs(2));
        timer.wait().await;
    }
}
