//! Schedules: exactly one caller wins a tick.

use reelq_model::{ScheduleName, Timestamp, WorkerId};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, batch, worker},
};
use reelq_store::{TICKS_KEPT, TickClaim, TickClaimed, TickLease, TickOutcome, TickSpan, TickState, TickView};

room! { ($) ticks_cases: ticks {
    a_new_schedule_begins_now_and_keeps_its_mark,
    one_caller_wins_a_tick,
    a_finished_tick_is_over_for_everybody,
    a_tick_whose_winner_died_is_won_again_under_a_new_token,
    a_lease_that_is_extended_keeps_the_tick,
    a_released_tick_is_won_at_once,
    the_holder_wins_its_own_tick_again,
    a_late_finish_counts_unless_another_won,
    an_outcome_that_is_repeated_changes_nothing,
    a_waiting_tick_can_be_won_by_anybody,
    ticks_that_were_passed_are_over_and_those_begun_are_not,
    old_ticks_are_dropped_and_never_fire_again,
    open_ticks_are_never_dropped,
    schedules_do_not_touch_each_other,
} }

pub(crate) fn schedule(name: &str) -> ScheduleName {
    ScheduleName::new(name).unwrap()
}

pub(crate) fn nightly() -> ScheduleName {
    schedule("nightly")
}

pub(crate) fn claim_of(at: Timestamp, who: &WorkerId) -> TickClaim {
    TickClaim {
        schedule: nightly(),
        at,
        late: false,
        after: Some(at.before(SECOND)),
        passes: None,
        worker: who.clone(),
        lease: LEASE,
    }
}

pub(crate) fn outcome(state: TickState) -> TickOutcome {
    let batch = (state == TickState::Fired).then(|| batch("nightly@1"));
    TickOutcome { state, batch, reason: "because".to_owned() }
}

impl Kit<'_> {
    /// The time of a tick `seconds` after the schedule's mark, which is that of the first call.
    pub(crate) async fn tick_at(&self, seconds: u64) -> Timestamp {
        self.store.schedule(&nightly()).await.unwrap().after(SECOND * u32::try_from(seconds).unwrap())
    }

    async fn tick(&self, at: Timestamp) -> TickClaimed {
        self.store.tick(&claim_of(at, &self.me)).await.unwrap()
    }

    async fn win(&self, at: Timestamp) -> TickLease {
        won(self.tick(at).await)
    }

    async fn finish(&self, lease: &TickLease, state: TickState) -> bool {
        self.store.finish_tick(lease, &outcome(state)).await.unwrap()
    }

    async fn newest_ticks(&self) -> Vec<TickView> {
        self.store.ticks(&nightly(), 10_000).await.unwrap()
    }
}

fn won(claimed: TickClaimed) -> TickLease {
    match claimed {
        TickClaimed::Won(lease) => lease,
        other => panic!("the tick was not won: {other:?}"),
    }
}

pub async fn a_new_schedule_begins_now_and_keeps_its_mark(subject: &dyn Subject) {
    let kit = Kit::new(subject);
    let now = kit.store.now().await.unwrap();
    assert_eq!(kit.store.schedule(&nightly()).await.unwrap(), now);
    kit.advance(SECOND);
    assert_eq!(kit.another().store.schedule(&nightly()).await.unwrap(), now);
    assert_eq!(kit.tick(now).await, TickClaimed::Over, "the mark itself belongs to the past");
    assert_eq!(kit.tick(now.before(SECOND)).await, TickClaimed::Over);
    kit.win(now.after(SECOND)).await;
    let unseen = TickClaim { schedule: schedule("unseen"), ..claim_of(now, &kit.me) };
    assert_eq!(kit.store.tick(&unseen).await.unwrap(), TickClaimed::Over, "new ones fire nothing of the past");
}

pub async fn one_caller_wins_a_tick(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    let lease = kit.win(at).await;
    assert_eq!((lease.at, lease.token, lease.late), (at, 1, false));
    kit.advance(SECOND);
    let taken = TickClaimed::Taken { worker: kit.me.clone(), ends_in: LEASE.saturating_sub(SECOND) };
    assert_eq!(kit.another().tick(at).await, taken);
    let view = kit.newest_ticks().await.remove(0);
    assert_eq!((view.at, view.state, &view.worker), (at, TickState::Firing, &kit.me));
    assert_eq!(view.lease_until, Some(view.changed_at.after(LEASE)));
    kit.another().win(at.after(SECOND)).await;
}

pub async fn a_finished_tick_is_over_for_everybody(subject: &dyn Subject) {
    let (kit, from) = (Kit::new(subject), Kit::new(subject).tick_at(0).await);
    for (second, state) in (1..).zip([TickState::Fired, TickState::Skipped, TickState::Failed]) {
        let at = from.after(SECOND * second);
        assert!(kit.finish(&kit.win(at).await, state).await);
        assert_eq!(kit.tick(at).await, TickClaimed::Over);
        assert_eq!(kit.another().tick(at).await, TickClaimed::Over);
        let view = kit.newest_ticks().await.remove(0);
        assert_eq!((view.at, view.state, view.lease_until), (at, state, None));
        assert_eq!((view.batch, &*view.reason), (outcome(state).batch, "because"));
    }
    assert!(kit.store.open_ticks(&nightly()).await.unwrap().is_empty());
}

pub async fn a_tick_whose_winner_died_is_won_again_under_a_new_token(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    let late = TickClaim { late: true, ..claim_of(at, &kit.me) };
    let dead = won(kit.store.tick(&late).await.unwrap());
    kit.advance(LEASE);
    assert!(!kit.store.extend_tick(&dead, LEASE).await.unwrap(), "its time has passed");
    let other = kit.another();
    let next = other.win(at).await;
    assert_eq!((next.token, next.late), (2, true), "what the first winner knew stays");
    assert!(!kit.finish(&dead, TickState::Failed).await, "fenced off");
    assert!(!kit.store.extend_tick(&dead, LEASE).await.unwrap());
    kit.store.release_tick(&dead).await.unwrap();
    assert!(matches!(kit.tick(at).await, TickClaimed::Taken { .. }), "nor can it give it back");
    assert!(other.finish(&next, TickState::Fired).await);
    assert_eq!(kit.newest_ticks().await[0].worker, other.me);
}

pub async fn a_lease_that_is_extended_keeps_the_tick(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    let lease = kit.win(at).await;
    for _ in 0..3 {
        kit.advance(LEASE.saturating_sub(SECOND));
        assert!(kit.store.extend_tick(&lease, LEASE).await.unwrap());
    }
    assert_eq!(kit.another().tick(at).await, TickClaimed::Taken { worker: kit.me.clone(), ends_in: LEASE });
    assert!(kit.store.extend_tick(&lease, SECOND).await.unwrap());
    let still = TickClaimed::Taken { worker: kit.me.clone(), ends_in: LEASE };
    assert_eq!(kit.another().tick(at).await, still, "extending never shortens");
    assert!(kit.finish(&lease, TickState::Fired).await);
    assert!(!kit.store.extend_tick(&lease, LEASE).await.unwrap());
}

pub async fn a_released_tick_is_won_at_once(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    kit.store.release_tick(&kit.win(at).await).await.unwrap();
    assert_eq!(kit.store.open_ticks(&nightly()).await.unwrap().len(), 1);
    assert_eq!(kit.another().win(at).await.token, 2);
}

pub async fn the_holder_wins_its_own_tick_again(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    let (first, second) = (kit.win(at).await, kit.win(at).await);
    assert_eq!((first.token, second.token), (1, 2));
    assert!(!kit.finish(&first, TickState::Failed).await);
    assert!(kit.finish(&second, TickState::Fired).await);
}

pub async fn a_late_finish_counts_unless_another_won(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    let lease = kit.win(at).await;
    kit.advance(LEASE * 2);
    assert!(kit.finish(&lease, TickState::Fired).await, "no one else began it");
    assert_eq!(kit.another().tick(at).await, TickClaimed::Over);
}

pub async fn an_outcome_that_is_repeated_changes_nothing(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    let lease = kit.win(at).await;
    assert!(kit.finish(&lease, TickState::Fired).await);
    let before = kit.newest_ticks().await;
    kit.advance(SECOND);
    assert!(kit.finish(&lease, TickState::Failed).await);
    assert_eq!(kit.newest_ticks().await, before);
}

pub async fn a_waiting_tick_can_be_won_by_anybody(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    assert!(kit.finish(&kit.win(at).await, TickState::Waiting).await);
    let open = kit.store.open_ticks(&nightly()).await.unwrap();
    assert_eq!((open.len(), open[0].state, open[0].lease_until), (1, TickState::Waiting, None));
    // Its process goes on: a store may know at once that one has ended.
    let other = kit.another();
    let next = other.win(at).await;
    assert_eq!(next.token, 2);
    assert!(matches!(kit.tick(at).await, TickClaimed::Taken { .. }));
    assert!(other.finish(&next, TickState::Fired).await);
    assert_eq!(kit.tick(at).await, TickClaimed::Over);
}

pub async fn ticks_that_were_passed_are_over_and_those_begun_are_not(subject: &dyn Subject) {
    let (kit, from) = (Kit::new(subject), Kit::new(subject).tick_at(0).await);
    let at = |second: u32| from.after(SECOND * second);
    // A mark never goes ahead of the present.
    kit.advance(SECOND * 10);
    let begun = kit.win(at(2)).await;
    let newest = TickClaim { passes: Some(at(5)), ..claim_of(at(5), &kit.me) };
    won(kit.store.tick(&newest).await.unwrap());
    assert_eq!(kit.store.schedule(&nightly()).await.unwrap(), at(5));
    for passed in [1, 3, 4] {
        assert_eq!(kit.tick(at(passed)).await, TickClaimed::Over);
    }
    assert_eq!(kit.newest_ticks().await.len(), 2, "what was passed leaves no record");
    kit.store.release_tick(&begun).await.unwrap();
    assert_eq!(kit.another().win(at(2)).await.token, 2);
    let back = TickClaim { passes: Some(at(1)), ..claim_of(at(6), &kit.me) };
    won(kit.store.tick(&back).await.unwrap());
    assert_eq!(kit.store.schedule(&nightly()).await.unwrap(), at(5), "a mark never falls");
    let lost = TickClaim { passes: Some(at(9)), ..claim_of(at(6), &worker("w7")) };
    kit.store.tick(&lost).await.unwrap();
    assert_eq!(kit.store.schedule(&nightly()).await.unwrap(), at(5), "who wins nothing passes nothing");
}

pub async fn old_ticks_are_dropped_and_never_fire_again(subject: &dyn Subject) {
    let (kit, from) = (Kit::new(subject), Kit::new(subject).tick_at(0).await);
    let more = TICKS_KEPT + 3;
    kit.advance(SECOND * 10);
    for second in (1..).take(more) {
        let lease = kit.win(from.after(SECOND * second)).await;
        assert!(kit.finish(&lease, TickState::Fired).await);
    }
    let kept = kit.newest_ticks().await;
    assert_eq!(kept.len(), TICKS_KEPT);
    assert!(kept.is_sorted_by(|one, next| one.at > next.at), "the newest first");
    assert_eq!(kit.store.ticks(&nightly(), 2).await.unwrap(), kept[..2]);
    let span = TickSpan { after: from, until: from.after(SECOND * 3) };
    assert_eq!(kit.store.ticks_over(&nightly()).await.unwrap(), [span], "those that were dropped");
    for second in [1, 3, 4] {
        assert_eq!(kit.tick(from.after(SECOND * second)).await, TickClaimed::Over);
    }
}

pub async fn open_ticks_are_never_dropped(subject: &dyn Subject) {
    let (kit, from) = (Kit::new(subject), Kit::new(subject).tick_at(0).await);
    let (firing, waiting) = (from.after(SECOND), from.after(SECOND * 2));
    let lease = kit.win(firing).await;
    assert!(kit.finish(&kit.win(waiting).await, TickState::Waiting).await);
    for second in (3..).take(TICKS_KEPT + 1) {
        assert!(kit.finish(&kit.win(from.after(SECOND * second)).await, TickState::Skipped).await);
    }
    let open: Vec<_> = kit.store.open_ticks(&nightly()).await.unwrap().into_iter().map(|view| view.at).collect();
    assert_eq!(open, [firing, waiting], "the oldest first");
    assert_eq!(kit.newest_ticks().await.len(), TICKS_KEPT + 2);
    assert!(kit.finish(&lease, TickState::Skipped).await);
    let left = kit.newest_ticks().await;
    assert!(left.iter().all(|view| view.at != firing), "finished, it is the oldest and goes");
    assert_eq!(kit.tick(firing).await, TickClaimed::Over);
}

pub async fn schedules_do_not_touch_each_other(subject: &dyn Subject) {
    let (kit, at) = (Kit::new(subject), Kit::new(subject).tick_at(1).await);
    kit.store.schedule(&schedule("hourly")).await.unwrap();
    let other = TickClaim { schedule: schedule("hourly"), passes: Some(at), ..claim_of(at, &kit.me) };
    let (mine, its) = (kit.win(at).await, won(kit.store.tick(&other).await.unwrap()));
    assert!(kit.finish(&its, TickState::Fired).await);
    assert!(matches!(kit.another().tick(at).await, TickClaimed::Taken { .. }));
    assert!(kit.finish(&mine, TickState::Skipped).await);
    assert_eq!(kit.store.ticks(&schedule("hourly"), 9).await.unwrap()[0].state, TickState::Fired);
    assert!(kit.store.ticks(&schedule("none"), 9).await.unwrap().is_empty());
}
