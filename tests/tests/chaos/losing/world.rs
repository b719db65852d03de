//! Two machines, each with a journal of its own, on one server and one vendor.

use std::{path::PathBuf, process::Command, time::Duration};

use rand::{SeedableRng as _, rngs::StdRng};
use reelq_redis_server::RedisServer;
use reelq_sim::{SimPace, SimSettings};
use reelq_tests::{Account, Ended, Prompts, ResultRow, Running, Sandbox, SimulatedVendor, wait_at_most, write_csv};

pub(super) const PROMPTS: Prompts = Prompts { rows: 240, copies: 1 };
/// Each account's, in dollars: it pays for a part of the rows.
pub(super) const BUDGET: i64 = 25;
pub(super) const IN_FLIGHT: u32 = 6;
const PATIENCE: Duration = Duration::from_mins(2);

/// What the troubles befall.
pub(super) struct World {
    pub(super) fsync: String,
    pub(super) server: RedisServer,
    /// Servers whose place another has taken.
    pub(super) past: Vec<RedisServer>,
    pub(super) vendor: SimulatedVendor,
    pub(super) machines: Vec<Sandbox>,
    /// A worker of each machine.
    pub(super) workers: Vec<Running>,
    pub(super) password: &'static str,
    pub(super) rng: StdRng,
    pub(super) told: Vec<String>,
}

/// A server whose user may log in with either password until one is taken away.
pub(super) fn server(fsync: &str, more: &[String]) -> RedisServer {
    let options = RedisServer::with().tcp().append_only(fsync).directive("user app on >first >second ~* &* +@all");
    more.iter().fold(options, |options, line| options.directive(line)).start()
}

pub(super) fn url(server: &RedisServer) -> String {
    format!("redis://app@127.0.0.1:{}", server.port())
}

impl World {
    pub(super) fn new(fsync: &str, seed: u64) -> Self {
        let server = server(fsync, &[]);
        let vendor =
            SimulatedVendor::start(SimSettings { seed, pace: SimPace::seconds(0.2, 1.0), ..SimSettings::default() });
        let limits = format!(
            "requests_per_second = 6.0\nburst = 2\nmax_in_flight = {IN_FLIGHT}\nrequest_timeout = \"2s\"\n\
             budget_usd = {BUDGET}.0\nbreaker = {{ after = 0 }}\npoll = {{ first = \"100ms\", min = \"100ms\", max = \"1s\" }}"
        );
        let accounts = || Account::each(&limits).into_iter().filter(|account| account.name != "poyo").collect();
        let machine = || {
            let more = "[redis]\npassword_file = \"password\"\n";
            let sandbox = Sandbox::new(&vendor.base_url(), accounts(), more).over(&url(&server));
            std::fs::write(sandbox.path("password"), "first\n").expect("the sandbox is writable");
            write_csv(&sandbox.path("set.csv"), PROMPTS, &[("wave", "wave"), ("apixo", "apixo")]);
            sandbox
        };
        let machines = vec![machine(), machine()];
        let (rng, told) = (StdRng::seed_from_u64(seed), Vec::new());
        let fsync = fsync.to_owned();
        Self { fsync, server, past: Vec::new(), vendor, machines, workers: Vec::new(), password: "first", rng, told }
    }

    pub(super) fn purchases(&self) -> usize {
        self.vendor.ledger().charges.len()
    }

    pub(super) fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let came = wait_at_most(PATIENCE, || holds(self));
        assert!(came, "{what} never came: {}", self.told.join(", "));
    }

    /// Until so many more are bought, or so much time has passed: a budget may be reached before.
    pub(super) fn a_few_more_purchases(&mut self, most: Duration) {
        let before = self.purchases();
        wait_at_most(most, || self.purchases() >= before + 5);
    }

    pub(super) fn load(&self) {
        let mut said = String::new();
        for _ in 0..20 {
            let loaded = self.machines[0].run(&["enqueue", "set.csv", "--yes", "--again"]);
            if loaded.code == Some(0) {
                return;
            }
            said = loaded.stderr;
        }
        panic!("the batch could not be loaded: {said}");
    }

    pub(super) fn add_workers(&mut self) {
        for at in 0..self.machines.len() {
            let worker = self.worker(at);
            self.workers.push(worker);
        }
    }

    /// A worker that takes a write beyond a limit for one that fails, as on a full disk.
    pub(super) fn worker(&self, machine: usize) -> Running {
        let sandbox = &self.machines[machine];
        let worker = sandbox.command(&["worker"]);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" worker"]).arg(worker.get_program());
        command.current_dir(sandbox.path("")).env_clear();
        command.envs(worker.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("REELQ_LEASE", "2s");
        Running::start(command)
    }

    /// Lets what is left be done; the last word is that of a worker that drains.
    pub(super) fn end(&mut self) -> Ended {
        let mut command = self.machines[0].command(&["worker", "--drain"]);
        command.env("REELQ_LEASE", "2s");
        let ended = Running::start(command).wait();
        for worker in self.workers.drain(..) {
            worker.signal("TERM");
            let worker = worker.wait();
            self.told.push(format!("a worker ended with {:?}", worker.code));
        }
        ended
    }

    pub(super) fn results(&self) -> Vec<ResultRow> {
        let written = self.machines[0].run(&["results", "set", "--out", "results.csv"]);
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        ResultRow::read_all(&self.machines[0].path("results.csv"))
    }

    pub(super) fn output(&self) -> PathBuf {
        self.machines[0].path("out/set")
    }
}
