//! Schedules as users see them: `cron list`, `check`, `trigger` and `run`, and workers that fire, on simulated vendors.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use reelq_model::{Clock as _, ManualClock, ScheduleName, SystemClock, Timestamp};
use reelq_store::Store as _;
use reelq_store_sqlite::SqliteStore;
use serde_json::Value;

const HEAD: &str = "id,prompt,account,model,duration\n";
const CAT: &str = "a,A cat,wave,minimax-hailuo-2.3,6\n";
const DOG: &str = "b,A dog,wave,minimax-hailuo-2.3,6\n";
const UNPRICED: &str = "c,A fox,poyo,hailuo-2.3,6\n";
const WRONG: &str = "d,A hen,wave,minimax-hailuo-9,6\n";
const ACCOUNTS: &str = "[accounts.wave]\nprovider = \"wave\"\napi_key_env = \"WAVE_KEY\"\n\
    [accounts.poyo]\nprovider = \"poyo\"\napi_key_env = \"POYO_KEY\"\n";
const EACH_SECOND: &str = "* * * * * *";
const PATIENCE: Duration = Duration::from_mins(1);

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelq"));
    command.env_clear().env("HOME", folder).current_dir(folder).args(args).stdin(Stdio::null());
    command
}

fn reelq(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let (_, stdout, stderr) = reelq(folder, args);
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{args:?}: {error}\n{stdout}\n{stderr}"))
}

/// A schedule of this name over a manifest of the same name.
fn schedule(name: &str, cron: &str, more: &str) -> String {
    format!("[[schedules]]\nname = \"{name}\"\ncron = \"{cron}\"\nmanifest = \"{name}.csv\"\n{more}\n")
}

fn folder(schedules: &[String], manifests: &[(&str, &[&str])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reelq.toml"), format!("{ACCOUNTS}{}", schedules.concat())).unwrap();
    for (name, rows) in manifests {
        std::fs::write(folder.path().join(format!("{name}.csv")), format!("{HEAD}{}", rows.concat())).unwrap();
    }
    folder
}

/// A process that is stopped by hand, or killed when it is dropped.
struct Process(Child);

impl Process {
    fn start(folder: &Path, args: &[&str]) -> Self {
        Self(command(folder, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Asks it to stop: its exit code, data and messages.
    fn stop(mut self) -> (Option<i32>, String, String) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
        let (mut data, mut said) = (String::new(), String::new());
        std::io::Read::read_to_string(&mut self.0.stdout.take().unwrap(), &mut data).unwrap();
        std::io::Read::read_to_string(&mut self.0.stderr.take().unwrap(), &mut said).unwrap();
        (self.0.wait().unwrap().code(), data, said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock.monotonic().saturating_sub(begun) < PATIENCE, "it took too long until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The last ticks of the only schedule, the newest first.
fn last_ticks(folder: &Path) -> Vec<Value> {
    json(folder, &["cron", "list", "--simulate", "--json"])["schedules"][0]["last"].as_array().unwrap().clone()
}

fn with_state(ticks: &[Value], state: &str) -> Vec<Value> {
    ticks.iter().filter(|tick| tick["state"] == state).cloned().collect()
}

#[test]
fn list_shows_the_next_ticks_on_both_clocks_and_who_would_fire_them() {
    let berlin =
        schedule("nightly", "0 2 * * MON-FRI", "timezone = \"Europe/Berlin\"\ncatch_up = \"none\"\njitter = \"5m\"");
    let folder = folder(&[berlin, schedule("hourly", "@hourly", "overlap = \"queue\"")], &[]);
    let (code, stdout, stderr) = reelq(folder.path(), &["cron", "list"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("nightly: `0 2 * * MON-FRI` in Europe/Berlin, nightly.csv"), "{stdout}");
    assert!(stdout.contains("overlap: skip") && stdout.contains("catch_up: none"), "{stdout}");
    assert!(stdout.contains("jitter"), "{stdout}");
    assert!(stderr.contains("no process fires") && stderr.contains("reelq cron run"), "{stderr}");
    assert!(!folder.path().join(".reelq").exists(), "looking makes no state");
    let listed = json(folder.path(), &["cron", "list", "--json"]);
    let (hourly, nightly) = (&listed["schedules"][0], &listed["schedules"][1]);
    assert_eq!((&hourly["schedule"], &hourly["overlap"]), (&"hourly".into(), &"queue".into()), "{listed}");
    assert_eq!((&nightly["catch_up"], &nightly["timezone"]), (&"none".into(), &"Europe/Berlin".into()), "{listed}");
    for schedule in [hourly, nightly] {
        assert_eq!(schedule["next"].as_array().unwrap().len(), 5, "{schedule}");
        assert_eq!(schedule["last"], Value::Array(Vec::new()));
    }
    for next in nightly["next"].as_array().unwrap() {
        assert!(next["local"].as_str().unwrap().contains(" 02:00:00 +0"), "{next}");
        let put_off = next["due"].as_i64().unwrap() - next["utc"].as_i64().unwrap();
        assert!((0..300_000).contains(&put_off), "{next}");
    }
}

#[test]
fn check_prices_each_schedule_and_names_what_has_no_price() {
    let names = ["priced", "mixed", "dark"].map(|name| schedule(name, "@daily", ""));
    let rows: [(&str, &[&str]); 3] = [("priced", &[CAT, DOG]), ("mixed", &[CAT, DOG, UNPRICED]), ("dark", &[UNPRICED])];
    let folder = folder(&names, &rows);
    let (code, stdout, stderr) = reelq(folder.path(), &["cron", "check"]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "dark: 1 job of unknown price each tick (1 of poyo hailuo-2.3)",
            "mixed: 3 jobs each tick: $0.6222 for 2, and 1 of unknown price (1 of poyo hailuo-2.3)",
            "priced: 2 jobs for $0.6222 each tick",
        ]
    );
    let checked = &json(folder.path(), &["cron", "check", "--json"])["schedules"];
    assert_eq!((&checked[1]["unpriced"], &checked[1]["sound"]), (&1.into(), &true.into()), "{checked}");
}

#[test]
fn check_tells_every_schedule_that_cannot_be_run_and_is_two() {
    let names = ["good", "wrong", "gone"].map(|name| schedule(name, "@daily", ""));
    let folder = folder(&names, &[("good", &[CAT]), ("wrong", &[CAT, WRONG])]);
    let (code, stdout, stderr) = reelq(folder.path(), &["cron", "check"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stdout.contains("good: 1 job for $0.3111 each tick"), "{stdout}");
    assert!(
        stdout.contains("wrong: cannot be run: wrong.csv:3:14: error: `minimax-hailuo-9` is not a model"),
        "{stdout}"
    );
    assert!(stdout.contains("gone: cannot be run: gone.csv"), "{stdout}");
    assert!(stderr.contains("did you mean `minimax-hailuo-2.3`?"), "the whole of it: {stderr}");
    assert!(!stderr.contains("enqueued"), "a check enqueues nothing anyway: {stderr}");
    let checked = &json(folder.path(), &["cron", "check", "--json"])["schedules"];
    let sound: Vec<_> = checked.as_array().unwrap().iter().map(|one| one["sound"] == true).collect();
    assert_eq!(sound, [false, true, false], "{checked}");
    assert_eq!(checked[2]["problems"]["errors"][0]["line"], 3, "{checked}");
}

#[test]
fn a_budget_that_does_not_cover_a_tick_is_told() {
    let folder = folder(&[schedule("dear", "@daily", "budget_usd = 0.5")], &[("dear", &[CAT, DOG])]);
    let (code, stdout, _) = reelq(folder.path(), &["cron", "check"]);
    let told = "dear: 2 jobs for $0.6222 each tick, budget $0.50; the budget does not cover it\n";
    assert_eq!((code, &*stdout), (Some(0), told));
}

#[test]
fn trigger_makes_a_batch_and_says_who_buys_it() {
    let folder = folder(&[schedule("nightly", "@daily", "")], &[("nightly", &[CAT, DOG])]);
    let at = folder.path();
    let (code, stdout, stderr) = reelq(at, &["cron", "trigger", "nightly", "--simulate"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("nightly@") && stdout.ends_with("Z: 2 lines, fired\n"), "{stdout}");
    assert!(stderr.contains("reelq worker --simulate"), "{stderr}");
    let (code, stdout, stderr) = reelq(at, &["cron", "trigger", "nightly", "--simulate", "--quiet"]);
    assert_eq!((code, &*stdout, &*stderr), (Some(0), "", ""));
    let fired = json(at, &["cron", "trigger", "nightly", "--simulate", "--json"]);
    assert_eq!(
        (&fired["state"], &fired["lines"], &fired["late"]),
        (&"fired".into(), &2.into(), &false.into()),
        "{fired}"
    );
    let (ticks, listed) = (last_ticks(at), reelq(at, &["cron", "list", "--simulate"]).1);
    assert_eq!((ticks.len(), &ticks[0]["batch"], &ticks[0]["counts"]["queued"]), (3, &fired["batch"], &2.into()));
    assert!(listed.contains("2 queued"), "{listed}");
}

#[test]
fn trigger_that_cannot_enqueue_says_why_and_is_two() {
    let folder = folder(&[schedule("wrong", "@daily", "")], &[("wrong", &[WRONG])]);
    let at = folder.path();
    let trigger = ["cron", "trigger", "wrong", "--simulate"];
    let (code, stdout, stderr) = reelq(at, &trigger);
    assert_eq!((code, &*stdout), (Some(2), ""));
    assert!(stderr.contains("wrong.csv:2:14") && stderr.contains("nothing was enqueued"), "{stderr}");
    let (code, stdout, _) = reelq(at, &[&trigger[..], &["--json"]].concat());
    let fired: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &fired["state"], &fired["batch"]), (Some(2), &"failed".into(), &Value::Null), "{fired}");
    assert!(fired["reason"].as_str().unwrap().contains("minimax-hailuo-9"), "{fired}");
    assert_eq!(with_state(&last_ticks(at), "failed").len(), 2);
    let (code, _, stderr) = reelq(at, &["cron", "trigger", "wrnog", "--simulate"]);
    assert_eq!((code, stderr.contains("there is no schedule `wrnog`: there are wrong")), (Some(2), true), "{stderr}");
}

#[test]
fn a_wrong_schedule_stops_every_command_with_its_place() {
    let folder = folder(&[schedule("nightly", "0 25 * * *", "overlap = \"skpi\"")], &[("nightly", &[CAT])]);
    for args in [
        &["cron", "run"][..],
        &["cron", "list"],
        &["cron", "check"],
        &["cron", "trigger", "nightly"],
        &["worker", "--cron"],
    ] {
        let (code, stdout, stderr) = reelq(folder.path(), &[args, &["--simulate"]].concat());
        assert_eq!((code, &*stdout), (Some(2), ""), "{args:?}");
        assert!(stderr.contains("reelq.toml:9"), "{args:?}: {stderr}");
        assert!(stderr.contains("did you mean \"skip\"?") && stderr.contains("0 25"), "both at once: {stderr}");
    }
    std::fs::write(folder.path().join("reelq.toml"), ACCOUNTS).unwrap();
    for args in [&["cron", "run"][..], &["cron", "list"], &["cron", "check"], &["worker", "--cron"]] {
        let (code, _, stderr) = reelq(folder.path(), &[args, &["--simulate"]].concat());
        assert_eq!((code, stderr.contains("add [[schedules]]")), (Some(2), true), "{args:?}: {stderr}");
    }
}

#[test]
fn a_worker_that_fires_leaves_a_result_manifest_for_each_tick() {
    let folder = folder(&[schedule("often", EACH_SECOND, "overlap = \"queue\"")], &[("often", &[CAT, DOG])]);
    let (at, out) = (folder.path(), folder.path().join("out/simulated/often"));
    let worker = Process::start(at, &["worker", "--cron", "--simulate", "--speed", "1000"]);
    let written = || std::fs::read_dir(&out).ok().into_iter().flatten().flatten().map(|entry| entry.path());
    let whole = || written().filter(|folder| folder.join("results.csv").exists()).collect::<Vec<_>>();
    until("three ticks have their results", || (whole().len() >= 3).then_some(()));
    let (code, _, said) = worker.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 lines, fired"), "{said}");
    for folder in written() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(!name.contains(':') && name.ends_with('Z'), "{name}");
    }
    for folder in whole() {
        let results = std::fs::read_to_string(folder.join("results.csv")).unwrap();
        assert_eq!(results.lines().filter(|line| line.contains(",succeeded,")).count(), 2, "{results}");
    }
    let fired = with_state(&last_ticks(at), "fired");
    assert!(fired.iter().any(|tick| tick["counts"]["succeeded"] == 2), "{fired:?}");
}

#[test]
fn while_a_batch_is_outstanding_the_next_ticks_are_skipped() {
    let folder = folder(&[schedule("often", EACH_SECOND, "overlap = \"skip\"")], &[("often", &[CAT])]);
    let at = folder.path();
    let watcher = Process::start(at, &["cron", "run", "--simulate", "--json"]);
    let skipped = |ticks: &[Value]| with_state(ticks, "skipped").len();
    let ticks = until("two are skipped", || Some(last_ticks(at)).filter(|ticks| skipped(ticks) >= 2));
    let (code, data, said) = watcher.stop();
    assert_eq!(code, Some(0), "{said}");
    let told: Vec<Value> = data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let fired = with_state(&told, "fired");
    assert_eq!((fired.len(), with_state(&told, "skipped").len() + 1), (1, told.len()), "{data}");
    let why = format!("batch {} has 1 outstanding", fired[0]["batch"].as_str().unwrap());
    for tick in with_state(&ticks, "skipped").iter().chain(&with_state(&told, "skipped")) {
        assert_eq!((&tick["reason"], &tick["batch"]), (&why.clone().into(), &Value::Null), "{tick}");
    }
    assert!(reelq(at, &["cron", "list", "--simulate"]).1.contains(&why));
}

#[test]
fn queued_ticks_wait_paused_and_go_one_after_the_other() {
    let folder = folder(&[schedule("often", EACH_SECOND, "overlap = \"queue\"")], &[("often", &[CAT])]);
    let at = folder.path();
    let watcher = Process::start(at, &["cron", "run", "--simulate"]);
    let two_wait = || Some(last_ticks(at)).filter(|ticks| with_state(ticks, "waiting").len() >= 2);
    let waiting = with_state(&until("two wait", two_wait), "waiting");
    let said = watcher.stop().2;
    assert!(said.contains("waiting"), "{said}");
    let status = json(at, &["status", "--simulate", "--json"]);
    let paused = |name: &Value| {
        status["batches"].as_array().unwrap().iter().any(|b| b["batch"]["name"] == *name && b["paused"] == true)
    };
    assert!(waiting.iter().all(|tick| paused(&tick["batch"])), "{status}");
    // Fired ticks of a schedule without further ones go on: the worker looks after those that wait.
    let worker = Process::start(at, &["worker", "--cron", "--simulate", "--speed", "1000"]);
    let oldest = waiting.last().unwrap()["batch"].clone();
    let done = || last_ticks(at).into_iter().find(|tick| tick["batch"] == oldest && tick["counts"]["succeeded"] == 1);
    until("the oldest that waited is done", || {
        let ended = results_of(at, oldest.as_str().unwrap());
        (ended.is_some() || done().is_some()).then_some(())
    });
    assert_eq!(worker.stop().0, Some(0));
}

fn results_of(at: &Path, batch: &str) -> Option<String> {
    let (name, tick) = batch.split_once('@')?;
    let place = at.join("out/simulated").join(name).join(tick.replace(':', "-"));
    std::fs::read_to_string(place.join("results.csv")).ok()
}

/// Two ticks that were missed: three and five minutes ago.
fn missed(catch_up: &str) -> (tempfile::TempDir, Timestamp) {
    let now = SystemClock::new().now();
    let minute = |ago: u64| now.before(Duration::from_secs(60 * ago)).millis() / 60_000;
    let cron = format!("{},{} * * * *", minute(5) % 60, minute(3) % 60);
    let folder = folder(&[schedule("nightly", &cron, &format!("catch_up = \"{catch_up}\""))], &[("nightly", &[CAT])]);
    // The schedule was known before both, and then no one watched.
    let then = Arc::new(ManualClock::starting_at(now.before(Duration::from_mins(10))));
    let state = folder.path().join(".reelq/simulate/state.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&state, then).unwrap();
        store.schedule(&ScheduleName::new("nightly").unwrap()).await.unwrap();
    });
    (folder, Timestamp::from_millis(minute(3) * 60_000))
}

#[test]
fn of_missed_ticks_the_latest_is_fired_late() {
    let (folder, newest) = missed("latest");
    let watcher = Process::start(folder.path(), &["cron", "run", "--simulate"]);
    let ticks = until("a tick is there", || {
        Some(last_ticks(folder.path())).filter(|ticks| !with_state(ticks, "fired").is_empty())
    });
    assert_eq!(
        (ticks.len(), &ticks[0]["at"], &ticks[0]["late"]),
        (1, &newest.millis().into(), &true.into()),
        "{ticks:?}"
    );
    let said = watcher.stop().2;
    assert!(said.contains(&format!("nightly@{newest}: 1 line, fired, late")), "{said}");
}

#[test]
fn of_missed_ticks_none_is_fired_where_none_is_wanted() {
    let (folder, _) = missed("none");
    let watcher = Process::start(folder.path(), &["cron", "run", "--simulate"]);
    // Once it says that it lives, its first look may still be to come; a second sign of life comes after that.
    let seen = || json(folder.path(), &["status", "--simulate", "--json"])["workers"][0]["seen_at"].as_i64();
    let first = until("it lives", seen);
    until("it has looked", || seen().filter(|seen| *seen > first));
    watcher.stop();
    assert_eq!(last_ticks(folder.path()), Vec::<Value>::new());
}
