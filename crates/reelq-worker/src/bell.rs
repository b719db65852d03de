//! Wakes a lane that sleeps until its next due time, and knows whether it waits for news only.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reelq_model::SharedClock;
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct Bell {
    clock: SharedClock,
    state: Mutex<State>,
    rung: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The monotonic time at which to look again.
    due: Option<Duration>,
    /// The last look found nothing to do and nothing to wait for.
    quiet: bool,
    /// The last look took all that there was to take: nothing is due before `due`.
    rests: bool,
}

impl Bell {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self { clock, state: Mutex::default(), rung: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something will be there to do after `wait`.
    pub(crate) fn ring_after(&self, wait: Duration) {
        let at = self.clock.monotonic().saturating_add(wait);
        let mut state = self.state();
        state.quiet = false;
        if state.due.is_none_or(|due| at < due) {
            state.due = Some(at);
            self.rung.notify_one();
        }
    }

    /// News that matter only where nothing else is waited for: a freed place, or money.
    pub(crate) fn ring_if_quiet(&self) {
        let mut state = self.state();
        if state.quiet {
            (state.quiet, state.due) = (false, Some(self.clock.monotonic()));
            self.rung.notify_one();
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.state().quiet
    }

    /// Whether the last look left nothing to do within `limit` from now.
    pub(crate) fn is_quiet_for(&self, limit: Duration) -> bool {
        let state = self.state();
        let soon = self.clock.monotonic().saturating_add(limit);
        state.quiet || (state.rests && state.due.is_none_or(|due| due > soon))
    }

    /// Begins a look: what was rung before it is answered by it.
    pub(crate) fn look(&self) {
        *self.state() = State::default();
    }

    /// Ends a look that found too little: the next is due after `retry_in`, or when it is rung.
    pub(crate) fn rest(&self, retry_in: Option<Duration>) {
        self.state().rests = true;
        if let Some(wait) = retry_in {
            self.ring_after(wait);
            return;
        }
        let mut state = self.state();
        state.quiet = state.due.is_none();
    }

    /// Ends a look that found nothing before the day ends: the next is due then, and until then it is as good as none.
    pub(crate) fn rest_until_day_ends(&self, wait: Duration) {
        let at = self.clock.monotonic().saturating_add(wait);
        let mut state = self.state();
        (state.quiet, state.rests) = (state.due.is_none(), true);
        state.due = state.due.or(Some(at));
    }

    /// Waits until the next look is due.
    pub(crate) async fn wait(&self) {
        loop {
            let due = self.state().due;
            let now = self.clock.monotonic();
            match due {
                Some(due) if due <= now => return,
                Some(due) => {
                    tokio::select! {
                        () = tokio::time::sleep(due.saturating_sub(now)) => {}
                        () = self.rung.notified() => {}
                    }
                }
                None => self.rung.notified().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelq_model::{ManualClock, Timestamp};

    use super::*;

    fn bell() -> (Arc<ManualClock>, Bell) {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(0)));
        (Arc::clone(&clock), Bell::new(clock))
    }

    #[test]
    fn lane_is_quiet_only_after_a_look_that_left_nothing_to_wait_for() {
        let (_, bell) = bell();
        assert!(!bell.is_quiet(), "nobody has looked yet");
        bell.look();
        bell.rest(Some(Duration::from_secs(5)));
        assert!(!bell.is_quiet());
        bell.look();
        bell.rest(None);
        assert!(bell.is_quiet());
        bell.ring_after(Duration::from_secs(5));
        assert!(!bell.is_quiet());
    }

    #[test]
    fn lane_whose_next_job_is_far_away_is_quiet_for_less_than_that() {
        let (clock, bell) = bell();
        let limit = Duration::from_mins(15);
        assert!(!bell.is_quiet_for(limit), "nobody has looked yet");
        bell.look();
        bell.rest(Some(Duration::from_hours(1)));
        assert!(bell.is_quiet_for(limit) && !bell.is_quiet());
        clock.advance(Duration::from_mins(50));
        assert!(!bell.is_quiet_for(limit), "it is due in ten minutes");
        bell.look();
        assert!(!bell.is_quiet_for(limit), "a look is under way");
        bell.rest(Some(Duration::from_hours(1)));
        bell.ring_after(Duration::from_secs(1));
        assert!(!bell.is_quiet_for(limit), "something is due sooner");
    }

    #[tokio::test]
    async fn lane_that_waits_for_the_next_day_is_quiet_and_looks_again_then() {
        let (clock, bell) = bell();
        bell.look();
        bell.rest_until_day_ends(Duration::from_hours(5));
        assert!(bell.is_quiet());
        clock.advance(Duration::from_hours(5));
        bell.wait().await;
        bell.look();
        bell.ring_after(Duration::from_secs(1));
        bell.rest_until_day_ends(Duration::from_hours(5));
        assert!(!bell.is_quiet(), "news during the look are not forgotten");
        clock.advance(Duration::from_secs(1));
        bell.wait().await;
    }

    #[test]
    fn news_during_a_look_are_not_forgotten() {
        let (_, bell) = bell();
        bell.look();
        bell.ring_after(Duration::ZERO);
        bell.rest(None);
        assert!(!bell.is_quiet());
    }

    #[tokio::test]
    async fn earliest_ring_ends_the_wait() {
        let (clock, bell) = bell();
        bell.look();
        bell.ring_after(Duration::from_hours(1));
        bell.ring_after(Duration::from_secs(2));
        clock.advance(Duration::from_secs(2));
        bell.wait().await;
    }
}
