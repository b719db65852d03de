//! Producer and workers apart: several processes on one store, some of which die, freeze, come late or do a part only.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use reelq_model::{Clock as _, SystemClock};
use reelq_redis_server::RedisServer;
use serde_json::Value;

/// The stores that every test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Sqlite,
    Redis,
}

/// A folder with a manifest, and simulated vendors that outlive every worker.
struct World {
    folder: tempfile::TempDir,
    _redis: Option<RedisServer>,
    vendors: Child,
    url: String,
}

impl World {
    fn new(store: Store, rows: usize, vendors: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = (store == Store::Redis).then(RedisServer::start);
        if let Some(server) = &redis {
            std::fs::write(folder.path().join("reelq.toml"), format!("store = \"{}\"\n", server.url())).unwrap();
        }
        write_rows(folder.path(), "jobs.csv", rows);
        let mut sim = command(folder.path(), &["sim", "--port", "0", "--json", "--journal", "sim.jsonl"]);
        let mut vendors = sim.args(vendors).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = vendors.stdout.take().unwrap();
        let told = serde_json::Deserializer::from_reader(stdout).into_iter::<Value>().next().unwrap().unwrap();
        let url = told["base_url"].as_str().unwrap().to_owned();
        Self { folder, _redis: redis, vendors, url }
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    fn enqueue(&self) -> Value {
        let (code, stdout, stderr) = reelq(self.at(), &["enqueue", "jobs.csv", "--simulate", "--json"]);
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    }

    fn worker(&self, args: &[&str]) -> Worker {
        let mut command = command(self.at(), &["worker", "--simulate", "--sim-url", &self.url]);
        Worker(command.args(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// The prompts of the tasks that the vendors took, one a task.
    fn bought(&self) -> Vec<String> {
        let journal = std::fs::read_to_string(self.at().join("sim.jsonl")).unwrap_or_default();
        let lines = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let tasks: std::collections::BTreeMap<_, _> =
            lines.map(|line| (text(&line, "id"), text(&line, "prompt"))).filter(|(id, _)| !id.is_empty()).collect();
        tasks.into_values().collect()
    }

    /// What `status` says; nothing where there is no state yet.
    fn status(&self) -> Value {
        let said = reelq(self.at(), &["status", "--simulate", "--json"]).1;
        if said.is_empty() { Value::Null } else { serde_json::from_str(&said).unwrap() }
    }

    fn count(&self, status: &str) -> u64 {
        self.status()["batches"][0]["counts"][status].as_u64().unwrap_or(0)
    }

    fn leases(&self) -> u64 {
        let status = self.status();
        status["workers"].as_array().unwrap().iter().filter_map(|worker| worker["leases"].as_u64()).sum()
    }

    fn results(&self) -> Option<String> {
        std::fs::read_to_string(self.at().join("out/simulated/jobs/results.csv")).ok()
    }

    fn assert_each_row_was_bought_once(&self, rows: usize) {
        let bought = self.bought();
        let different: BTreeSet<_> = bought.iter().collect();
        assert_eq!((bought.len(), different.len()), (rows, rows));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.vendors.kill().unwrap();
        self.vendors.wait().unwrap();
    }
}

/// A worker process; killed when it is dropped.
struct Worker(Child);

impl Worker {
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end: the exit code, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelq"));
    command
        .env_clear()
        .env("HOME", folder)
        .env("PATH", "/usr/bin:/bin")
        .current_dir(folder)
        .stdin(Stdio::null())
        .args(args);
    command
}

fn reelq(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Rows for the vendor that replays keys.
fn write_rows(folder: &Path, name: &str, rows: usize) {
    let mut text = "id,prompt,account,model,duration\n".to_owned();
    for row in 0..rows {
        writeln!(text, "r{row},Cat {row},wave,minimax-hailuo-2.3,6").unwrap();
    }
    std::fs::write(folder.join(name), text).unwrap();
}

fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let clock = SystemClock::new();
    while !holds() {
        assert!(clock.monotonic() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const SOON: Duration = Duration::from_secs(30);

fn what_one_process_enqueues_others_buy_once_together(store: Store) {
    let world = World::new(store, 60, &[]);
    let loaded = world.enqueue();
    assert_eq!((loaded["jobs"].as_u64(), loaded["new"].as_u64()), (Some(60), Some(60)), "{loaded}");
    let workers: Vec<_> = (0..3).map(|_| world.worker(&["--drain"])).collect();
    for worker in workers {
        let (code, said) = worker.end();
        assert_eq!(code, Some(0), "{said}");
    }
    world.assert_each_row_was_bought_once(60);
    assert_eq!(world.results().unwrap().lines().count(), 61);
    assert_eq!(world.enqueue()["to_buy"].as_u64(), Some(0), "repeating it asks for nothing new");
}

fn an_enqueue_killed_halfway_leaves_nothing_to_work_on_and_is_repeated(store: Store) {
    let world = World::new(store, 4_000, &[]);
    for moment in [40, 120, 250, 400] {
        let mut child = command(world.at(), &["enqueue", "jobs.csv", "--simulate"]);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let whole = world.status()["batches"][0]["whole"].as_bool();
    if whole == Some(false) {
        let (code, said) = world.worker(&["--drain"]).end();
        assert_eq!(code, Some(0), "{said}");
        assert!(world.bought().is_empty(), "a batch that is not whole is not worked on");
    }
    assert_eq!(world.enqueue()["jobs"].as_u64(), Some(4_000));
    assert_eq!(world.count("queued"), 4_000);
}

fn a_worker_is_stopped_in_good_order_and_another_goes_on(store: Store) {
    let world = World::new(store, 80, &["--speed", "60"]);
    world.enqueue();
    let first = world.worker(&[]);
    eventually("it buys", SOON, || world.bought().len() > 5);
    first.signal("TERM");
    let (code, said) = first.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(world.leases(), 0, "nothing is left in hand");
    let (code, said) = world.worker(&["--drain"]).end();
    assert_eq!(code, Some(0), "{said}");
    world.assert_each_row_was_bought_once(80);
}

fn what_a_killed_worker_held_is_taken_over(store: Store) {
    let world = World::new(store, 60, &["--speed", "60"]);
    world.enqueue();
    let first = world.worker(&[]);
    let second = world.worker(&["--drain"]);
    eventually("they buy", SOON, || world.bought().len() > 5);
    first.signal("KILL");
    let (code, said) = second.end();
    assert_eq!(code, Some(0), "{said}");
    world.assert_each_row_was_bought_once(60);
    eventually("its result manifest is there", SOON, || world.results().is_some_and(|rows| rows.lines().count() == 61));
}

fn a_worker_frozen_past_its_leases_changes_nothing_and_buys_nothing_when_it_wakes(store: Store) {
    let world = World::new(store, 40, &["--speed", "60"]);
    world.enqueue();
    let frozen = world.worker(&[]);
    eventually("it buys", SOON, || world.bought().len() > 3);
    frozen.signal("STOP");
    let (code, said) = world.worker(&["--drain"]).end();
    assert_eq!(code, Some(0), "{said}");
    world.assert_each_row_was_bought_once(40);
    let before = std::fs::read(world.at().join("out/simulated/jobs/results.jsonl")).unwrap();
    frozen.signal("CONT");
    frozen.signal("TERM");
    let (code, said) = frozen.end();
    assert_eq!(code, Some(0), "{said}");
    world.assert_each_row_was_bought_once(40);
    assert_eq!(world.count("succeeded"), 40);
    assert_eq!(std::fs::read(world.at().join("out/simulated/jobs/results.jsonl")).unwrap(), before);
}

fn stages_may_be_divided_between_workers(store: Store) {
    let world = World::new(store, 30, &[]);
    world.enqueue();
    let (code, said) = world.worker(&["--stages", "poll,collect", "--drain"]).end();
    assert_eq!((code, world.bought().len()), (Some(5), 0), "no one submits: {said}");
    let rest = world.worker(&["--stages", "poll,collect"]);
    let (code, said) = world.worker(&["--stages", "submit", "--concurrency", "submit=3", "--drain"]).end();
    assert!(matches!(code, Some(0 | 5)), "{code:?} {said}");
    eventually("the others do the rest", SOON, || world.count("succeeded") == 30);
    eventually("its result manifest is there", SOON, || world.results().is_some_and(|rows| rows.lines().count() == 31));
    rest.signal("TERM");
    assert_eq!(rest.end().0, Some(0));
    world.assert_each_row_was_bought_once(30);
}

fn two_runs_and_three_workers_buy_each_row_once(store: Store) {
    let world = World::new(store, 60, &[]);
    world.enqueue();
    let workers: Vec<_> = (0..3).map(|_| world.worker(&[])).collect();
    let run = ["run", "jobs.csv", "--simulate", "--sim-url", world.url.as_str()];
    let other = command(world.at(), &run).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (code, _, stderr) = reelq(world.at(), &run);
    let other = other.wait_with_output().unwrap();
    for (code, said) in [(code, stderr), (other.status.code(), String::from_utf8(other.stderr).unwrap())] {
        let gave_way = code == Some(5) && said.contains("is run by");
        assert!(code == Some(0) || gave_way, "{code:?} {said}");
    }
    eventually("all is done", SOON, || world.count("succeeded") == 60);
    for worker in workers {
        worker.signal("TERM");
        let (code, said) = worker.end();
        assert_eq!(code, Some(0), "{said}");
    }
    world.assert_each_row_was_bought_once(60);
    assert_eq!(world.results().unwrap().lines().count(), 61);
}

fn a_purge_is_refused_until_a_batch_has_ended_and_says_what_it_forgets(store: Store) {
    let world = World::new(store, 5, &[]);
    world.enqueue();
    let (code, stdout, _) = reelq(world.at(), &["purge", "jobs", "--simulate", "--yes", "--json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, report["kept"][0]["outstanding"].as_u64()), (Some(5), Some(5)), "{report}");
    assert_eq!(world.worker(&["--drain"]).end().0, Some(0));
    let none = reelq(world.at(), &["purge", "--older-than", "30d", "--simulate", "--yes"]);
    assert_eq!((none.0, none.1.trim()), (Some(0), "no batch ended that long ago"));
    // A simulation needs no yes.
    let (code, stdout, stderr) = reelq(world.at(), &["purge", "jobs", "--simulate"]);
    assert_eq!((code, stdout.trim()), (Some(0), "jobs purged: 5 jobs"));
    assert!(stderr.contains("running one of their manifests again asks first"), "{stderr}");
    assert_eq!(world.status()["batches"].as_array().map(Vec::len), Some(0));
    assert!(world.results().is_some(), "files stay");
}

fn simulated_vendors_of_two_workers_must_be_the_same(store: Store) {
    let world = World::new(store, 5, &[]);
    world.enqueue();
    let worker = world.worker(&[]);
    eventually("it is there", SOON, || world.status()["workers"].as_array().is_some_and(|all| !all.is_empty()));
    let (code, _, stderr) = reelq(world.at(), &["worker", "--simulate", "--drain"]);
    assert_eq!((code, stderr.contains("--sim-url")), (Some(2), true), "{stderr}");
    drop(worker);
}

macro_rules! on_each_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(super::Store::Sqlite); })*
        }
        mod redis {
            $(#[test] fn $name() { super::$name(super::Store::Redis); })*
        }
    };
}

on_each_store!(
    what_one_process_enqueues_others_buy_once_together,
    an_enqueue_killed_halfway_leaves_nothing_to_work_on_and_is_repeated,
    a_worker_is_stopped_in_good_order_and_another_goes_on,
    what_a_killed_worker_held_is_taken_over,
    stages_may_be_divided_between_workers,
    two_runs_and_three_workers_buy_each_row_once,
    a_purge_is_refused_until_a_batch_has_ended_and_says_what_it_forgets,
    simulated_vendors_of_two_workers_must_be_the_same,
);

/// A process that is frozen in the midst of a transaction keeps an embedded database locked: that is a matter for servers.
#[test]
fn a_frozen_worker_changes_nothing_and_buys_nothing_when_it_wakes() {
    a_worker_frozen_past_its_leases_changes_nothing_and_buys_nothing_when_it_wakes(Store::Redis);
}
