use super::*;

#[test]
fn the_rate_alone_sends_one_an_interval() {
    let told = told(runs(rate(jobs(account(), 101), 4.0), &[10_000]));
    assert_eq!(told.submit_s, Some(always(25)));
    assert_eq!(told.end_s, Some(always(35)));
    assert_eq!(told.limit, Some(Bottleneck::Rate));
}

#[test]
fn a_burst_goes_at_once() {
    let mut account = runs(rate(jobs(account(), 101), 1.0), &[1_000]);
    account.pacing.burst = NonZeroU32::new(51).unwrap();
    assert_eq!(told(account).submit_s, Some(always(50)));
}

#[test]
fn places_in_flight_make_rounds() {
    let told = told(runs(places(jobs(account(), 95), 10), &[60_000]));
    let rounds = Interval { median: 601, low: 601, high: 601 };
    assert_eq!(told.end_s, Some(rounds), "ten rounds of a minute, and the microseconds between submissions");
    assert_eq!(told.limit, Some(Bottleneck::Places));
}

#[test]
fn what_runs_longer_than_all_else_is_the_vendors() {
    let told = told(runs(jobs(account(), 10), &[60_000]));
    assert_eq!((told.end_s, told.limit), (Some(always(61)), Some(Bottleneck::Durations)));
}

#[test]
fn an_end_is_noticed_and_stored_later() {
    let mut account = runs(jobs(account(), 1), &[60_000]);
    account.pacing.poll_ms = 10_000;
    account.history.download_ms = vec![5_000];
    let end = told(account).end_s.unwrap();
    assert!(
        (66..=67).contains(&end.low) && (69..=71).contains(&end.median) && (74..=75).contains(&end.high),
        "{end:?}"
    );
}

#[test]
fn downloads_hold_no_place() {
    let mut account = runs(places(jobs(account(), 3), 1), &[10_000]);
    account.history.download_ms = vec![100_000];
    assert_eq!(told(account).end_s, Some(always(130)));
}

#[test]
fn throttled_submissions_go_again_and_cost_only_time() {
    let quiet = runs(rate(jobs(account(), 1_000), 10.0), &[1_000]);
    let busy = throttles(quiet.clone(), 10_000, 1_000, &[2_000]);
    let (quiet, busy) = (told(quiet), told(busy));
    assert_eq!(busy.cost, quiet.cost);
    // One in ten is throttled: 111 more submissions, and two seconds for each.
    let seen = busy.throttles.unwrap();
    assert!((105..=117).contains(&seen.median) && seen.low < 105 && seen.high > 117, "{seen:?}");
    let late = busy.end_s.unwrap().median - quiet.end_s.unwrap().median;
    assert!((205..=240).contains(&late), "{late}");
    assert_eq!(busy.limit, Some(Bottleneck::Throttles));
}

#[test]
fn a_rate_that_sends_nothing_leaves_all_over_and_tells_no_time() {
    let told = told(runs(rate(jobs(account(), 5), 0.0), &[1_000]));
    assert_eq!((told.submit_s, told.end_s), (None, None));
    assert_eq!((told.left_over, told.limit), (always(5), Some(Bottleneck::Rate)));
}
