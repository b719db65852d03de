//! Many workers over a real Redis, while everything between them dies, freezes, is cut off and comes back.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reelq_redis_server::RedisServer;
use reelq_sim::{Faults, SimSettings};
use reelq_tests::{
    Account, Audit, Prompts, Running, Sandbox, SimulatedVendor, Wire, let_pass, wait_at_most, write_csv,
};

use crate::copy_folder;

const SEED: u64 = 30;
const EVENTS: usize = 45;
const PROMPTS: Prompts = Prompts { rows: 946, copies: 1 };
const WORKERS: usize = 4;
/// Each account's, over all workers; slow enough for the events to happen while there is work.
const LIMITS: &str = "requests_per_second = 12.0\nburst = 2\nmax_in_flight = 60\nrequest_timeout = \"2s\"\n\
    poll = { first = \"100ms\", min = \"100ms\", max = \"1s\" }";
/// Longer than a lease with the time that a paid request may take on top.
const FROZEN: Duration = Duration::from_secs(6);

/// The world that the events befall.
struct World {
    redis: RedisServer,
    wire: Wire,
    vendor: SimulatedVendor,
    sandbox: Sandbox,
    workers: Vec<Running>,
    frozen: Vec<Running>,
    rng: StdRng,
    told: Vec<String>,
}

impl World {
    fn new(fsync: &str) -> Self {
        let redis = RedisServer::with().tcp().append_only(fsync).start();
        let wire = Wire::to(SocketAddr::from((Ipv4Addr::LOCALHOST, redis.port())));
        let vendor =
            SimulatedVendor::start(SimSettings { seed: SEED, faults: Faults::rough(), ..SimSettings::default() });
        let sandbox = Sandbox::new(&vendor.base_url(), Account::each(LIMITS), "");
        let sandbox = sandbox.over(&format!("redis://127.0.0.1:{}", wire.port()));
        write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo"), ("poyo", "poyo")]);
        let rng = StdRng::seed_from_u64(SEED);
        Self { redis, wire, vendor, sandbox, workers: Vec::new(), frozen: Vec::new(), rng, told: Vec::new() }
    }

    fn add_worker(&mut self) {
        let mut command = self.sandbox.command(&["worker"]);
        command.env("REELQ_LEASE", "2s");
        self.workers.push(Running::start(command));
    }

    fn any_worker(&mut self) -> Option<Running> {
        let count = self.workers.len();
        (count > 0).then(|| self.rng.random_range(0..count)).map(|at| self.workers.swap_remove(at))
    }

    fn befall(&mut self) {
        let event = self.rng.random_range(0..10);
        let told = match event {
            0 | 1 => self.kill_worker(),
            2 => self.freeze_worker(),
            3 => self.restart_redis(),
            4 | 5 => self.cut(),
            6 => self.close(),
            7 => self.slow_down(),
            8 => self.end_worker(),
            _ => {
                self.add_worker();
                "a worker came"
            }
        };
        self.told.push(told.to_owned());
    }

    fn kill_worker(&mut self) -> &'static str {
        if let Some(worker) = self.any_worker() {
            worker.kill();
        }
        self.add_worker();
        "a worker was killed, and another came"
    }

    /// It stays frozen past its leases, and is woken when others have its work.
    fn freeze_worker(&mut self) -> &'static str {
        if let Some(worker) = self.any_worker() {
            worker.signal("STOP");
            self.frozen.push(worker);
            self.add_worker();
        }
        "a worker froze"
    }

    fn restart_redis(&mut self) -> &'static str {
        self.redis.kill();
        let_pass(Duration::from_millis(self.rng.random_range(0..800)));
        self.redis.restart();
        "redis was killed and came back"
    }

    /// It loses what it acknowledged lately, as a replica that is behind does.
    fn rewind_redis(&mut self) {
        let (log, copy) = (self.redis.folder().join("appendonlydir"), self.redis.folder().join("copy"));
        copy_folder(&log, &copy);
        let before = self.vendor.ledger().charges.len();
        wait_at_most(Duration::from_secs(5), || self.vendor.ledger().charges.len() >= before + 5);
        self.redis.kill();
        std::fs::remove_dir_all(&log).expect("the log can be removed");
        std::fs::rename(&copy, &log).expect("both lie in one folder");
        self.redis.restart();
        self.told.push("redis lost its last second".to_owned());
    }

    /// It is emptied under the living workers, and the batch is loaded again.
    fn empty_redis(&mut self) {
        self.redis.command(&["FLUSHALL"]);
        self.told.push("redis was emptied".to_owned());
        self.load();
    }

    fn load(&self) {
        let mut said = String::new();
        for _ in 0..20 {
            let loaded = self.sandbox.run(&["enqueue", "set.csv", "--yes", "--again"]);
            if loaded.code == Some(0) {
                return;
            }
            said = loaded.stderr;
        }
        panic!("the batch could not be loaded: {said}");
    }

    fn cut(&mut self) -> &'static str {
        for _ in 0..self.rng.random_range(1..6) {
            self.wire.cut();
            let_pass(Duration::from_millis(self.rng.random_range(1..40)));
        }
        "the line was cut"
    }

    fn close(&mut self) -> &'static str {
        self.wire.close();
        let_pass(Duration::from_millis(self.rng.random_range(50..1_500)));
        self.wire.open();
        "the line was closed for a while"
    }

    fn slow_down(&mut self) -> &'static str {
        self.wire.delay(Duration::from_millis(self.rng.random_range(5..80)));
        let_pass(Duration::from_millis(700));
        self.wire.delay(Duration::ZERO);
        "the line was slow for a while"
    }

    fn end_worker(&mut self) -> &'static str {
        if self.workers.len() > 2
            && let Some(worker) = self.any_worker()
        {
            worker.signal("TERM");
            let ended = worker.wait();
            // One that was told so before it could listen had not begun.
            let had_not_begun = ended.code.is_none() && ended.stderr.is_empty();
            assert!(ended.code == Some(0) || had_not_begun, "a worker that is told to end ends well: {ended:?}");
        }
        "a worker was told to end"
    }

    fn wake_the_frozen(&mut self) {
        for worker in self.frozen.drain(..) {
            worker.signal("CONT");
            self.workers.push(worker);
        }
    }

    /// Waits for the workers to do the rest; the last word is the exit code of one that drains.
    fn drain(&mut self) -> reelq_tests::Ended {
        let mut command = self.sandbox.command(&["worker", "--drain"]);
        command.env("REELQ_LEASE", "2s");
        Running::start(command).wait()
    }
}

#[test]
fn workers_over_redis_buy_each_row_once_whatever_dies_freezes_or_is_cut_off() {
    let mut world = World::new("always");
    world.load();
    for _ in 0..WORKERS {
        world.add_worker();
    }
    for number in 0..EVENTS {
        let_pass(Duration::from_millis(world.rng.random_range(50..700)));
        match number {
            12 | 34 => world.rewind_redis(),
            23 => world.empty_redis(),
            _ => world.befall(),
        }
        if number % 9 == 8 && !world.frozen.is_empty() {
            let_pass(FROZEN);
            world.wake_the_frozen();
        }
    }
    world.wake_the_frozen();
    let bought_amid = world.vendor.ledger().charges.len();
    let drained = world.drain();
    let seen = format!("seed {SEED}: {}\n{}", world.told.join(", "), drained.stderr);
    assert_eq!(drained.code, Some(6), "{seen}");
    assert!(bought_amid > 0, "{seen}");

    let written = world.sandbox.run(&["results", "set", "--out", "results.csv"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let (ledger, rows) = (world.vendor.ledger(), reelq_tests::ResultRow::read_all(&world.sandbox.path("results.csv")));
    let audit = Audit { ledger: &ledger, rows: &rows };
    audit.every_row_once_and_in_order(PROMPTS.rows, PROMPTS.copies);
    audit.nothing_is_bought_twice();
    audit.every_charge_is_accounted_for();
    let unconfirmed = rows.iter().filter(|row| row.get("status") == "unconfirmed");
    assert!(unconfirmed.map(|row| row.get("provider")).all(|provider| provider == "apixo"), "{seen}");
    assert!(audit.statuses().is_subset(&["succeeded", "failed", "unconfirmed"].into()), "{seen}");
    assert_eq!(rows, world.sandbox.results("set"), "the workers wrote the same result manifest by themselves");
}
