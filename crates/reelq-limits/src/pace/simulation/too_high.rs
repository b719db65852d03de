//! A number that someone wrote down, and that is far above what the vendor takes; and refusals by chance, which tell nothing.

use super::*;

fn configured(requests_per_second: f64) -> AccountLimits {
    AccountLimits { requests_per_second, ..limits(false) }
}

/// The share of the vendor's rate after half a minute, and the refused ones from the start: means of some worlds.
fn shares(vendor: Vendor, limits: AccountLimits) -> (f64, f64) {
    const WORLDS: u64 = 4;
    let (mut share, mut refused) = (0.0, 0.0);
    for seed in 0..WORLDS {
        let mut world = World::new(vendor, limits, seed);
        world.run(120);
        share += world.rate(30..120) / vendor.rate / WORLDS as f64;
        refused += world.refusals(0..120) / WORLDS as f64;
    }
    (share, refused)
}

#[test]
fn a_number_far_too_high_costs_half_a_minute() {
    for (number, rate) in [(80.0, 40.0), (20.0, 10.0), (200.0, 20.0), (80.0, 70.0)] {
        let (share, refused) = shares(vendor_of(rate), configured(number));
        assert!(share >= 0.9 && refused <= 0.02, "{number} over {rate}: {share} of it, {refused} refused");
    }
}

#[test]
fn vendors_that_count_in_windows_are_used_well_too() {
    for counting in [Counting::Fixed(1.0), Counting::Sliding(1.0)] {
        for (number, rate) in [(80.0, 40.0), (20.0, 10.0), (200.0, 20.0), (80.0, 70.0)] {
            let (share, refused) = shares(Vendor { counting, ..vendor_of(rate) }, configured(number));
            assert!(share >= 0.75 && refused <= 0.02, "{number} over {rate}, {counting:?}: {share}, {refused} refused");
        }
    }
}

/// A vendor whose minute is used up refuses all until the next: that is no reason to slow down ever further.
#[test]
fn a_minute_that_is_used_up_wears_nothing_down() {
    for counting in [Counting::Fixed(60.0), Counting::Sliding(60.0)] {
        for seed in 0..2 {
            let mut world = World::new(Vendor { counting, ..vendor_of(20.0) }, configured(40.0), seed);
            world.run(480);
            let share = world.rate(60..480) / 20.0;
            assert!(share >= 0.85, "{counting:?}: {share}");
        }
    }
}

/// What a client gets that keeps to the pauses alone, where a share of its requests is refused by chance.
fn beside_pauses(limits: AccountLimits, whim: f64) -> f64 {
    let mut alone = 0.0;
    for seed in 0..4 {
        let mut world = World::new(Vendor { whim, ..VENDOR }, limits, seed);
        world.learns = false;
        world.run(300);
        alone += world.rate(0..300) / 4.0;
    }
    alone
}

#[test]
fn refusals_by_chance_wear_nothing_down() {
    for (number, whim) in [(80.0, 0.1), (20.0, 0.1), (2.0, 0.1), (20.0, 0.02), (80.0, 0.002)] {
        let limits = configured(number);
        let alone = beside_pauses(limits, whim);
        let mut rates = (0.0, 0.0);
        for seed in 0..4 {
            let mut world = World::new(Vendor { whim, ..VENDOR }, limits, seed);
            world.run(300);
            rates = (rates.0 + world.rate(0..300) / 4.0, rates.1 + world.rate(150..300) / 4.0);
        }
        let (all, later) = (rates.0 / alone, rates.1 / alone);
        assert!(all >= 0.75 && later >= 0.75, "{whim} at {number}/s: {all} of what the pauses leave, later {later}");
    }
}

#[test]
fn refusals_by_chance_do_not_stop_the_search_for_an_unknown_limit() {
    for seed in 0..4 {
        let mut world = World::new(Vendor { whim: 0.1, ..VENDOR }, limits(true), seed);
        world.run(600);
        // Ten requests and a pause of more than a second: at the default of 2/s no more than 1.6.
        assert!(world.rate(300..600) >= 1.2, "{}", world.rate(300..600));
    }
}

#[test]
fn a_vendor_that_lets_one_request_through_at_a_time_is_closed_no_more_than_it_says() {
    let (share, refused) = shares(vendor_of(1.0), configured(4.0));
    assert!(share >= 0.6 && refused <= 0.1, "{share}, {refused} refused");
}

#[test]
fn what_is_kept_of_refusals_stays_small() {
    let limits = configured(20.0);
    let mut world = World::new(Vendor { whim: 0.1, ..VENDOR }, limits, 1);
    world.run(120);
    let text = serde_json::to_string(&world.pace).unwrap();
    let kept: Pace = serde_json::from_str(&text).unwrap();
    assert_eq!(kept.requests_per_second(&limits).to_bits(), world.pace.requests_per_second(&limits).to_bits());
    assert!(text.len() < 1_500, "{} bytes: {text}", text.len());
}
