//! Stores that forget, are emptied, replaced or restored under living workers of a vendor without keys: no row is bought twice.

use std::{collections::BTreeMap, path::Path, time::Duration};

use reelq_redis_server::{RedisReply, RedisServer};
use reelq_tests::{
    Account, Prompts, RawReply, RawRequest, RawVendor, Running, Sandbox, clip, json, reply, stays, wait_at_most,
    wait_until, write_csv,
};

/// A change of servers leaves a few purchases without an answer for a while: the breaker, which then waits for its probe, is another
/// test's business.
const LINES: &str = "requests_per_second = 40.0\nburst = 2\nmax_in_flight = 40\nrequest_timeout = \"2s\"\n\
    breaker = { after = 0 }\npoll = { first = \"100ms\", min = \"100ms\", max = \"300ms\" }";

/// A vendor without idempotency keys: whoever sends a prompt again pays again.
pub(super) fn vendor() -> RawVendor {
    RawVendor::start(answer)
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

/// A machine with a folder and a journal of its own.
pub(super) fn machine(vendor: &RawVendor, url: &str, rows: usize) -> Sandbox {
    let account = Account { name: "apixo", provider: "apixo", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(url);
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[("apixo", "apixo")]);
    sandbox
}

pub(super) fn bought(vendor: &RawVendor) -> BTreeMap<String, usize> {
    let mut bought = BTreeMap::new();
    for request in vendor.requests().iter().filter(|request| request.is_submit()) {
        *bought.entry(request.prompt()).or_default() += 1;
    }
    bought
}

pub(super) fn nothing_twice(vendor: &RawVendor, told: &str) {
    let twice: Vec<_> = bought(vendor).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(twice.is_empty(), "bought twice: {twice:?}\n{told}");
}

/// Whoever ends at once between its note that it sends and its sending leaves a row that a person is asked about: no one can know
/// whether it was bought. Every other one was.
pub(super) fn all_are_bought_or_asked_about(vendor: &RawVendor, sandbox: &Sandbox, rows: usize, told: &str) {
    let asked = sandbox.results("set").iter().filter(|row| row.get("status") == "unconfirmed").count();
    let bought = bought(vendor).len();
    assert!(
        bought <= rows && bought + asked >= rows && asked < rows / 2,
        "{bought} bought, {asked} asked about\n{told}"
    );
}

pub(super) fn enqueue(sandbox: &Sandbox) {
    let loaded = sandbox.run(&["enqueue", "set.csv", "--yes", "--again"]);
    assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
}

pub(super) fn worker(sandbox: &Sandbox, arguments: &[&str]) -> Running {
    let mut command = sandbox.command(&[&["worker"], arguments].concat());
    command.env("REELQ_LEASE", "2s");
    Running::start(command)
}

/// Folders that the store knows, and whether each was held against it.
fn guarded(server: &RedisServer) -> (usize, i64) {
    let folders = match server.command(&["HLEN", "reelq:{default}:folders"]) {
        RedisReply::Int(count) => usize::try_from(count).unwrap_or_default(),
        _ => 0,
    };
    let awaited = match server.command(&["HGET", "reelq:{default}:guard", "awaited"]) {
        RedisReply::Text(text) => text.parse().unwrap_or(-1),
        _ => -1,
    };
    (folders, awaited)
}

/// Whether the server has the whole load: workers, which are told of it at once, may buy before a replica has heard of it.
fn is_loaded(server: &RedisServer) -> bool {
    let RedisReply::Text(number) = server.command(&["ZSCORE", "reelq:{default}:batches", "set"]) else { return false };
    let whole = server.command(&["HGET", &format!("reelq:{{default}}:b:{number}"), "whole"]);
    whole == RedisReply::Text("1".to_owned())
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Everything that the two workers say while they end.
fn end(workers: Vec<Running>) -> String {
    for worker in &workers {
        worker.signal("TERM");
    }
    workers.into_iter().map(|worker| worker.wait().stderr).collect::<Vec<_>>().join("\n---\n")
}

/// Ends the workers once all rows are bought, or were to be: everything that they say.
fn after_all_rows(vendor: &RawVendor, rows: usize, workers: Vec<Running>) -> String {
    wait_at_most(Duration::from_mins(1), || bought(vendor).len() >= rows);
    let told = end(workers);
    assert_eq!(bought(vendor).len(), rows, "{told}");
    told
}

#[test]
fn an_emptied_redis_under_two_living_machines_buys_nothing_twice_when_it_is_loaded_again() {
    let (server, vendor) = (RedisServer::start(), vendor());
    let (here, there) = (machine(&vendor, &server.url(), 40), machine(&vendor, &server.url(), 40));
    let workers = vec![worker(&here, &[]), worker(&there, &[])];
    wait_until("two machines", || guarded(&server) == (2, 0));
    enqueue(&here);
    wait_until("purchases", || vendor.submits() >= 12);
    server.command(&["FLUSHALL"]);
    enqueue(&here);
    let told = after_all_rows(&vendor, 40, workers);
    nothing_twice(&vendor, &told);
    let drained = worker(&here, &["--drain"]).wait();
    assert!(matches!(drained.code, Some(0 | 6)), "{}\n{told}", drained.stderr);
    nothing_twice(&vendor, &drained.stderr);
}

fn a_replica_that_is_behind_takes_over(fsync: &str) {
    let (mut master, vendor) = (RedisServer::with().tcp().append_only(fsync).start(), vendor());
    let follows = format!("replicaof 127.0.0.1 {}", master.port());
    let replica = RedisServer::with().tcp().append_only(fsync).directive(&follows).start();
    let url = format!("redis://127.0.0.1:{}/0", master.port());
    let (here, there) = (machine(&vendor, &url, 40), machine(&vendor, &url, 40));
    let workers = vec![worker(&here, &[]), worker(&there, &[])];
    wait_until("two machines", || guarded(&replica) == (2, 0));
    enqueue(&here);
    wait_until("the load on the replica", || is_loaded(&replica));
    wait_until("purchases", || vendor.submits() >= 4);
    // It hears nothing more of its master; more is bought; then it stands in the master's place.
    replica.command(&["REPLICAOF", "NO", "ONE"]);
    let before = vendor.submits();
    wait_until("purchases that it never heard of", || vendor.submits() >= before + 6);
    let port = master.port().to_string();
    master.kill();
    wait_until("the master's place", || {
        replica.command(&["CONFIG", "SET", "port", &port]) == RedisReply::Text("OK".to_owned())
    });
    let told = after_all_rows(&vendor, 40, workers);
    nothing_twice(&vendor, &told);
    let drained = worker(&there, &["--drain"]).wait();
    assert!(matches!(drained.code, Some(0 | 6)), "{}\n{told}", drained.stderr);
    nothing_twice(&vendor, &drained.stderr);
}

#[test]
fn a_replica_that_is_behind_and_syncs_always_buys_nothing_twice() {
    a_replica_that_is_behind_takes_over("always");
}

#[test]
fn a_replica_that_is_behind_and_syncs_every_second_buys_nothing_twice() {
    a_replica_that_is_behind_takes_over("everysec");
}

#[test]
fn a_copy_that_is_taken_as_a_replica_would_stops_no_purchase() {
    let (server, vendor) = (RedisServer::start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 40);
    let of = |key: &str| server.command(&["HGET", "reelq:{default}:guard", key]);
    let history = || {
        let said = server.command(&["INFO", "replication"]).text().to_owned();
        said.lines().find(|line| line.starts_with("master_replid:")).map(str::to_owned)
    };
    let worker = worker(&sandbox, &[]);
    wait_until("a machine", || guarded(&server) == (1, 0));
    enqueue(&sandbox);
    wait_until("purchases", || vendor.submits() >= 4);
    let (generation, noted, before) = (of("generation"), of("server"), history());
    let mut copying = std::process::Command::new("redis-cli");
    copying.args(["-s", &server.socket().display().to_string(), "--rdb", "copy.rdb"]);
    let copied = copying.current_dir(server.folder()).output().unwrap();
    assert!(copied.status.success(), "{copied:?}");
    assert_ne!(history(), before, "the server has begun another history");
    wait_until("a claim that sees it", || of("server") != noted);
    assert_eq!(of("generation"), generation, "nothing was lost");
    wait_until("all rows", || bought(&vendor).len() == 40);
    let told = end(vec![worker]);
    assert_eq!(of("generation"), generation, "{told}");
    nothing_twice(&vendor, &told);
}

#[test]
fn a_copy_that_is_restored_at_another_address_buys_nothing_twice() {
    let (server, vendor) = (RedisServer::with().tcp().append_only("always").start(), vendor());
    let sandbox = machine(&vendor, &format!("redis://127.0.0.1:{}", server.port()), 30);
    enqueue(&sandbox);
    let copy = server.folder().join("copy");
    copy_folder(&server.folder().join("appendonlydir"), &copy);
    let first = worker(&sandbox, &[]);
    wait_until("purchases", || vendor.submits() >= 10);
    drop(first.kill());
    let before = vendor.submits();

    let mut elsewhere = RedisServer::with().tcp().append_only("always").start();
    elsewhere.kill();
    let log = elsewhere.folder().join("appendonlydir");
    std::fs::remove_dir_all(&log).unwrap();
    copy_folder(&copy, &log);
    elsewhere.restart();
    let sandbox = sandbox.over(&format!("redis://localhost:{}/0", elsewhere.port()));
    let drained = worker(&sandbox, &["--drain"]).wait();
    assert!(matches!(drained.code, Some(0 | 6)), "{}", drained.stderr);
    assert!(before >= 10, "{}", drained.stderr);
    all_are_bought_or_asked_about(&vendor, &sandbox, 30, &drained.stderr);
    nothing_twice(&vendor, &drained.stderr);
}

#[test]
fn a_frozen_machine_is_waited_for_and_goes_on_when_it_wakes() {
    let (mut server, vendor) = (RedisServer::with().append_only("always").start(), vendor());
    let (here, there) = (machine(&vendor, &server.url(), 40), machine(&vendor, &server.url(), 40));
    let copy = server.folder().join("copy");
    let (one, frozen) = (worker(&here, &[]), worker(&there, &[]));
    wait_until("two machines", || guarded(&server) == (2, 0));
    enqueue(&here);
    copy_folder(&server.folder().join("appendonlydir"), &copy);
    wait_until("purchases", || vendor.submits() >= 8);
    frozen.signal("STOP");
    server.kill();
    let log = server.folder().join("appendonlydir");
    std::fs::remove_dir_all(&log).unwrap();
    copy_folder(&copy, &log);
    server.restart();
    wait_until("the wait", || guarded(&server).1 == 1);
    let held = vendor.submits();
    // What was under way may still come to its end; longer than any hold of a time would be is not needed.
    stays(Duration::from_millis(1_500), "nothing more is bought", || vendor.submits() <= held + 2);
    let shown = here.run(&["status"]);
    assert!(shown.stderr.contains("reelq resume --after-loss"), "{}", shown.stderr);
    frozen.signal("CONT");
    let told = after_all_rows(&vendor, 40, vec![one, frozen]);
    nothing_twice(&vendor, &told);
}

#[test]
fn a_machine_that_is_gone_is_named_and_a_person_goes_on_without_it() {
    let (mut server, vendor) = (RedisServer::with().append_only("always").start(), vendor());
    let (here, gone) = (machine(&vendor, &server.url(), 20), machine(&vendor, &server.url(), 20));
    let lost = worker(&gone, &[]);
    wait_until("the machine", || guarded(&server) == (1, 0));
    drop(lost.kill());
    server.kill();
    server.restart();
    enqueue(&here);
    let one = worker(&here, &["--drain"]);
    wait_until("the wait", || guarded(&server) == (2, 1));
    assert_eq!(vendor.submits(), 0);
    let doctor = here.run(&["doctor", "--offline"]);
    assert!(doctor.stdout.contains("nothing new is bought before these were asked"), "{}", doctor.stdout);
    let unasked = here.run(&["resume", "--after-loss"]);
    assert_eq!(unasked.code, Some(2), "{}", unasked.stderr);
    let place = gone.path(".reelq/journal");
    assert!(unasked.stderr.contains(&*place.to_string_lossy()), "{}", unasked.stderr);
    let released = here.run(&["resume", "--after-loss", "--yes"]);
    assert_eq!(released.code, Some(0), "{}", released.stderr);
    let ended = one.wait();
    assert_eq!((ended.code, vendor.submits()), (Some(0), 20), "{}", ended.stderr);
    let again = here.run(&["resume", "--after-loss", "--yes"]);
    assert_eq!(again.code, Some(0), "it may be said twice: {}", again.stderr);
}

#[test]
fn a_killed_worker_of_the_same_machine_holds_nobody_up() {
    let (mut server, vendor) = (RedisServer::with().append_only("always").start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 30);
    enqueue(&sandbox);
    let (killed, one) = (worker(&sandbox, &[]), worker(&sandbox, &["--drain"]));
    wait_until("purchases", || vendor.submits() >= 5);
    drop(killed.kill());
    server.kill();
    server.restart();
    let ended = one.wait();
    assert!(matches!(ended.code, Some(0 | 6)), "{}", ended.stderr);
    all_are_bought_or_asked_about(&vendor, &sandbox, 30, &ended.stderr);
    nothing_twice(&vendor, &ended.stderr);
}

#[test]
fn a_run_whose_batch_the_store_has_lost_ends_with_5_and_names_its_journal() {
    let (server, vendor) = (RedisServer::start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 40);
    let run = sandbox.start(&["run", "set.csv", "--yes"]);
    wait_until("purchases", || vendor.submits() >= 8);
    server.command(&["FLUSHALL"]);
    let ended = run.wait();
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("the store has lost batch `set`"), "{}", ended.stderr);
    assert!(ended.stderr.contains("paid or possibly paid submissions"), "{}", ended.stderr);
    let submits = vendor.submits();
    let asked = sandbox.run(&["run", "set.csv", "--yes"]);
    assert_eq!((asked.code, vendor.submits()), (Some(2), submits), "the place knows of the batch: {}", asked.stderr);
    let again = sandbox.run(&["run", "set.csv", "--yes", "--again"]);
    assert!(matches!(again.code, Some(0 | 6)), "{}", again.stderr);
    assert_eq!(bought(&vendor).len(), 40);
    nothing_twice(&vendor, &again.stderr);
}

#[test]
fn a_worker_that_meets_a_newer_format_stops_and_what_it_was_told_is_kept() {
    let (server, vendor) = (RedisServer::start(), vendor());
    let sandbox = machine(&vendor, &server.url(), 30);
    enqueue(&sandbox);
    let running = worker(&sandbox, &[]);
    wait_until("purchases", || vendor.submits() >= 6);
    server.command(&["HSET", "reelq:{default}:guard", "format", "9"]);
    let ended = running.wait();
    assert!(ended.code != Some(0) && ended.stderr.contains("format 9"), "{:?} {}", ended.code, ended.stderr);
    server.command(&["HSET", "reelq:{default}:guard", "format", "2"]);
    let drained = worker(&sandbox, &["--drain"]).wait();
    assert!(matches!(drained.code, Some(0 | 6)), "{}", drained.stderr);
    all_are_bought_or_asked_about(&vendor, &sandbox, 30, &drained.stderr);
    nothing_twice(&vendor, &drained.stderr);
}
