//! The breaker's steps, without a store.

use std::time::Duration;

use reelq_model::{JobId, Timestamp};

use super::{Ask, Begun, Breaker, BreakerPolicy, Fault, Told, Verdict};

const SECOND: Duration = Duration::from_secs(1);
const KEYED: BreakerPolicy = BreakerPolicy {
    after: 5,
    lost_after: 5,
    slots: false,
    wait: SECOND.saturating_mul(5),
    longest: SECOND.saturating_mul(600),
};
const UNKEYED: BreakerPolicy = BreakerPolicy { lost_after: 3, slots: true, ..KEYED };

fn job(number: u8) -> JobId {
    JobId::from_bytes([number; 16])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + seconds * 1000)
}

fn bad(fault: Fault) -> Verdict {
    Verdict::Bad { fault, reason: "HTTP 503".to_owned(), wait: None }
}

fn told(number: u8, verdict: Verdict) -> Told {
    Told { job: job(number), number: 1, verdict }
}

/// A breaker, its policy and what was told of it.
struct Bench {
    breaker: Breaker,
    policy: BreakerPolicy,
}

impl Bench {
    fn new(policy: BreakerPolicy) -> Self {
        Self { breaker: Breaker::default(), policy }
    }

    /// Whether the job may buy.
    fn begin(&mut self, number: u8, now: i64) -> bool {
        let ask = Ask { job: job(number), number: 1, lasts: SECOND * 30 };
        match self.breaker.begin(&ask, &self.policy, at(now)) {
            Begun::Free => true,
            Begun::Taken(next, _) => {
                self.breaker = next;
                true
            }
            Begun::Open(_) | Begun::Full => false,
        }
    }

    /// Whether the outcome changed anything.
    fn settle(&mut self, number: u8, verdict: Verdict, now: i64) -> bool {
        let next = self.breaker.settle(&told(number, verdict), &self.policy, at(now), 0.0);
        let changed = next.is_some();
        self.breaker = next.unwrap_or_else(|| self.breaker.clone());
        changed
    }

    fn next_probe(&self) -> Option<Timestamp> {
        self.breaker.open.as_ref().map(|open| open.next)
    }
}

#[test]
fn good_outcomes_change_nothing_where_nothing_was_wrong() {
    let mut bench = Bench::new(KEYED);
    assert!(bench.settle(1, Verdict::Good, 0), "when the provider lived is noted once");
    for number in 2..200 {
        assert!(bench.begin(number, 1));
        assert!(!bench.settle(number, Verdict::Good, 1));
    }
}

#[test]
fn a_few_bad_outcomes_in_a_row_open_it_whatever_their_class() {
    let mut bench = Bench::new(KEYED);
    let faults = [Fault::Ambiguous, Fault::NotSent, Fault::TurnedAway, Fault::NotSent, Fault::Ambiguous];
    for (number, fault) in (1..).zip(faults) {
        assert_eq!(bench.breaker.open, None);
        bench.settle(number, bad(fault), 0);
    }
    let open = bench.breaker.open.as_ref().unwrap();
    assert_eq!((open.fault, open.count, open.probes, open.since, open.next), (Fault::Ambiguous, 5, 0, at(0), at(5)));
}

#[test]
fn a_good_outcome_between_begins_the_row_anew_and_a_throttled_one_does_not() {
    let mut bench = Bench::new(KEYED);
    for number in 1..5 {
        bench.settle(number, bad(Fault::NotSent), 0);
    }
    bench.settle(5, Verdict::Good, 1);
    for number in 11..15 {
        bench.settle(number, bad(Fault::NotSent), 2);
    }
    assert_eq!(bench.breaker.open, None);
    bench.settle(15, Verdict::Neither, 3);
    bench.settle(16, bad(Fault::NotSent), 3);
    assert!(bench.breaker.open.is_some());
}

#[test]
fn one_row_alone_opens_nothing() {
    let mut bench = Bench::new(KEYED);
    bench.settle(1, Verdict::Good, 0);
    for now in 1..100 {
        bench.settle(9, bad(Fault::TurnedAway), now);
    }
    assert_eq!(bench.breaker.open, None);
    assert!(!bench.breaker.others_get_through(job(9), at(0)), "no one did since");
    bench.settle(2, Verdict::Good, 700);
    bench.settle(9, bad(Fault::TurnedAway), 701);
    assert!(bench.breaker.others_get_through(job(9), at(0)));
    bench.settle(3, bad(Fault::TurnedAway), 702);
    assert!(!bench.breaker.others_get_through(job(9), at(0)), "others are turned away as well");
}

#[test]
fn purchases_of_unknown_fate_never_pass_the_threshold() {
    let mut bench = Bench::new(UNKEYED);
    let begun: Vec<_> = (1..10).filter(|number| bench.begin(*number, 0)).collect();
    assert_eq!(begun, [1, 2, 3]);
    bench.settle(1, bad(Fault::Ambiguous), 1);
    assert!(!bench.begin(4, 1), "one is lost, and two are under way");
    bench.settle(2, Verdict::Good, 1);
    assert!(bench.begin(4, 1) && bench.begin(5, 1) && !bench.begin(6, 1), "the good one made an end of the row");
    for number in [3, 4, 5] {
        bench.settle(number, bad(Fault::Ambiguous), 2);
    }
    assert_eq!(bench.next_probe(), Some(at(7)));
    assert!(!bench.begin(6, 6));
}

#[test]
fn one_probe_goes_at_a_time_at_growing_waits() {
    let mut bench = Bench::new(KEYED);
    for number in 1..6 {
        bench.settle(number, bad(Fault::NotSent), 0);
    }
    let mut now = 5;
    for wait in [10, 20, 40, 80, 160, 320, 600, 600] {
        assert!(!bench.begin(7, now - 1), "it is not due");
        assert!(bench.begin(8, now));
        assert!(!bench.begin(9, now), "one at a time");
        bench.settle(8, bad(Fault::NotSent), now);
        now += wait;
        assert_eq!(bench.next_probe(), Some(at(now)));
    }
    assert_eq!(bench.breaker.open.as_ref().map(|open| (open.probes, open.count)), Some((8, 13)));
    assert!(bench.begin(8, now));
    bench.settle(8, Verdict::Good, now);
    assert!(bench.breaker.is_quiet() && bench.begin(9, now));
}

#[test]
fn the_provider_is_left_alone_for_as_long_as_it_asks() {
    let asks = |seconds| Verdict::Bad {
        fault: Fault::Ambiguous,
        reason: String::new(),
        wait: Some(Duration::from_secs(seconds)),
    };
    let mut bench = Bench::new(UNKEYED);
    bench.settle(1, asks(90), 0);
    bench.settle(2, asks(1), 1);
    bench.settle(3, asks(1), 2);
    assert_eq!(bench.next_probe(), Some(at(90)), "the longest word of the row");
    assert!(bench.begin(4, 90));
    bench.settle(4, asks(3600), 91);
    assert_eq!(bench.next_probe(), Some(at(91 + 3600)), "longer than our own longest wait");
    let mut keyed = Bench::new(KEYED);
    (1..=5).for_each(|number| {
        keyed.settle(number, asks(3600), 0);
    });
    assert_eq!(keyed.next_probe(), Some(at(900)), "keys are remembered only for so long");
}

#[test]
fn a_late_success_closes_it() {
    let mut bench = Bench::new(KEYED);
    for number in 1..6 {
        bench.settle(number, bad(Fault::Ambiguous), 0);
    }
    bench.settle(99, Verdict::Good, 1);
    assert_eq!(bench.breaker.pause(), None);
}

#[test]
fn what_a_dead_worker_bought_is_lost_once_and_is_looked_at_at_once() {
    let mut bench = Bench::new(UNKEYED);
    assert!(bench.begin(1, 0) && bench.begin(2, 0) && bench.begin(3, 0));
    bench.breaker = bench.breaker.lost_one(job(1), 1, &UNKEYED, at(1)).unwrap();
    assert_eq!(bench.breaker.lost_one(job(1), 1, &UNKEYED, at(1)), None);
    assert!(!bench.begin(4, 29), "two may still end well");
    assert!(bench.begin(4, 30), "all three are lost, and no answer was bad: it looks at once");
    assert!(!bench.begin(5, 31));
    bench.settle(4, Verdict::Good, 32);
    assert!(bench.begin(5, 32));
}

#[test]
fn an_outcome_that_comes_after_its_slot_lapsed_is_not_counted_twice() {
    let mut bench = Bench::new(UNKEYED);
    bench.begin(1, 0);
    bench.begin(2, 31);
    bench.settle(1, bad(Fault::Ambiguous), 32);
    assert!(bench.begin(3, 32), "one lost, one under way");
    assert!(!bench.begin(4, 32));
}

#[test]
fn a_probe_whose_worker_died_is_followed_by_another() {
    let mut bench = Bench::new(KEYED);
    for number in 1..6 {
        bench.settle(number, bad(Fault::NotSent), 0);
    }
    assert!(bench.begin(7, 5));
    assert!(!bench.begin(8, 34));
    assert!(bench.begin(8, 35));
}

#[test]
fn a_probe_that_said_nothing_is_followed_by_another() {
    let mut bench = Bench::new(KEYED);
    for number in 1..6 {
        bench.settle(number, bad(Fault::NotSent), 0);
    }
    assert!(bench.begin(7, 5));
    bench.settle(7, Verdict::Neither, 6);
    assert!(bench.begin(8, 6));
}

#[test]
fn outputs_that_cannot_be_fetched_stop_the_buying_until_one_is() {
    let mut bench = Bench::new(KEYED);
    for number in [1, 1, 1, 2, 3, 4] {
        bench.breaker =
            bench.breaker.unfetched(job(number), "404", &KEYED, at(0)).unwrap_or_else(|| bench.breaker.clone());
    }
    assert_eq!(bench.breaker.open, None, "four jobs");
    bench.breaker = bench.breaker.unfetched(job(5), "404", &KEYED, at(0)).unwrap();
    assert!(!bench.begin(9, 599), "while anything may still be fetched");
    bench.breaker = bench.breaker.unfetched(job(5), "404", &KEYED, at(300)).unwrap();
    assert!(!bench.begin(9, 899), "it was fetched in vain once more");
    assert!(bench.begin(9, 900), "nothing was fetched for long: one is bought");
    bench.settle(9, Verdict::Good, 901);
    assert!(!bench.begin(10, 902), "a purchase that is taken proves nothing of outputs");
    bench.breaker = bench.breaker.fetched().unwrap();
    assert!(bench.breaker.is_quiet());
    assert_eq!(bench.breaker.fetched(), None);
}

#[test]
fn switched_off_it_counts_nothing() {
    let off = BreakerPolicy { after: 0, lost_after: 0, ..UNKEYED };
    let mut bench = Bench::new(off);
    for number in 1..50 {
        assert!(bench.begin(number, 0));
        bench.settle(number, bad(Fault::Ambiguous), 0);
        assert_eq!(bench.breaker.unfetched(job(number), "404", &off, at(0)), None);
    }
    assert!(bench.breaker.is_quiet());
}

#[test]
fn a_lower_threshold_holds_nobody_for_ever() {
    let mut bench = Bench::new(UNKEYED);
    bench.settle(1, bad(Fault::Ambiguous), 0);
    bench.settle(2, bad(Fault::Ambiguous), 0);
    bench.policy.lost_after = 1;
    assert!(bench.begin(3, 1), "as a probe");
    assert!(!bench.begin(4, 1));
}

#[test]
fn what_it_keeps_is_bounded() {
    let mut bench = Bench::new(UNKEYED);
    for number in 1..=255 {
        bench.settle(number, bad(Fault::NotSent), 0);
        bench.breaker =
            bench.breaker.unfetched(job(number), "404", &UNKEYED, at(0)).unwrap_or_else(|| bench.breaker.clone());
    }
    let text = serde_json::to_string(&bench.breaker).unwrap();
    assert!(text.len() < 2000, "{text}");
    assert_eq!(serde_json::from_str::<Breaker>(&text).unwrap(), bench.breaker);
}
