//! What is found, followed and kept, and what is left alone.

use std::time::Duration;

use super::*;

#[test]
fn a_known_rate_is_used_up_and_never_refused() {
    for seed in 0..4 {
        let mut world = World::new(vendor_of(20.0), limits(false), seed);
        world.run(60);
        assert!(world.rate(1..60) >= 0.97 * 20.0, "{}", world.rate(1..60));
        assert_eq!(world.refused.iter().sum::<u32>(), 0);
        assert_eq!(world.pace, Pace::default(), "there was nothing to learn");
    }
}

#[test]
fn an_unknown_rate_is_found() {
    for rate in [3.0, 20.0, 200.0] {
        for seed in 0..4 {
            let mut world = World::new(vendor_of(rate), limits(true), seed);
            world.run(180);
            let (share, refusals) = (world.rate(60..180) / rate, world.refusals(0..180));
            assert!(share >= 0.9 && refusals <= 0.02, "{rate}/s: {share} with {refusals} refused");
        }
    }
}

#[test]
fn an_unknown_cap_is_found_most_easily_where_refusals_name_it() {
    for (tells, enough) in [(true, 0.9), (false, 0.8)] {
        for seed in 0..4 {
            let mut world = World::new(Vendor { tells, ..CAPPED }, limits(true), seed);
            world.run(180);
            let (share, refusals) = (world.rate(60..180) / (30.0 / 4.0), world.refusals(0..180));
            assert!(share >= enough && refusals <= 0.02, "told {tells}: {share} with {refusals} refused");
        }
    }
}

#[test]
fn a_rate_that_changes_is_followed_within_half_a_minute() {
    for seed in 0..4 {
        let mut world = World::new(vendor_of(20.0), limits(true), seed);
        world.run(60);
        for (rate, from) in [(10.0, 60), (20.0, 120), (40.0, 180)] {
            world.vendor = vendor_of(rate);
            world.run(60);
            let share = world.rate(from + 30..from + 60) / rate;
            assert!((0.88..1.05).contains(&share), "{rate}/s: {share} of it after half a minute");
        }
    }
}

#[test]
fn a_cap_that_changes_is_followed() {
    for seed in 0..4 {
        let mut world = World::new(CAPPED, limits(true), seed);
        world.run(60);
        for (cap, from) in [(15, 60), (30, 120)] {
            world.vendor.cap = cap;
            world.run(60);
            let share = world.rate(from + 30..from + 60) * 4.0 / cap as f64;
            assert!(share >= 0.85, "{cap} places: {share} of them after half a minute");
        }
    }
}

#[test]
fn a_ceiling_that_is_too_high_is_learned_down_and_kept() {
    let mut world = World::new(vendor_of(10.0), limits(false), 1);
    world.run(120);
    assert!(world.rate(60..120) >= 0.85 * 10.0, "{}", world.rate(60..120));
    // A number that someone wrote down is doubted later than one that was found: chance refusals must not undo it.
    assert!(world.refusals(0..120) <= 0.25, "{}", world.refusals(0..120));
    world.vendor = vendor_of(50.0);
    world.run(60);
    assert!((0.95 * 20.0..=1.01 * 20.0).contains(&world.rate(150..180)), "{}", world.rate(150..180));
    assert_eq!(world.pace.rate, None, "the configured number stands again");
}

#[test]
fn refusals_by_chance_leave_a_configured_number_alone() {
    let limits = limits(false);
    let mut pace = Pace::default();
    for (number, tokens) in (0..4_000).zip(0_u64..) {
        let now = World::at(number * 50);
        let present = Present { limits: &limits, usage: Usage { tokens, in_flight: 5 }, now };
        if number % 10 == 0 {
            let limit = [None, Some(Limit::Rate), Some(Limit::InFlight)][usize::try_from(number / 10 % 3).unwrap()];
            pace = pace.on_throttled(&Refused { limit, begun: now, wait: Duration::ZERO }, &present);
        }
    }
    assert_eq!((pace.rate, pace.in_flight), (None, None));
}

#[test]
fn vendors_without_a_burst_are_not_starved() {
    for seed in 0..4 {
        let mut world = World::new(Vendor { counting: Counting::Bucket(2.0), ..vendor_of(20.0) }, limits(true), seed);
        world.run(180);
        assert!(world.rate(60..180) >= 0.65 * 20.0, "{}", world.rate(60..180));
        assert!(world.refusals(0..180) <= 0.02);
    }
}
