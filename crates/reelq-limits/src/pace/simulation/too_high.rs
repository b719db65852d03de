//! A number that someone wrote down, and that is far above what the vendor takes; and refusals by chance, which tell nothing.

use super::*;

fn configured(requests_per_second: f64) -> AccountLimits {
    AccountLimits { requests_per_second, ..limits(false) }
}

/// The share of the vendor's rate from that second on, and the refused ones from the start: means of some worlds.
fn shares(vendor: Vendor, limits: AccountLimits, from: usize) -> (f64, f64) {
    const WORLDS: u64 = 4;
    let (mut share, mut refused) = (0.0, 0.0);
    for seed in 0..WORLDS {
        let mut world = World::new(vendor, limits, seed);
        world.run(120);
        share += world.rate(from..120) / vendor.rate / WORLDS as f64;
        refused += world.refusals(0..120) / WORLDS as f64;
    }
    (share, refused)
}

#[test]
fn a_number_far_too_high_costs_half_a_minute() {
    for (number, rate) in [(80.0, 40.0), (20.0, 10.0), (200.0, 20.0), (80.0, 70.0), (10.0, 7.0)] {
        let (share, refused) = shares(vendor_of(rate), configured(number), 30);
        assert!(share >= 0.9 && refused <= 0.02, "{number} over {rate}: {share} of it, {refused} refused");
    }
}

#[test]
fn vendors_that_count_in_windows_are_used_well_too() {
    for counting in [Counting::Fixed(1.0), Counting::Sliding(1.0)] {
        for (number, rate) in [(80.0, 40.0), (20.0, 10.0), (200.0, 20.0), (80.0, 70.0)] {
            let (share, refused) = shares(Vendor { counting, ..vendor_of(rate) }, configured(number), 45);
            assert!(share >= 0.75 && refused <= 0.02, "{number} over {rate}, {counting:?}: {share}, {refused} refused");
        }
    }
}

#[test]
fn a_number_thirty_times_too_high_is_found_out_too() {
    let (share, refused) = shares(vendor_of(3.0), configured(100.0), 30);
    assert!(share >= 0.8 && refused <= 0.07, "{share} of it, {refused} refused");
}

#[test]
fn long_and_short_pauses_cost_what_they_last() {
    for (retry_after_ms, least) in [(200, 0.9), (5000, 0.45)] {
        let (share, refused) = shares(Vendor { retry_after_ms, ..vendor_of(40.0) }, configured(80.0), 30);
        assert!(share >= least && refused <= 0.02, "{retry_after_ms} ms: {share}, {refused} refused");
    }
}

#[test]
fn a_limit_that_is_passed_by_chance_as_well_costs_no_more_than_chance() {
    let vendor = Vendor { whim: 0.02, ..vendor_of(40.0) };
    let (share, refused) = shares(vendor, configured(80.0), 30);
    // Fifty requests and a pause of more than a second: no more than 22 a second.
    assert!(share >= 0.45 && refused <= 0.05, "{share}, {refused} refused");
}

#[test]
fn a_hidden_limit_that_changes_is_followed() {
    for seed in 0..4 {
        let mut world = World::new(vendor_of(40.0), configured(80.0), seed);
        world.run(60);
        for (rate, from) in [(8.0, 60), (30.0, 120), (200.0, 180)] {
            world.vendor = vendor_of(rate);
            world.run(60);
            let (share, most) = (world.rate(from + 40..from + 60), rate.min(80.0));
            assert!(share >= 0.8 * most, "{rate}/s, world {seed}: {share} after forty seconds");
        }
        assert_eq!(world.pace.rate, None, "the configured number stands again");
    }
}

#[test]
fn too_many_tasks_at_once_are_learned_whether_refusals_name_that_or_not() {
    for (tells, number, least) in [(true, 20.0, 0.9), (false, 20.0, 0.65), (false, 7.0, 0.65), (false, 80.0, 0.65)] {
        for seed in 0..4 {
            let mut world = World::new(Vendor { tells, ..CAPPED }, configured(number), seed);
            world.run(240);
            let most = CAPPED.cap as f64 / 4.0;
            let (share, refused) = (world.rate(60..240) / number.min(most), world.refusals(60..240));
            assert!(share >= least && refused <= 0.08, "told {tells}, {number}/s: {share}, {refused} refused");
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
    let (share, refused) = shares(vendor_of(1.0), configured(4.0), 30);
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
