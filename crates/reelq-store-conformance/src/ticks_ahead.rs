//! Ticks under a clock that was set: none is fired twice, and the present is neither silenced nor forgotten.

use reelq_model::{ScheduleName, Timestamp};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, batch},
};
use reelq_store::{TICK_SPANS_KEPT, TICKS_KEPT, TickClaim, TickClaimed, TickOutcome, TickSpan, TickState};

room! { ($) ticks_ahead_cases: ticks_ahead {
    ticks_of_the_present_are_kept_behind_those_of_a_clock_that_was_ahead,
    a_clock_that_is_set_back_fires_nothing_again,
    what_a_clock_stepped_over_is_not_taken_for_fired,
    a_fired_tick_is_not_pushed_out_by_ticks_that_were_skipped,
    spans_of_ticks_are_bounded_and_the_nearest_become_one,
} }

const HOUR: u32 = 3_600;

fn often() -> ScheduleName {
    ScheduleName::new("often").unwrap()
}

/// A schedule with a tick each second, as one process sees it.
struct Seconds<'a> {
    kit: Kit<'a>,
    from: Timestamp,
}

impl<'a> Seconds<'a> {
    async fn new(subject: &'a dyn Subject) -> Self {
        let kit = Kit::new(subject);
        let from = kit.store.schedule(&often()).await.unwrap();
        Self { kit, from }
    }

    fn at(&self, second: u32) -> Timestamp {
        self.from.after(SECOND * second)
    }

    async fn ask(&self, second: u32) -> TickClaimed {
        let (at, worker) = (self.at(second), self.kit.me.clone());
        let (after, passes) = (Some(at.before(SECOND)), Some(at.before(SECOND)));
        let claim = TickClaim { schedule: often(), at, late: false, after, passes, worker, lease: LEASE };
        self.kit.store.tick(&claim).await.unwrap()
    }

    /// Time passes, and the tick is won and finished.
    async fn end(&self, second: u32, state: TickState) {
        self.kit.advance(SECOND);
        let claimed = self.ask(second).await;
        let TickClaimed::Won(lease) = claimed else { panic!("tick {second} was not won: {claimed:?}") };
        let batch = (state == TickState::Fired).then(|| batch("often@1"));
        let outcome = TickOutcome { state, batch, reason: String::new() };
        assert!(self.kit.store.finish_tick(&lease, &outcome).await.unwrap());
    }

    async fn fire(&self, seconds: impl IntoIterator<Item = u32>) {
        for second in seconds {
            self.end(second, TickState::Fired).await;
        }
    }

    /// The schedule is looked at, as each process does before it asks for a tick.
    async fn look(&self) -> Timestamp {
        self.kit.store.schedule(&often()).await.unwrap()
    }

    async fn spans(&self) -> Vec<TickSpan> {
        self.kit.store.ticks_over(&often()).await.unwrap()
    }
}

fn kept() -> u32 {
    u32::try_from(TICKS_KEPT).unwrap()
}

pub async fn ticks_of_the_present_are_kept_behind_those_of_a_clock_that_was_ahead(subject: &dyn Subject) {
    let seconds = Seconds::new(subject).await;
    seconds.fire(HOUR..HOUR + kept()).await;
    let mark = seconds.look().await;
    assert!(mark <= seconds.kit.store.now().await.unwrap(), "the schedule goes on at the present time");
    // The time that firing those took has passed.
    let present = kept() + 10;
    seconds.fire(present..present + 3).await;
    let last: Vec<_> = seconds.kit.store.ticks(&often(), 3).await.unwrap().into_iter().map(|tick| tick.at).collect();
    assert_eq!(last, [seconds.at(present + 2), seconds.at(present + 1), seconds.at(present)], "the present first");
    let dropped = TickSpan { after: seconds.at(HOUR - 1), until: seconds.at(HOUR + 2) };
    assert_eq!(seconds.spans().await, [dropped], "what was finished first has gone");
    for over in [HOUR, HOUR + 2, HOUR + 3, HOUR + kept() - 1] {
        seconds.look().await;
        assert_eq!(seconds.ask(over).await, TickClaimed::Over, "its time comes, and it was fired");
    }
}

pub async fn a_clock_that_is_set_back_fires_nothing_again(subject: &dyn Subject) {
    let seconds = Seconds::new(subject).await;
    let all = 3 * kept();
    seconds.fire(HOUR..HOUR + all).await;
    // What was skipped is remembered like what was fired.
    for second in HOUR + all..HOUR + 2 * all {
        seconds.end(second, TickState::Skipped).await;
    }
    for second in (HOUR..HOUR + 2 * all).step_by(7) {
        seconds.look().await;
        assert_eq!(seconds.ask(second).await, TickClaimed::Over, "{second}");
    }
    seconds.look().await;
    let unfired = 2 * all + 10;
    seconds.fire([unfired]).await;
}

pub async fn what_a_clock_stepped_over_is_not_taken_for_fired(subject: &dyn Subject) {
    let seconds = Seconds::new(subject).await;
    let half = kept() / 2;
    seconds.fire(1..=half).await;
    seconds.fire(HOUR..HOUR + half).await;
    seconds.look().await;
    // It is right again; the next ticks push the earlier ones out one by one.
    seconds.fire(2 * half + 1..=3 * half + kept()).await;
    seconds.look().await;
    let spans = seconds.spans().await;
    assert_eq!(spans.len(), 3, "before, what was ahead, and what follows: {spans:?}");
    assert_eq!(spans[0], TickSpan { after: seconds.at(0), until: seconds.at(half) });
    assert_eq!(spans[2], TickSpan { after: seconds.at(HOUR - 1), until: seconds.at(HOUR + half - 1) });
    seconds.fire([HOUR - 1]).await;
}

pub async fn a_fired_tick_is_not_pushed_out_by_ticks_that_were_skipped(subject: &dyn Subject) {
    let seconds = Seconds::new(subject).await;
    seconds.fire([1]).await;
    for second in 2..=kept() + 5 {
        seconds.end(second, TickState::Skipped).await;
    }
    let ticks = seconds.kit.store.ticks(&often(), usize::MAX).await.unwrap();
    let fired: Vec<_> = ticks.iter().filter(|tick| tick.state == TickState::Fired).map(|tick| tick.at).collect();
    assert_eq!(fired, [seconds.at(1)], "its batch may still be outstanding");
    assert_eq!(ticks.len(), 1 + TICKS_KEPT);
}

pub async fn spans_of_ticks_are_bounded_and_the_nearest_become_one(subject: &dyn Subject) {
    let seconds = Seconds::new(subject).await;
    let most = u32::try_from(TICK_SPANS_KEPT).unwrap();
    // Each second tick was missed, and the first two lie closest to each other.
    let lonely: Vec<_> = (0..=most).map(|number| if number == 0 { 8 } else { 10 * number }).collect();
    seconds.fire(lonely.iter().copied()).await;
    seconds.fire(HOUR..HOUR + kept()).await;
    let spans = seconds.spans().await;
    assert_eq!(spans.len(), TICK_SPANS_KEPT);
    assert_eq!(spans[0], TickSpan { after: seconds.at(7), until: seconds.at(10) });
    seconds.look().await;
    assert_eq!(seconds.ask(8).await, TickClaimed::Over);
}
