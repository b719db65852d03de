//! Orders that stop or bound buying hold when a replica takes the server's place, or say that they may not.

use std::process::Command;

use reelq_redis_server::{RedisReply, RedisServer};
use reelq_sim::SimSettings;
use reelq_tests::{Account, Prompts, Sandbox, SimulatedVendor, wait_until, write_csv};

const LINES: &str = "requests_per_second = 50.0\nburst = 4\nmax_in_flight = 8\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"50ms\", max = \"300ms\" }";

/// A master with a replica, a vendor, and a batch of 20 rows that no one works on.
struct World {
    master: RedisServer,
    replica: RedisServer,
    vendor: SimulatedVendor,
    sandbox: Sandbox,
}

impl World {
    fn new() -> Self {
        let master = RedisServer::with().tcp().append_only("everysec").start();
        let follows = format!("replicaof 127.0.0.1 {}", master.port());
        let replica = RedisServer::with().tcp().append_only("everysec").directive(&follows).start();
        wait_until("the replica", || master.command(&["INFO", "replication"]).text().contains("state=online"));
        let vendor = SimulatedVendor::start(SimSettings::default());
        let account = Account { name: "wave", provider: "wave", lines: LINES.to_owned() };
        let url = format!("redis://127.0.0.1:{}/0", master.port());
        let sandbox = Sandbox::new(&vendor.base_url(), vec![account], "").over(&url);
        write_csv(&sandbox.path("set.csv"), Prompts { rows: 20, copies: 1 }, &[("wave", "wave")]);
        let loaded = sandbox.run(&["enqueue", "set.csv", "--yes"]);
        assert_eq!(loaded.code, Some(0), "{}", loaded.stderr);
        Self { master, replica, vendor, sandbox }
    }

    fn signal_replica(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.replica.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Says the order to a server whose replica hears nothing, and then once more.
    fn say(&self, order: &[&str]) {
        self.signal_replica("STOP");
        let said = self.sandbox.run(order);
        assert_eq!(said.code, Some(1), "{order:?}: {}", said.stderr);
        assert!(said.stderr.contains("1 of the server's 1 replica was not told of it in time"), "{}", said.stderr);
        self.signal_replica("CONT");
        let said = self.sandbox.run(order);
        assert_eq!(said.code, Some(0), "{order:?}: {}", said.stderr);
    }

    /// The master dies at once, and its replica takes its place.
    fn fail_over(&mut self) {
        self.replica.command(&["REPLICAOF", "NO", "ONE"]);
        let port = self.master.port().to_string();
        self.master.kill();
        let taken = || self.replica.command(&["CONFIG", "SET", "port", &port]) == RedisReply::Text("OK".to_owned());
        wait_until("the master's place", taken);
    }
}

#[test]
fn a_pause_is_not_lost_when_a_replica_takes_over() {
    let mut world = World::new();
    world.say(&["pause", "set"]);
    world.fail_over();
    let drained = world.sandbox.run(&["worker", "--drain", "--wait-at-most", "3s"]);
    assert_eq!((drained.code, world.vendor.ledger().charges.len()), (Some(5), 0), "{}", drained.stderr);
}

#[test]
fn a_cancelled_batch_stays_cancelled_when_a_replica_takes_over() {
    let mut world = World::new();
    world.say(&["cancel", "set", "--yes"]);
    world.fail_over();
    let drained = world.sandbox.run(&["worker", "--drain"]);
    assert_eq!(world.vendor.ledger().charges.len(), 0, "{}", drained.stderr);
}

#[test]
fn a_lower_budget_that_a_replica_may_not_know_is_warned_of_and_kept_where_it_does() {
    let mut world = World::new();
    world.signal_replica("STOP");
    let lower = ["enqueue", "set.csv", "--yes", "--budget", "1"];
    let said = world.sandbox.run(&lower);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("look whether that holds: reelq status set"), "{}", said.stderr);
    world.signal_replica("CONT");
    let said = world.sandbox.run(&lower);
    assert!(said.code == Some(0) && !said.stderr.contains("replica"), "{}", said.stderr);
    world.fail_over();
    let drained = world.sandbox.run(&["worker", "--drain"]);
    assert_eq!((drained.code, world.vendor.ledger().charges.len()), (Some(8), 3), "{}", drained.stderr);
}
