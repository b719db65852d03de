//! A store that refuses, fails or is full while paid requests are in flight: they come home, nothing is bought twice.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use reelq_redis_server::{Certificates, RedisReply, RedisServer};
use reelq_tests::{
    Account, Ended, Prompts, RawReply, RawRequest, RawVendor, Running, Sandbox, StoreKind, clip, json, reply,
    wait_until, write_csv,
};

const LINES: &str = "requests_per_second = 100.0\nburst = 10\nmax_in_flight = 4\nrequest_timeout = \"30s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }\nbreaker = { after = 0 }";
const ROWS: usize = 12;
/// So many purchases are in flight when the trouble begins.
const IN_FLIGHT: usize = 4;

/// Holds purchases back until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<AtomicBool>);

impl Gate {
    fn open(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn pass(&self) {
        wait_until("the gate is opened", || self.0.load(Ordering::SeqCst));
    }
}

/// A vendor without idempotency keys whose answers to purchases wait at the gate.
fn vendor(gate: &Gate) -> RawVendor {
    let gate = gate.clone();
    RawVendor::start(move |request, origin| {
        if request.is_submit() {
            gate.pass();
        }
        answer(request, origin)
    })
}

fn answer(request: &RawRequest, origin: &str) -> RawReply {
    if request.is_submit() {
        return json(200, format!(r#"{{"code":200,"data":{{"taskId":"t-{}"}}}}"#, request.number));
    }
    if request.path_ends(".mp4") {
        return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
    }
    let task = request.target.rsplit('=').next().unwrap_or_default();
    let links = format!(r#"{{\"resultUrls\":[\"{origin}/{task}.mp4\"]}}"#);
    let data = format!(r#"{{"taskId":"{task}","state":"success","resultJson":"{links}"}}"#);
    json(200, format!(r#"{{"code":200,"message":"success","data":{data}}}"#))
}

fn sandbox(store: StoreKind, vendor: &RawVendor, more: &str) -> Sandbox {
    let account = Account { name: "apixo", provider: "apixo", lines: LINES.to_owned() };
    let sandbox = Sandbox::on(store, &vendor.base_url(), vec![account], more);
    write_csv(&sandbox.path("set.csv"), Prompts { rows: ROWS, copies: 1 }, &[("apixo", "apixo")]);
    sandbox
}

/// A server with a user `app`, whose password is `first`.
fn server() -> RedisServer {
    let server = RedisServer::with().tcp().append_only("always").start();
    server.command(&["ACL", "SETUSER", "app", "on", ">first", "~*", "&*", "+@all"]);
    server
}

fn start(sandbox: &Sandbox) -> Running {
    sandbox.start(&["run", "set.csv", "--yes"])
}

fn wait_for_purchases(vendor: &RawVendor) {
    wait_until("purchases are in flight", || vendor.submits() >= IN_FLIGHT);
}

/// Whether the server refused someone a login or a right so far.
fn is_refused(server: &RedisServer) -> bool {
    matches!(server.command(&["ACL", "LOG"]), RedisReply::List(log) if !log.is_empty())
}

/// Every row was bought once, and is there.
fn all_is_well(sandbox: &Sandbox, vendor: &RawVendor, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let done = sandbox.results("set").iter().filter(|row| row.get("status") == "succeeded").count();
    assert_eq!((done, vendor.submits()), (ROWS, ROWS), "{}", ended.stderr);
}

fn limit(run: &Running, what: &str) {
    let status = Command::new("prlimit").args(["--pid", &run.id().to_string(), what]).status();
    assert!(status.unwrap().success(), "prlimit {what}");
}

#[test]
fn rights_that_are_taken_in_mid_run_end_it_once_its_purchases_are_home() {
    let (gate, server) = (Gate::default(), server());
    let vendor = vendor(&gate);
    let sandbox =
        sandbox(StoreKind::Sqlite, &vendor, "").over(&format!("redis://app:first@127.0.0.1:{}", server.port()));
    let run = start(&sandbox);
    wait_for_purchases(&vendor);
    server.command(&["ACL", "SETUSER", "app", "-@scripting"]);
    // Refused before the first answer comes: the process must not end on that.
    wait_until("a right is missed", || is_refused(&server));
    gate.open();
    let ended = run.wait();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("NOPERM") && ended.stderr.contains("widen its ACL"), "{}", ended.stderr);
    assert_eq!(vendor.submits(), IN_FLIGHT, "nothing more is bought");
    server.command(&["ACL", "SETUSER", "app", "+@scripting"]);
    all_is_well(&sandbox, &vendor, &start(&sandbox).wait());
}

#[test]
fn a_password_that_is_rotated_in_mid_run_needs_no_restart() {
    let (gate, server) = (Gate::default(), server());
    let vendor = vendor(&gate);
    let url = format!("redis://app@127.0.0.1:{}", server.port());
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "[redis]\npassword_file = \"password\"\n").over(&url);
    fs::write(sandbox.path("password"), "first\n").unwrap();
    let run = start(&sandbox);
    wait_for_purchases(&vendor);
    server.command(&["ACL", "SETUSER", "app", "resetpass", ">second"]);
    server.command(&["CLIENT", "KILL", "USER", "app"]);
    gate.open();
    wait_until("the old password is refused", || is_refused(&server));
    fs::write(sandbox.path("new"), "second\n").unwrap();
    fs::rename(sandbox.path("new"), sandbox.path("password")).unwrap();
    all_is_well(&sandbox, &vendor, &run.wait());
}

#[test]
fn a_certificate_and_its_authority_that_are_replaced_in_mid_run_need_no_restart() {
    let (gate, old, new) = (Gate::default(), Certificates::make(), Certificates::make());
    let server = RedisServer::with().tls(old.tls(false)).append_only("always").start();
    let vendor = vendor(&gate);
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "[redis]\nca_file = \"ca.pem\"\n").over(&server.url());
    fs::copy(old.authority(), sandbox.path("ca.pem")).unwrap();
    let run = start(&sandbox);
    wait_for_purchases(&vendor);
    new.show_on(&server);
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    gate.open();
    fs::copy(new.authority(), sandbox.path("new.pem")).unwrap();
    fs::rename(sandbox.path("new.pem"), sandbox.path("ca.pem")).unwrap();
    all_is_well(&sandbox, &vendor, &run.wait());
}

#[test]
fn a_vendors_key_that_is_rotated_in_mid_run_needs_no_restart() {
    let rotated = Arc::new(AtomicBool::new(false));
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "sk-first-0123456789").unwrap();
    let vendor = {
        let (rotated, key) = (Arc::clone(&rotated), key.clone());
        RawVendor::start(move |request, origin| {
            if request.number == 6 {
                fs::write(&key, "sk-second-0123456789\n").unwrap();
                rotated.store(true, Ordering::SeqCst);
            }
            let wanted = if rotated.load(Ordering::SeqCst) {
                "Bearer sk-second-0123456789"
            } else {
                "Bearer sk-first-0123456789"
            };
            if request.header("authorization").is_some_and(|shown| shown != wanted) {
                return json(401, r#"{"code":401,"message":"no such key"}"#);
            }
            answer(request, origin)
        })
    };
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "");
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    let config = config.replace("api_key_env = \"APIXO_KEY\"", &format!("api_key_file = \"{}\"", key.display()));
    fs::write(sandbox.path("reelq.toml"), config).unwrap();
    let ended = start(&sandbox).wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let taken = |request: &&RawRequest| request.is_submit() && request.header("authorization").is_some();
    let new = vendor
        .requests()
        .iter()
        .filter(taken)
        .filter(|request| request.header("authorization").unwrap().contains("second"))
        .count();
    assert!(rotated.load(Ordering::SeqCst) && new > 0, "the new key was used for {new} purchases");
    assert!(!ended.stderr.contains("sk-"), "{}", ended.stderr);
    assert_eq!(sandbox.results("set").iter().filter(|row| row.get("status") == "succeeded").count(), ROWS);
}

#[test]
fn a_vendors_key_that_is_withdrawn_before_its_file_is_replaced_needs_no_restart() {
    let (withdrawn, bought) = (AtomicBool::new(false), Arc::new(AtomicUsize::new(0)));
    let vendor = {
        let bought = Arc::clone(&bought);
        RawVendor::start(move |request, origin| {
            let is_first = request.header("authorization").is_some_and(|shown| shown.contains("first"));
            if is_first && (request.number >= 4 || withdrawn.load(Ordering::SeqCst)) {
                withdrawn.store(true, Ordering::SeqCst);
                return json(401, r#"{"code":401,"message":"no such key"}"#);
            }
            bought.fetch_add(usize::from(request.is_submit()), Ordering::SeqCst);
            answer(request, origin)
        })
    };
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "");
    let key = sandbox.path("key");
    fs::write(&key, "sk-first-0123456789").unwrap();
    let config = fs::read_to_string(sandbox.path("reelq.toml")).unwrap();
    let config = config.replace("api_key_env = \"APIXO_KEY\"", &format!("api_key_file = \"{}\"", key.display()));
    fs::write(sandbox.path("reelq.toml"), config).unwrap();
    assert_eq!(sandbox.run(&["enqueue", "set.csv", "--yes"]).code, Some(0));
    let worker = sandbox.start(&["worker"]);
    wait_until("the account is blocked", || sandbox.run(&["status", "--json"]).stdout.contains("unauthorized"));
    fs::write(sandbox.path("new"), "sk-second-0123456789\n").unwrap();
    fs::rename(sandbox.path("new"), &key).unwrap();
    let done = || {
        let status = sandbox.run(&["status", "set", "--json"]).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        status["batches"][0]["counts"]["succeeded"] == ROWS
    };
    wait_until("all rows are bought with the new key", done);
    worker.signal("TERM");
    let ended = worker.wait();
    assert!(ended.stderr.contains("the account goes on") && !ended.stderr.contains("sk-"), "{}", ended.stderr);
    assert_eq!(bought.load(Ordering::SeqCst), ROWS);
}

/// Runs out of file descriptors with purchases in flight, until what it sent is answered.
fn out_of_descriptors(store: StoreKind) {
    let gate = Gate::default();
    let vendor = vendor(&gate);
    let sandbox = sandbox(store, &vendor, "");
    let run = start(&sandbox);
    wait_for_purchases(&vendor);
    limit(&run, "--nofile=8:");
    gate.open();
    let running = || sandbox.run(&["status", "--json"]).stdout;
    wait_until("the answers are in the store", || {
        let view: serde_json::Value = serde_json::from_str(&running()).unwrap_or_default();
        view["batches"][0]["counts"]["running"].as_u64() >= Some(IN_FLIGHT as u64)
    });
    limit(&run, "--nofile=1024:");
    all_is_well(&sandbox, &vendor, &run.wait());
}

#[test]
fn a_process_without_file_descriptors_goes_on_when_it_has_some_on_sqlite() {
    out_of_descriptors(StoreKind::Sqlite);
}

#[test]
fn a_process_without_file_descriptors_goes_on_when_it_has_some_on_redis() {
    out_of_descriptors(StoreKind::Redis);
}

/// Task ids that journals below the folder name as accepted.
fn journaled(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |entry: fs::DirEntry| match entry.path() {
        path if path.is_dir() => journaled(&path),
        path if path.extension().is_some_and(|end| end == "journal") => {
            String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).matches("\"t-").count()
        }
        _ => 0,
    };
    entries.map(count).sum()
}

#[test]
fn purchases_that_come_home_one_by_one_while_redis_is_away_outlive_a_kill() {
    let (gate, mut server) = (Gate::default(), server());
    let vendor = {
        let gate = gate.clone();
        RawVendor::start(move |request, origin| {
            if request.is_submit() {
                gate.pass();
            }
            match answer(request, origin) {
                // Not all in one group: those that come later must be written down as well.
                RawReply::Bytes(bytes) if request.is_submit() => {
                    RawReply::Slow(Vec::new(), Duration::from_millis(150 * (request.number as u64 % 8)), bytes)
                }
                other => other,
            }
        })
    };
    let sandbox =
        sandbox(StoreKind::Sqlite, &vendor, "").over(&format!("redis://app:first@127.0.0.1:{}", server.port()));
    let run = start(&sandbox);
    wait_for_purchases(&vendor);
    server.kill();
    gate.open();
    wait_until("all are written down", || journaled(&sandbox.path("")) >= IN_FLIGHT);
    run.kill();
    server.restart();
    server.command(&["ACL", "SETUSER", "app", "on", ">first", "~*", "&*", "+@all"]);
    all_is_well(&sandbox, &vendor, &start(&sandbox).wait());
}

/// The paid task ids that the state could not take, beside it.
fn kept_beside(sandbox: &Sandbox) -> String {
    let entries = fs::read_dir(sandbox.path(".reelq")).unwrap().flatten();
    let kept = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".accepted-"));
    kept.map(|entry| String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).replace('\0', "")).collect()
}

#[test]
fn a_state_file_that_cannot_be_written_loses_no_paid_task() {
    let gate = Gate::default();
    let vendor = vendor(&gate);
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "");
    // Without the signal, as on a disk that fails, every write past the limit is an error.
    let mut command = Command::new("/bin/sh");
    let run = sandbox.command(&["run", "set.csv", "--yes"]);
    command.args(["-c", "trap '' XFSZ; exec \"$0\" run set.csv --yes"]).arg(run.get_program());
    command.current_dir(sandbox.path("")).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = Running::start(command);
    wait_for_purchases(&vendor);
    limit(&run, "--fsize=8192:");
    gate.open();
    let ended = run.wait();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("the state file cannot be written"), "{}", ended.stderr);
    assert_eq!(vendor.submits(), IN_FLIGHT, "nothing more is bought");
    let kept = kept_beside(&sandbox);
    assert_eq!(kept.lines().count(), IN_FLIGHT, "{kept}\n{}", ended.stderr);
    all_is_well(&sandbox, &vendor, &start(&sandbox).wait());
    assert_eq!(kept_beside(&sandbox), "");
}

#[test]
fn a_disk_that_has_room_again_is_written_to_and_nothing_is_lost_by_a_kill_before() {
    let gate = Gate::default();
    let vendor = vendor(&gate);
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "");
    let folder = sandbox.path("small");
    fs::create_dir(&folder).unwrap();
    // A disk of its own, in a mount namespace of its own. A system that gives no one one has nothing to fill up.
    let given = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).status();
    if !given.is_ok_and(|status| status.success()) {
        return;
    }
    let script = "mount -t tmpfs -o size=8m tmpfs small && exec \"$0\" run set.csv --yes --store sqlite:small/state.db";
    let run = sandbox.command(&[]);
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "/bin/sh", "-c", script]).arg(run.get_program());
    command.current_dir(sandbox.path("")).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = Running::start(command);
    wait_for_purchases(&vendor);
    let disk = format!("/proc/{}/root{}", run.id(), folder.display());
    let filler = format!("{disk}/filler");
    drop(fs::write(&filler, vec![1_u8; 16 << 20]));
    gate.open();
    let kept = || {
        let entries = fs::read_dir(&disk).unwrap().flatten();
        let kept = entries.filter(|entry| entry.file_name().to_string_lossy().contains(".accepted-"));
        kept.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default().matches("\"task\"").count())
            .sum::<usize>()
    };
    wait_until("the paid tasks are kept beside the state", || kept() >= IN_FLIGHT);
    assert_eq!(vendor.submits(), IN_FLIGHT, "nothing more is bought");
    fs::remove_file(&filler).unwrap();
    all_is_well(&sandbox, &vendor, &run.wait());
}

#[test]
fn a_server_that_may_forget_is_named_once_with_the_settings_to_change() {
    let gate = Gate::default();
    gate.open();
    let vendor = vendor(&gate);
    let server = RedisServer::with().tcp().directive("maxmemory-policy allkeys-lru").start();
    let sandbox = sandbox(StoreKind::Sqlite, &vendor, "").over(&server.url());
    let ended = start(&sandbox).wait();
    assert_eq!(
        ended.stderr.matches("set `maxmemory-policy noeviction` and `appendonly yes`").count(),
        1,
        "{}",
        ended.stderr
    );
    all_is_well(&sandbox, &vendor, &ended);
}
