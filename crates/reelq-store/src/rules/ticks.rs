//! Who wins a tick, and which ticks are over though they have no record any more.
//!
//! A tick that is dropped takes the time since the one before it along: what was fired one after the other becomes one span,
//! and what was not fired in between (a clock stepped over it) stays outside.

use reelq_model::{Timestamp, WorkerId};

use crate::{TICK_SPANS_KEPT, TickClaim, TickClaimed, TickLease, TickSpan, TickState};

/// What decides whether a tick that has a record can be won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickStanding {
    /// Where it stands.
    pub state: TickState,
    /// Its last winner's token.
    pub token: u64,
    /// It was fired after downtime, as its first winner said.
    pub late: bool,
    /// Its last winner.
    pub worker: WorkerId,
    /// When the last winner's lease ends; `None` where it was finished.
    pub lease_until: Option<Timestamp>,
}

impl TickStanding {
    /// Whether the last winner still has it.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.state == TickState::Firing && self.lease_until.is_some_and(|until| until > now)
    }
}

/// Judges a request for a tick; the caller records what is won. `standing` is the tick's record, `mark` and `over` are its
/// schedule's, and `is_dead` says whether a worker's process has certainly ended: it is not waited for.
pub fn claim(
    now: Timestamp,
    claim: &TickClaim,
    standing: Option<TickStanding>,
    mark: Timestamp,
    over: &[TickSpan],
    is_dead: impl FnOnce(&WorkerId) -> bool,
) -> TickClaimed {
    let (token, late) = match standing {
        None if claim.at <= mark || over.iter().any(|span| span.covers(claim.at)) => return TickClaimed::Over,
        None => (1, claim.late),
        Some(tick) if tick.state.is_over() => return TickClaimed::Over,
        Some(tick) => {
            let taken = tick.lease_until.filter(|_| tick.is_leased(now) && tick.worker != claim.worker);
            if let Some(until) = taken.filter(|_| !is_dead(&tick.worker)) {
                return TickClaimed::Taken { worker: tick.worker, ends_in: until.since(now) };
            }
            (tick.token.saturating_add(1), tick.late)
        }
    };
    let (schedule, worker) = (claim.schedule.clone(), claim.worker.clone());
    TickClaimed::Won(TickLease { schedule, at: claim.at, token, worker, late })
}

/// Adds a span: those that it touches become one with it.
pub fn add_span(spans: &mut Vec<TickSpan>, mut span: TickSpan) {
    spans.retain(|other| {
        let apart = other.until < span.after || span.until < other.after;
        if !apart {
            span = joined(*other, span);
        }
        apart
    });
    spans.push(span);
    spans.sort_by_key(|span| span.after);
    if spans.len() > TICK_SPANS_KEPT {
        join_nearest(spans);
    }
}

fn join_nearest(spans: &mut Vec<TickSpan>) {
    let gap = |next: usize| spans[next].after.since(spans[next - 1].until);
    if let Some(next) = (1..spans.len()).min_by_key(|next| gap(*next)) {
        spans[next - 1] = joined(spans[next - 1], spans[next]);
        spans.remove(next);
    }
}

fn joined(one: TickSpan, other: TickSpan) -> TickSpan {
    TickSpan { after: one.after.min(other.after), until: one.until.max(other.until) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelq_model::ScheduleName;

    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn worker(name: &str) -> WorkerId {
        WorkerId::new(name).unwrap()
    }

    /// What a worker `w` gets that asks for the tick of 50 at 100; the mark stands at 10.
    fn asked(standing: Option<TickStanding>, over: &[TickSpan], is_dead: bool) -> &'static str {
        let asks = TickClaim {
            schedule: ScheduleName::new("s").unwrap(),
            at: at(50),
            late: true,
            after: None,
            passes: None,
            worker: worker("w"),
            lease: Duration::from_secs(1),
        };
        match claim(at(100), &asks, standing, at(10), over, |_| is_dead) {
            TickClaimed::Over => "over",
            TickClaimed::Taken { .. } => "taken",
            TickClaimed::Won(TickLease { token: 1, late: true, .. }) => "new",
            TickClaimed::Won(TickLease { token: 8, late: false, .. }) => "again",
            TickClaimed::Won(_) => "else",
        }
    }

    #[test]
    fn each_standing_of_a_tick_is_judged_once() {
        let standing = |state, name: &str, until: Option<i64>| {
            Some(TickStanding { state, token: 7, late: false, worker: worker(name), lease_until: until.map(at) })
        };
        let span = |after, until| TickSpan { after: at(after), until: at(until) };
        let table = [
            (None, vec![], false, "new"),
            (None, vec![span(40, 49), span(50, 60)], false, "new"),
            (None, vec![span(49, 50)], false, "over"),
            (standing(TickState::Fired, "x", None), vec![], false, "over"),
            (standing(TickState::Waiting, "x", None), vec![span(0, 99)], false, "again"),
            (standing(TickState::Firing, "x", Some(101)), vec![], false, "taken"),
            (standing(TickState::Firing, "x", Some(101)), vec![], true, "again"),
            (standing(TickState::Firing, "x", Some(100)), vec![], false, "again"),
            (standing(TickState::Firing, "w", Some(101)), vec![], false, "again"),
        ];
        for (standing, over, is_dead, expected) in table {
            assert_eq!(asked(standing.clone(), &over, is_dead), expected, "{standing:?} {over:?}");
        }
    }

    #[test]
    fn spans_that_touch_become_one() {
        let mut spans = Vec::new();
        for (after, until) in [(10, 20), (30, 40), (20, 30), (50, 60)] {
            add_span(&mut spans, TickSpan { after: at(after), until: at(until) });
        }
        let ends: Vec<_> = spans.iter().map(|span| (span.after.millis(), span.until.millis())).collect();
        assert_eq!(ends, [(10, 40), (50, 60)]);
    }
}
