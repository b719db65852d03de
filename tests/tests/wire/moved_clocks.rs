//! The clock of the machine, or of the server, is set while a run is at work: nothing stands still, and nothing is given up.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use reelq_redis_server::RedisServer;
use reelq_tests::{Ended, MovedClock, Running, clip, json, reply, wait_until};

use crate::shop::{Shop, asked, is_file, is_poll, well};

pub(crate) const HOUR: i64 = 3_600;
const STEPS: [i64; 4] = [-HOUR, HOUR, -30 * HOUR, 400 * 24 * HOUR];

/// A shop whose tasks run until `done` says so, and whose process lives by a clock of the test's.
pub(crate) struct Moving {
    pub(crate) shop: Shop,
    pub(crate) clock: MovedClock,
    done: Arc<AtomicBool>,
    _server: Option<RedisServer>,
}

impl Moving {
    pub(crate) fn open(redis: bool, rows: usize) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&done);
        let mut shop = Shop::open("wave", rows, "", move |request, origin| {
            if is_poll(request) && !over.load(SeqCst) {
                let task = asked(request);
                return json(200, format!(r#"{{"task_id":"{task}","status":"processing"}}"#));
            }
            well("wave", request, origin)
        });
        let clock = MovedClock::new();
        let with = |options: reelq_redis_server::Options| {
            clock.environment().into_iter().fold(options, |options, (name, value)| options.environment(&name, &value))
        };
        let server = redis.then(|| with(RedisServer::with().append_only("always")).start());
        if let Some(server) = &server {
            shop.sandbox = shop.sandbox.over(&server.url());
        }
        Self { shop, clock, done, _server: server }
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.shop.sandbox.command(arguments);
        command.envs(self.clock.environment());
        Running::start(command)
    }

    fn run(&self) -> Running {
        self.start(&["run", "set.csv", "--yes"])
    }

    fn polls(&self) -> usize {
        self.shop.vendor.requests().iter().filter(|request| is_poll(request)).count()
    }

    /// Waits until tasks were asked about `more` times from now on.
    fn more_polls(&self, more: usize) {
        let wanted = self.polls() + more;
        wait_until("tasks are asked about", || self.polls() >= wanted);
    }

    /// Ends the tasks, and the run with them.
    fn end(&self, mut running: Running) -> Ended {
        self.done.store(true, SeqCst);
        wait_until("the run ends", || running.has_ended());
        running.wait()
    }
}

fn a_run_goes_on_whatever_the_clock_is_set_to(redis: bool) {
    const ROWS: usize = 3;
    let moving = Moving::open(redis, ROWS);
    let running = moving.run();
    wait_until("all rows are bought", || moving.shop.vendor.submits() == ROWS);
    for step in STEPS {
        moving.more_polls(ROWS);
        moving.clock.set(step);
    }
    moving.more_polls(3 * ROWS);
    moving.clock.set(0);
    moving.more_polls(3 * ROWS);
    moving.shop.assert_all_bought_once(&moving.end(running));
}

#[test]
fn a_run_on_a_file_goes_on_whatever_the_clock_is_set_to() {
    a_run_goes_on_whatever_the_clock_is_set_to(false);
}

#[test]
fn a_run_over_redis_goes_on_whatever_the_clocks_of_both_are_set_to() {
    a_run_goes_on_whatever_the_clock_is_set_to(true);
}

#[test]
fn a_run_that_was_killed_goes_on_under_a_clock_that_was_set_back_meanwhile() {
    for redis in [false, true] {
        let moving = Moving::open(redis, 2);
        let running = moving.run();
        wait_until("all rows are bought", || moving.shop.vendor.submits() == 2);
        moving.more_polls(4);
        running.kill();
        moving.clock.set(-HOUR);
        let running = moving.run();
        moving.more_polls(4);
        moving.clock.set(-3 * HOUR);
        moving.more_polls(4);
        moving.shop.assert_all_bought_once(&moving.end(running));
    }
}

#[test]
fn a_machine_that_sleeps_in_mid_run_goes_on_where_it_was() {
    for redis in [false, true] {
        let moving = Moving::open(redis, 3);
        let running = moving.run();
        wait_until("all rows are bought", || moving.shop.vendor.submits() == 3);
        // A lunch, a night, and two days more: each lease and each due time is over when it wakes.
        for slept in [HOUR, 11 * HOUR, 60 * HOUR] {
            moving.more_polls(3);
            moving.clock.sleep(slept);
        }
        moving.more_polls(6);
        moving.shop.assert_all_bought_once(&moving.end(running));
    }
}

#[test]
fn a_link_that_says_when_it_ends_is_fetched_whatever_the_clock_is_set_to() {
    for step in STEPS {
        let done = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&done);
        let shop = Shop::open("wave", 2, "", move |request, origin| {
            if is_file(request) {
                return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
            }
            let task = asked(request);
            match (is_poll(request), over.load(SeqCst)) {
                (true, false) => json(200, format!(r#"{{"task_id":"{task}","status":"processing"}}"#)),
                (true, true) => {
                    let at = crate::late_files::now() + 600;
                    let result = format!(r#"{{"video_url":"{origin}/{task}.mp4","expires_at":{at}}}"#);
                    json(200, format!(r#"{{"task_id":"{task}","status":"completed","result":{result}}}"#))
                }
                _ => well("wave", request, origin),
            }
        });
        let clock = MovedClock::new();
        let mut command = shop.sandbox.command(&["run", "set.csv", "--yes"]);
        command.envs(clock.environment());
        let running = Running::start(command);
        wait_until("tasks are asked about", || shop.vendor.requests().iter().filter(|it| is_poll(it)).count() > 3);
        clock.set(step);
        done.store(true, SeqCst);
        shop.assert_all_bought_once(&running.wait());
    }
}

#[test]
fn a_schedule_that_fired_under_a_clock_that_was_ahead_fires_on_at_the_present_time() {
    for redis in [false, true] {
        let moving = Moving::open(redis, 1);
        let config = moving.shop.sandbox.path("reelq.toml");
        let schedule = "[[schedules]]\nname = \"often\"\ncron = \"* * * * * *\"\nmanifest = \"set.csv\"\n";
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, format!("{text}{schedule}overlap = \"queue\"\n")).unwrap();
        let year = |ahead: bool| {
            let ended = moving.shop.sandbox.run(&["status", "--json"]);
            let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
            let names: Vec<String> = report["batches"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|it| Some(it["batch"]["name"].as_str()?.to_owned()))
                .collect();
            let now = crate::late_files::now();
            let at = |name: &String| name.split_once('@')?.1.parse::<reelq_model::Timestamp>().ok();
            names.iter().filter_map(at).filter(|at| (at.millis() / 1_000 > now + HOUR) == ahead).count()
        };
        moving.clock.set(400 * 24 * HOUR);
        let watching = moving.start(&["cron", "run"]);
        wait_until("a tick is fired under a clock that is ahead", || year(true) > 0);
        moving.clock.set(0);
        wait_until("ticks are fired at the present time", || year(false) > 1);
        watching.signal("TERM");
        watching.wait();
        let listed = moving.start(&["cron", "list"]).wait();
        assert!(listed.stdout.contains("by a clock that was ahead"), "{}", listed.stdout);
        assert_eq!(moving.shop.vendor.submits(), 0);
    }
}

#[test]
fn doctor_says_that_the_clock_and_the_time_of_the_state_are_apart() {
    let moving = Moving::open(false, 1);
    moving.done.store(true, SeqCst);
    moving.shop.assert_all_bought_once(&moving.run().wait());
    moving.clock.set(-HOUR);
    let told = moving.start(&["doctor", "--offline"]).wait();
    assert!(told.stdout.contains("and the state's time is"), "{}", told.stdout);
}
