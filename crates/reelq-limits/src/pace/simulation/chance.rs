//! Refusals that are no matter of rate, and loads that are none: neither wears anything down.

use super::*;

fn configured(requests_per_second: f64) -> AccountLimits {
    AccountLimits { requests_per_second, ..limits(false) }
}

const LONG: Vendor = Vendor { run_ms: (6000, 12_000), ..VENDOR };
const WORLDS: u64 = 6;

/// What is accepted a second, over all worlds, in all of the time and in its second half; without learning: what the
/// pauses leave.
fn accepted(vendor: Vendor, limits: AccountLimits, load: Load, learns: bool) -> (f64, f64) {
    const SECONDS: i64 = 400;
    const HALF: usize = 200;
    let (mut all, mut late) = (0.0, 0.0);
    for seed in 0..WORLDS {
        let mut world = World::new(vendor, limits, seed);
        (world.load, world.learns) = (load, learns);
        world.run(SECONDS);
        all += world.rate(0..2 * HALF) / WORLDS as f64;
        late += world.rate(HALF..2 * HALF) / WORLDS as f64;
    }
    (all, late)
}

fn wears_nothing_down(vendor: Vendor, number: f64, load: Load, least: f64) {
    let limits = configured(number);
    let (alone, learning) = (accepted(vendor, limits, load, false), accepted(vendor, limits, load, true));
    let (all, late) = (learning.0 / alone.0, learning.1 / alone.1);
    let what = format!("{} by chance at {number}/s, {load:?}", vendor.whim);
    assert!(all >= least && late >= least, "{what}: {all} of what the pauses leave, late {late}");
}

#[test]
fn refusals_by_chance_wear_nothing_down() {
    for (number, whim) in [(80.0, 0.1), (20.0, 0.1), (2.0, 0.1), (20.0, 0.02), (20.0, 0.05), (20.0, 0.3), (80.0, 0.002)]
    {
        wears_nothing_down(Vendor { whim, ..VENDOR }, number, Load::ALL, 0.9);
    }
}

#[test]
fn chance_is_known_whatever_pauses_and_tasks_last() {
    for vendor in [Vendor { retry_after_ms: 200, ..VENDOR }, Vendor { retry_after_ms: 3000, ..VENDOR }, LONG] {
        wears_nothing_down(Vendor { whim: 0.1, ..vendor }, 30.0, Load::ALL, 0.8);
    }
}

/// What a process that is dead does not send tells nothing of the vendor.
#[test]
fn processes_that_die_are_no_vendor_that_takes_little() {
    for lives in [(1200, 400), (1200, 3000), (20_000, 5000)] {
        let load = Load { lives: Some(lives), ..Load::ALL };
        wears_nothing_down(Vendor { whim: 0.1, ..VENDOR }, 30.0, load, 0.85);
    }
}

#[test]
fn little_to_send_and_idle_minutes_are_no_vendor_that_takes_little() {
    for (wanted, bursts) in [(1.0, None), (3.0, None), (f64::INFINITY, Some((20, 60)))] {
        let load = Load { wanted, bursts, ..Load::ALL };
        wears_nothing_down(Vendor { whim: 0.1, ..VENDOR }, 5.0, load, 0.85);
    }
}

#[test]
fn nothing_is_learned_where_nothing_is_refused() {
    for load in [
        Load { wanted: 1.0, ..Load::ALL },
        Load { bursts: Some((10, 60)), ..Load::ALL },
        Load { lives: Some((1200, 400)), ..Load::ALL },
    ] {
        let mut world = World::new(VENDOR, configured(5.0), 1);
        world.load = load;
        world.run(300);
        assert_eq!(world.pace, Pace::default(), "{load:?}");
    }
}

/// A hidden limit is found by whoever lives for some seconds; nobody is slowed down further than to it.
#[test]
fn a_hidden_limit_is_found_by_processes_that_die_and_by_bursts() {
    for (lives, bursts, least) in
        [(Some((1200, 400)), None, 0.55), (Some((20_000, 3000)), None, 0.6), (None, Some((10, 60)), 0.09)]
    {
        let (mut share, mut refused) = (0.0, 0.0);
        for seed in 0..WORLDS {
            let mut world = World::new(vendor_of(40.0), configured(80.0), seed);
            world.load = Load { bursts, lives, ..Load::ALL };
            world.run(300);
            share += world.rate(30..300) / 40.0 / WORLDS as f64;
            refused += world.refusals(0..300) / WORLDS as f64;
        }
        assert!(share >= least && refused <= 0.02, "{lives:?} {bursts:?}: {share}, {refused} refused");
    }
}
