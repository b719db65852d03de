//! A Redis that restarts while a command begins, loads or ends: it is waited for, as in the middle of a run.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};

use reelq_redis_server::RedisServer;
use reelq_tests::{
    Account, Ended, Prompts, RawVendor, Sandbox, Wire, clip, json, reply, stays, wait_for, wait_until, write_csv,
};

const LINES: &str = "requests_per_second = 100.0\nburst = 10\nmax_in_flight = 20\nrequest_timeout = \"10s\"\n\
    poll = { first = \"50ms\", min = \"50ms\", max = \"200ms\" }";

fn wave() -> RawVendor {
    RawVendor::start(|request, origin| {
        if request.is_submit() {
            let key = request.header("idempotency-key").unwrap_or_default();
            return json(200, format!(r#"{{"task_id":"t-{key}","status":"queued"}}"#));
        }
        if request.path_ends(".mp4") {
            return reply(200, &["Content-Type: video/mp4"], clip(&request.target));
        }
        let task = request.target.rsplit('/').next().unwrap_or_default();
        json(200, format!(r#"{{"task_id":"{task}","status":"completed","video_url":"{origin}/{task}.mp4"}}"#))
    })
}

fn sandbox(vendor: &RawVendor, url: &str, rows: usize) -> Sandbox {
    let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
    let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(url);
    write_csv(&sandbox.path("set.csv"), Prompts { rows, copies: 1 }, &[("wave", "wave")]);
    sandbox
}

fn succeeds(ended: &Ended, what: &str) {
    assert_eq!(ended.code, Some(0), "{what}: {}", ended.stderr);
}

/// Begins the command on a server that is away, and brings the server back once it was missed.
fn begins_while_away(sandbox: &Sandbox, server: &mut RedisServer, arguments: &[&str]) -> Ended {
    server.kill();
    // In its place is someone who hangs up at once: whoever was let in here has missed it.
    let place = TcpListener::bind((Ipv4Addr::LOCALHOST, server.port())).unwrap();
    place.set_nonblocking(true).unwrap();
    let mut running = sandbox.start(arguments);
    let asked = || place.accept().is_ok() || running.has_ended();
    wait_until("the command asks", asked);
    assert!(!running.has_ended(), "{arguments:?} never asked");
    drop(place);
    server.restart();
    running.wait()
}

#[test]
fn every_command_waits_at_its_start_for_a_server_that_restarts() {
    let vendor = wave();
    let mut server = RedisServer::with().tcp().append_only("always").start();
    let sandbox = sandbox(&vendor, &server.url(), 3);
    succeeds(&begins_while_away(&sandbox, &mut server, &["plan", "set.csv"]), "plan");
    let run = begins_while_away(&sandbox, &mut server, &["run", "set.csv", "--yes"]);
    succeeds(&run, "run");
    assert!(run.stderr.contains("trying again for up to"), "{}", run.stderr);
    let status = begins_while_away(&sandbox, &mut server, &["status"]);
    succeeds(&status, "status");
    assert!(status.stdout.contains("set"), "{}", status.stdout);
    for command in [["cancel", "set", "--yes"], ["retry", "set", "--yes"]] {
        let ended = begins_while_away(&sandbox, &mut server, &command);
        assert!(!ended.stderr.contains("cannot be reached: Connection refused (os error 111)\n"), "{}", ended.stderr);
        assert_ne!(ended.code, Some(1), "{command:?}: {}", ended.stderr);
    }
    assert_eq!(vendor.submits(), 3);
}

fn keys(server: &RedisServer) -> i64 {
    server.command(&["DBSIZE"]).int()
}

#[test]
fn a_load_goes_on_over_a_restart_of_the_server() {
    const ROWS: usize = 6_000;
    let vendor = wave();
    let mut server = RedisServer::with().tcp().append_only("always").start();
    let sandbox = sandbox(&vendor, &server.url(), ROWS);
    let mut running = sandbox.start(&["enqueue", "set.csv", "--yes"]);
    wait_for("the load begins", || (keys(&server), running.has_ended()), |(keys, ended)| *keys >= 500 || *ended);
    assert!(!running.has_ended(), "the load never began");
    server.kill();
    stays(Duration::from_secs(1), "the load waits", || !running.has_ended());
    server.restart();
    succeeds(&running.wait(), "enqueue");
    let status = sandbox.run(&["status", "--json"]).stdout;
    let view: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(view["batches"][0]["counts"]["queued"], ROWS, "{status}");
}

#[test]
fn a_drained_worker_ends_well_though_many_answers_are_lost() {
    let vendor = wave();
    let server = RedisServer::with().tcp().append_only("always").start();
    let wire = Wire::to(([127, 0, 0, 1], server.port()).into());
    let sandbox = sandbox(&vendor, &format!("redis://127.0.0.1:{}", wire.port()), 40);
    succeeds(&sandbox.run(&["enqueue", "set.csv", "--yes"]), "enqueue");
    wire.lose(15);
    succeeds(&sandbox.run(&["worker", "--drain"]), "worker --drain");
    wire.lose(0);
    let keys: std::collections::BTreeSet<_> =
        vendor.requests().iter().filter_map(|request| request.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys.len(), 40, "each row has one key");
}
