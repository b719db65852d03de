//! No history of events leaves the bounds.

use proptest::prelude::*;

use std::time::Duration;

use super::*;

/// One thing that may happen to a pace.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Refused { limit: Option<Limit>, ago_ms: i64 },
    Trouble,
    Quiet,
}

fn happening() -> impl Strategy<Value = Happening> {
    let limit = prop_oneof![Just(None), Just(Some(Limit::Rate)), Just(Some(Limit::InFlight))];
    prop_oneof![
        1 => (limit, 0..3000_i64).prop_map(|(limit, ago_ms)| Happening::Refused { limit, ago_ms }),
        1 => Just(Happening::Trouble),
        6 => Just(Happening::Quiet),
    ]
}

proptest! {
    #[test]
    fn no_history_leaves_the_bounds(
        open in any::<bool>(),
        events in prop::collection::vec((happening(), 0..5000_i64, 0..500_u64, 0..2000_u64), 1..200),
    ) {
        let limits = limits(open);
        let (mut pace, mut now, mut tokens) = (Pace::default(), 0, 0);
        for (event, passed, sent, in_flight) in events {
            now += passed;
            tokens += sent;
            let present = Present { limits: &limits, usage: Usage { tokens, in_flight }, now: World::at(now) };
            let before = pace.requests_per_second(&limits) * f64::from(pace.max_in_flight(&limits).get());
            let next = match event {
                Happening::Refused { limit, ago_ms } => {
                    let wait = Duration::from_millis(in_flight);
                    let refused = Refused { limit, begun: World::at(now - ago_ms), wait };
                    let next = pace.on_throttled(&refused, &present);
                    let allowed = |pace: &Pace| pace.requests_per_second(&limits) * f64::from(pace.max_in_flight(&limits).get());
                    prop_assert!(allowed(&next) <= before, "a refusal never adds");
                    if allowed(&next) < before {
                        let again = next.on_throttled(&refused, &present);
                        prop_assert_eq!((again.rate, again.in_flight), (next.rate, next.in_flight), "an episode counts once");
                    }
                    Some(next)
                }
                Happening::Trouble => pace.on_trouble(present.now),
                Happening::Quiet => pace.on_quiet(&present),
            };
            pace = next.unwrap_or(pace);
            let rate = pace.requests_per_second(&limits);
            prop_assert!(rate.is_finite() && (0.01..=10_000.0).contains(&rate));
            prop_assert!(open || rate <= limits.requests_per_second);
            prop_assert!(open || pace.max_in_flight(&limits) <= limits.max_in_flight);
            let kept: Pace = serde_json::from_str(&serde_json::to_string(&pace).unwrap()).unwrap();
            prop_assert_eq!(kept.max_in_flight(&limits), pace.max_in_flight(&limits));
        }
    }
}

#[test]
fn trouble_holds_growth_and_takes_nothing() {
    let limits = limits(true);
    let present = |seconds: i64| Present {
        limits: &limits,
        usage: Usage { tokens: u64::try_from(seconds).unwrap() * 10, in_flight: 10 },
        now: World::at(seconds * 1000),
    };
    let begun = Pace::default().on_quiet(&present(0)).unwrap();
    let troubled = begun.on_trouble(World::at(500)).unwrap();
    assert_eq!(troubled.on_trouble(World::at(900)), None);
    let held = troubled.on_quiet(&present(3)).unwrap();
    assert_eq!((held.rate, held.in_flight), (None, None));
    let grown = held.on_quiet(&present(6)).unwrap();
    assert!(grown.requests_per_second(&limits) > 2.0);
}
