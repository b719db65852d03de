//! When ticks are: expressions, time zones, clocks that change, and what is due after downtime.

use std::time::Duration;

use proptest::prelude::*;
use reelq_model::{ScheduleName, Timestamp};
use reelq_producer::schedule::{CatchUp, Due, Expression, Overlap, Schedule, Timetable, Zone, folder_of};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn timetable(cron: &str, zone: &str) -> Timetable {
    Timetable::new(cron.parse().unwrap(), zone.parse().unwrap())
}

/// The ticks after `from`, as many as are expected.
fn ticks(cron: &str, zone: &str, from: &str, expected: &[&str]) {
    let table = timetable(cron, zone);
    let found: Vec<_> = table.ticks(time(from)).take(expected.len()).map(|tick| tick.to_string()).collect();
    assert_eq!(found, expected, "`{cron}` in {zone} from {from}");
    for tick in expected.windows(2) {
        let between = time(tick[1]).before(Duration::from_millis(1));
        assert_eq!(table.until(between).unwrap().to_string(), tick[0], "back from {}", tick[1]);
        assert_eq!(table.until(time(tick[0])).unwrap().to_string(), tick[0], "itself included");
    }
}

#[test]
fn a_time_that_a_clock_skips_is_right_after_the_gap() {
    // Berlin goes from 02:00 to 03:00 at 01:00 UTC.
    let around = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
    ticks("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", &around);
    // Two times of one gap are one tick.
    let both = ["2026-03-28T01:10:00Z", "2026-03-28T01:40:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:10:00Z"];
    ticks("10,40 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", &both);
    // The hour after the gap is its own; 02:00 falls on it, and is the same tick.
    let next = ["2026-03-28T01:00:00Z", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"];
    ticks("0 2,3 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", &next);
    ticks("0 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", &["2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"]);
}

#[test]
fn a_time_that_a_clock_shows_twice_is_the_first_of_them() {
    // Berlin goes from 03:00 back to 02:00 at 01:00 UTC.
    let once = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
    ticks("30 2 * * *", "Europe/Berlin", "2026-10-23T12:00:00Z", &once);
    let twice_a_day = ["2026-10-25T00:30:00Z", "2026-10-25T13:30:00Z", "2026-10-26T01:30:00Z"];
    ticks("30 2,14 * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", &twice_a_day);
    // From within the second showing, the next is tomorrow's; from within the first, what is left of it.
    ticks("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", &["2026-10-26T01:30:00Z"]);
    ticks("30 2 * * *", "Europe/Berlin", "2026-10-25T00:10:00Z", &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    let hours = ["2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z"];
    ticks("0 */2 * * *", "Europe/Berlin", "2026-10-24T21:00:00Z", &hours);
}

#[test]
fn what_has_ticks_in_every_hour_follows_the_time_that_passes() {
    let gap = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"];
    ticks("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", &gap);
    let repeat = [
        "2026-10-25T00:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T02:00:00Z",
    ];
    ticks("0/30 * * * *".replace("0/", "*/").as_str(), "Europe/Berlin", "2026-10-24T23:45:00Z", &repeat);
    ticks("15 * * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", &["2026-01-01T00:45:00Z", "2026-01-01T01:45:00Z"]);
}

#[test]
fn zones_are_what_they_are() {
    // Half hours, quarter hours, no summer time, and both sides of the date line.
    ticks("0 9 * * *", "Asia/Kolkata", "2026-06-01T00:00:00Z", &["2026-06-01T03:30:00Z", "2026-06-02T03:30:00Z"]);
    ticks("0 9 * * *", "Asia/Kathmandu", "2026-06-01T00:00:00Z", &["2026-06-01T03:15:00Z"]);
    ticks("0 9 * * *", "Asia/Tokyo", "2026-03-28T12:00:00Z", &["2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"]);
    ticks("0 9 * * *", "UTC", "2026-03-28T12:00:00Z", &["2026-03-29T09:00:00Z"]);
    ticks("0 0 * * *", "Pacific/Kiritimati", "2026-06-01T00:00:00Z", &["2026-06-01T10:00:00Z"]);
    ticks("0 0 * * *", "Pacific/Pago_Pago", "2026-06-01T00:00:00Z", &["2026-06-01T11:00:00Z"]);
    // Lord Howe moves by half an hour: 02:00 to 02:30.
    let lord_howe = ["2026-10-02T15:45:00Z", "2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"];
    ticks("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T00:00:00Z", &lord_howe);
}

#[test]
fn a_midnight_that_a_clock_skips_is_the_first_moment_of_the_day() {
    // Santiago goes from 00:00 to 01:00 on 6 September 2026.
    let around = ["2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"];
    ticks("0 0 * * *", "America/Santiago", "2026-09-04T12:00:00Z", &around);
    // Samoa left out 30 December 2011 altogether.
    let samoa = ["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"];
    ticks("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", &samoa);
}

#[test]
fn days_of_the_calendar_are_kept() {
    ticks("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]);
    let ends = ["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"];
    ticks("0 0 L * *", "UTC", "2026-01-01T00:00:00Z", &ends);
    ticks("0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", &["2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]);
    // 15 February 2026 is a Sunday: the working day next to it is the 16th.
    ticks("0 0 15W 2 *", "UTC", "2026-01-01T00:00:00Z", &["2026-02-16T00:00:00Z"]);
    ticks("0 0 * * FRI#2", "UTC", "2026-11-01T00:00:00Z", &["2026-11-13T00:00:00Z", "2026-12-11T00:00:00Z"]);
    ticks("0 0 * * FRI#L", "UTC", "2026-11-01T00:00:00Z", &["2026-11-27T00:00:00Z", "2026-12-25T00:00:00Z"]);
    ticks("0 9 * * MON-FRI", "UTC", "2026-11-20T10:00:00Z", &["2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z"]);
    ticks("@weekly", "UTC", "2026-11-21T00:00:00Z", &["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"]);
    ticks("*/20 * * * * *", "UTC", "2026-11-21T00:00:00Z", &["2026-11-21T00:00:20Z", "2026-11-21T00:00:40Z"]);
    // Where both days are restricted, either is enough; `+` asks for both.
    ticks("0 0 13 * FRI", "UTC", "2026-10-30T00:00:00Z", &["2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z"]);
    ticks("0 0 13 * +FRI", "UTC", "2026-03-14T00:00:00Z", &["2026-11-13T00:00:00Z"]);
    assert_eq!(timetable("0 0 30 2 *", "UTC").after(time("2026-01-01T00:00:00Z")), None);
}

#[test]
fn a_wrong_expression_says_which_part_and_what_to_write() {
    let wrong = |text: &str| {
        let error = text.parse::<Expression>().unwrap_err();
        format!("{:8} | {} | {}", &text[error.part.clone()], error.rule, error.hint)
    };
    let texts = [
        "0 25 * * *",
        "61 * * * * *",
        "0 2 32 * *",
        "0 2 * FOO *",
        "0 2 * * FRI#7",
        "* * *",
        "* * * * * * *",
        "",
        "@often",
        "0 2 * * 1-",
    ];
    insta::assert_snapshot!(texts.map(wrong).join("\n"));
}

#[test]
fn an_unknown_zone_suggests_the_nearest() {
    let nearest = |text: &str| text.parse::<Zone>().unwrap_err().nearest;
    assert_eq!(nearest("Europe/Berln").as_deref(), Some("Europe/Berlin"));
    assert_eq!(nearest("Tokyo").as_deref(), Some("Asia/Tokyo"));
    assert_eq!(nearest("New York").as_deref(), Some("America/New_York"));
    assert_eq!(nearest("Nowhere/At all in the world"), None);
}

fn schedule(cron: &str) -> Schedule {
    Schedule {
        name: ScheduleName::new("nightly").unwrap(),
        timetable: timetable(cron, "UTC"),
        manifest: "prompts.csv".into(),
        overlap: Overlap::Skip,
        catch_up: CatchUp::Latest,
        jitter: Duration::ZERO,
        budget: None,
        account: None,
        output: None,
    }
}

#[test]
fn a_tick_has_a_batch_and_a_folder() {
    let at = time("2026-11-21T02:00:00Z");
    assert_eq!(schedule("0 2 * * *").batch(at).unwrap().as_str(), "nightly@2026-11-21T02:00:00Z");
    assert_eq!(folder_of(at), "2026-11-21T02-00-00Z");
}

#[test]
fn ticks_that_are_a_little_late_are_all_fired() {
    let due = Due::at(&schedule("*/20 * * * * *"), time("2026-11-21T00:00:00Z"), time("2026-11-21T00:00:50Z"));
    assert_eq!(due.on_time, [time("2026-11-21T00:00:20Z"), time("2026-11-21T00:00:40Z")]);
    assert_eq!((due.late, due.next), (None, Some(time("2026-11-21T00:01:00Z"))));
}

#[test]
fn after_downtime_the_latest_is_fired_or_none() {
    let (mark, now) = (time("2026-11-20T00:30:00Z"), time("2026-11-21T00:30:00Z"));
    let mut hourly = schedule("0 * * * *");
    let due = Due::at(&hourly, mark, now);
    assert_eq!((due.late, due.passes), (Some(time("2026-11-21T00:00:00Z")), time("2026-11-21T00:00:00Z")));
    assert!(due.on_time.is_empty());
    assert_eq!(due.next, Some(time("2026-11-21T01:00:00Z")));
    let just_now = Due::at(&hourly, mark, time("2026-11-21T01:00:10Z"));
    assert_eq!((just_now.on_time, just_now.late), (vec![time("2026-11-21T01:00:00Z")], None), "it takes its place");
    hourly.catch_up = CatchUp::None;
    let due = Due::at(&hourly, mark, now);
    assert_eq!((due.on_time.len(), due.late), (0, None));
}

#[test]
fn a_new_schedule_fires_nothing_of_the_past() {
    let now = time("2026-11-21T00:00:30Z");
    for catch_up in [CatchUp::Latest, CatchUp::None] {
        let due = Due::at(&Schedule { catch_up, ..schedule("* * * * *") }, now, now);
        assert_eq!((due.on_time.len(), due.late), (0, None));
        assert_eq!(due.next, Some(time("2026-11-21T00:01:00Z")));
    }
}

#[test]
fn jitter_is_the_same_everywhere_and_keeps_the_order() {
    let jittered = Schedule { jitter: Duration::from_mins(10), ..schedule("*/5 * * * *") };
    let ticks: Vec<_> = jittered.timetable.ticks(time("2026-11-21T00:00:00Z")).take(50).collect();
    let due: Vec<_> = ticks.iter().map(|tick| jittered.due(*tick)).collect();
    assert!(due.is_sorted() && ticks.iter().zip(&due).all(|(tick, due)| due >= tick));
    assert!(ticks.iter().zip(&due).any(|(tick, due)| due > tick));
    assert_eq!(due, ticks.iter().map(|tick| jittered.clone().due(*tick)).collect::<Vec<_>>());
    let (tick, at) = (ticks[7], due[7]);
    let before = Due::at(&jittered, tick.before(Duration::from_secs(1)), at.before(Duration::from_millis(1)));
    assert_eq!((before.on_time, before.next), (vec![], Some(at)));
    assert_eq!(Due::at(&jittered, tick.before(Duration::from_secs(1)), at).on_time, [tick]);
}

proptest! {
    #[test]
    fn whoever_looks_whenever_every_tick_is_due_exactly_once(steps in prop::collection::vec(1_u64..50_000, 1..60)) {
        let every = schedule("*/7 * * * * *");
        let (start, mut now) = (time("2026-11-21T00:00:00Z"), time("2026-11-21T00:00:00Z"));
        let mut fired = std::collections::BTreeSet::new();
        for step in steps {
            now = now.after(Duration::from_millis(step));
            fired.extend(Due::at(&every, start, now).on_time);
        }
        let all: Vec<_> = every.timetable.ticks(start).take_while(|tick| *tick <= now).collect();
        // No look was more than the grace, a minute, after the one before.
        prop_assert_eq!(fired.into_iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn ticks_grow_and_are_found_from_behind(seconds in 1_700_000_000_i64..1_900_000_000, which in 0_usize..6) {
        let (cron, zone) = [
            ("30 2 * * *", "Europe/Berlin"), ("0 0 * * *", "America/Santiago"), ("*/10 1-3 * * *", "Australia/Lord_Howe"),
            ("*/15 * * * *", "America/New_York"), ("0 0 L * *", "Asia/Kathmandu"), ("59 23 * * SUN", "Pacific/Apia"),
        ][which];
        let table = timetable(cron, zone);
        let from = Timestamp::from_millis(seconds * 1_000 + 1);
        let next = table.after(from).unwrap();
        prop_assert!(next > from);
        prop_assert_eq!(table.until(next), Some(next));
        let last = table.until(from).unwrap();
        prop_assert!(last <= from);
        prop_assert_eq!(table.after(last), Some(next));
    }
}
