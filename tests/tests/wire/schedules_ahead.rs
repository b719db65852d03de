//! A schedule under a clock that was ahead for long, and is set back and ahead again: no tick comes twice.

use std::fs;

use reelq_tests::{Running, wait_until};
use serde_json::Value;

use crate::moved_clocks::{HOUR, Moving};

const SCHEDULE: &str =
    "[[schedules]]\nname = \"often\"\ncron = \"* * * * * *\"\nmanifest = \"set.csv\"\noverlap = \"skip\"\n";

/// The times of the schedule's batches, and of its last ticks, in seconds.
struct Seen {
    batches: Vec<i64>,
    ticks: Vec<i64>,
}

impl Moving {
    fn schedule(&self) {
        let config = self.shop.sandbox.path("reelq.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, format!("{text}{SCHEDULE}")).unwrap();
    }

    fn report(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.start(arguments).wait().stdout).unwrap_or_default()
    }

    fn seen(&self) -> Seen {
        let (status, list) = (self.report(&["status", "--json"]), self.report(&["cron", "list", "--json"]));
        let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let batches = each(&status["batches"]).iter().filter_map(|it| time(it["batch"]["name"].as_str()?)).collect();
        let ticks =
            each(&list["schedules"][0]["last"]).iter().filter_map(|it| Some(it["at"].as_i64()? / 1_000)).collect();
        Seen { batches, ticks }
    }

    fn end_batches(&self) {
        let status = self.report(&["status", "--json"]);
        for batch in status["batches"].as_array().unwrap() {
            let name = batch["batch"]["name"].as_str().unwrap();
            for verb in ["cancel", "purge"] {
                let ended = self.start(&[verb, name, "--yes"]).wait();
                assert_eq!(ended.code, Some(0), "{verb} {name}: {}", ended.stderr);
            }
        }
    }

    fn stop(running: Running) {
        running.signal("TERM");
        running.wait();
    }
}

/// The time in a batch's name, or of a tick.
fn time(text: &str) -> Option<i64> {
    let at = text.rsplit('@').next()?.parse::<reelq_model::Timestamp>().ok()?;
    Some(at.millis() / 1_000)
}

fn no_tick_comes_twice(redis: bool) {
    let moving = Moving::open(redis, 1);
    moving.schedule();
    moving.clock.set(HOUR);
    let watching = moving.start(&["cron", "run"]);
    wait_until("a tick is fired under a clock that is ahead", || moving.seen().batches.len() == 1);
    let first = moving.seen().batches[0];
    // Each step brings as many ticks; what is kept of them is a hundred.
    for step in 1..=5 {
        moving.clock.set(HOUR + 50 * step);
        wait_until("the ticks of a minute are over", || moving.seen().ticks.iter().any(|at| *at >= first + 45 * step));
    }
    moving.clock.set(0);
    wait_until("the present is listed", || moving.seen().ticks.first().is_some_and(|at| *at < first - HOUR / 2));
    assert_eq!(
        moving.seen().batches,
        [first],
        "the batch of the clock that was ahead is outstanding: all others make way"
    );
    Moving::stop(watching);
    moving.end_batches();

    // Its time comes: what was skipped is not bought, and what was purged is not bought again.
    let (end, now) = (first + 245, crate::late_files::now());
    moving.clock.set(end - 10 - now);
    let watching = moving.start(&["cron", "run"]);
    wait_until("the schedule goes on behind them", || moving.seen().batches.iter().any(|at| *at > end));
    Moving::stop(watching);
    let again: Vec<_> = moving.seen().batches.into_iter().filter(|at| (first..=end).contains(at)).collect();
    assert!(again.is_empty(), "fired a second time: {again:?}");
    assert_eq!(moving.shop.vendor.submits(), 0);
}

#[test]
fn no_tick_of_a_schedule_on_a_file_comes_twice_whatever_the_clock_is_set_to() {
    no_tick_comes_twice(false);
}

#[test]
fn no_tick_of_a_schedule_over_redis_comes_twice_whatever_the_clocks_are_set_to() {
    no_tick_comes_twice(true);
}
