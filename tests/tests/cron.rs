//! Schedules: eight processes watch the same ones and are killed at random; every tick is one whole batch.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{collections::BTreeSet, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reelq_model::{Clock as _, SystemClock, Timestamp};
use reelq_tests::{
    Account, Prompts, Running, Sandbox, StoreKind, let_pass, on_each_store, wait_for, wait_until, write_csv,
};

const SEED: u64 = 8;
const PROCESSES: usize = 8;
const SCHEDULES: usize = 10;
/// Ticks of each schedule, one a second.
const TICKS: u32 = 20;
const PROMPTS: Prompts = Prompts { rows: 7, copies: 2 };
/// From the first start of a process to the first tick.
const AHEAD: Duration = Duration::from_secs(12);

/// The ticks: some seconds of one minute, so that their number is known.
struct Minute {
    cron: String,
    ticks: Vec<Timestamp>,
}

impl Minute {
    /// The first run of seconds that does not begin too soon and lies in one minute.
    fn to_come() -> Self {
        let first = SystemClock::new().now().after(AHEAD);
        let second = u32::try_from(first.millis() / 1_000 % 60).unwrap() + 1;
        let whole = Timestamp::from_millis(first.millis() / 60_000 * 60_000);
        let (minute, from) =
            if second + TICKS <= 60 { (whole, second) } else { (whole.after(Duration::from_mins(1)), 0) };
        let text = minute.to_string();
        let part = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap();
        let (month, day, hour, minutes) = (part(5..7), part(8..10), part(11..13), part(14..16));
        let to = from + TICKS - 1;
        let ticks = (from..=to).map(|second| minute.after(Duration::from_secs(second.into()))).collect();
        Self { cron: format!("{from}-{to} {minutes} {hour} {day} {month} *"), ticks }
    }

    fn schedules(&self) -> String {
        let cron = &self.cron;
        let one = |number| {
            format!(
                "[[schedules]]\nname = \"s{number}\"\ncron = \"{cron}\"\nmanifest = \"set.csv\"\noverlap = \"queue\"\n"
            )
        };
        (0..SCHEDULES).map(one).collect()
    }

    fn batches(&self) -> BTreeSet<String> {
        let of = |number| self.ticks.iter().map(move |tick| format!("s{number}@{tick}"));
        (0..SCHEDULES).flat_map(of).collect()
    }
}

fn status(sandbox: &Sandbox) -> Vec<serde_json::Value> {
    let ended = sandbox.run(&["status", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    report["batches"].as_array().cloned().unwrap_or_default()
}

fn whole(batches: &[serde_json::Value]) -> usize {
    batches.iter().filter(|batch| batch["whole"] == true).count()
}

fn eight_watchers_that_are_killed_fire_each_tick_once_and_whole(store: StoreKind) {
    let minute = Minute::to_come();
    let sandbox = Sandbox::on(store, "http://127.0.0.1:9", Account::each(""), &minute.schedules());
    write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")]);
    let start = || sandbox.start(&["cron", "run"]);
    let mut watchers: Vec<Running> = (0..PROCESSES).map(|_| start()).collect();
    let mut rng = StdRng::seed_from_u64(SEED);
    let (clock, mut kills) = (SystemClock::new(), 0);

    let expected = minute.batches();
    let last = *minute.ticks.last().unwrap();
    // The first tick begins only once every schedule is known: what was before is the past of a new schedule.
    wait_until("the schedules are watched", || {
        !sandbox.run(&["cron", "list"]).stderr.contains("no process fires these")
    });
    assert!(clock.now() < minute.ticks[0], "the machine is too slow to watch before the first tick");
    wait_until("the first tick is due", || clock.now() >= minute.ticks[0]);
    while clock.now() < last.after(Duration::from_secs(1)) {
        let_pass(Duration::from_millis(rng.random_range(20..400)));
        let victim = rng.random_range(0..PROCESSES);
        watchers.remove(victim).kill();
        kills += 1;
        watchers.push(start());
    }
    wait_for("every tick's batch is whole", || whole(&status(&sandbox)), |whole| *whole >= expected.len());
    let ended: Vec<_> = watchers
        .into_iter()
        .map(|watcher| {
            watcher.signal("TERM");
            watcher.wait()
        })
        .collect();

    let seen = format!("seed {SEED}, {kills} kills");
    let batches = status(&sandbox);
    let names: Vec<_> = batches.iter().map(|batch| batch["batch"]["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.iter().cloned().collect::<BTreeSet<_>>(), expected, "{seen}");
    assert_eq!((names.len(), whole(&batches)), (expected.len(), expected.len()), "{seen}");
    let lines = PROMPTS.rows * usize::try_from(PROMPTS.copies).unwrap();
    for batch in &batches {
        assert_eq!(batch["counts"]["queued"], lines, "{seen}: {batch}");
    }
    assert!(kills >= 20, "{seen}");
    assert!(ended.iter().all(|ended| ended.code == Some(0)), "{seen}: {ended:?}");
    let listed = sandbox.run(&["cron", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    for last in listed["schedules"].as_array().unwrap().iter().flat_map(|schedule| schedule["last"].as_array().unwrap())
    {
        assert!(last["state"] == "fired" || last["state"] == "waiting", "{seen}: {last}");
        assert_eq!(last["late"], false, "{seen}: {last}");
    }
}

on_each_store!(eight_watchers_that_are_killed_fire_each_tick_once_and_whole);
