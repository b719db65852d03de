//! The troubles.

use std::{process::Command, time::Duration};

use rand::RngExt as _;
use reelq_redis_server::{RedisReply, RedisServer};
use reelq_tests::{Running, let_pass, wait_at_most};

use super::world::{World, server, url};
use crate::copy_folder;

/// Longer than a lease with the time that a paid request may take on top.
const FROZEN: Duration = Duration::from_secs(6);

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A replica that is behind takes the server's place.
    FailOver,
    /// The server is emptied, and the batch loaded again.
    Empty,
    /// A backup is restored at another address.
    Restore,
    /// A machine freezes, the server loses its last second meanwhile, and the machine wakes.
    Freeze,
    /// The password is replaced.
    Rotate,
    /// A machine has no file descriptors left for a while.
    NoDescriptors,
    /// A machine can write nothing for a while.
    FullDisk,
    /// A worker is killed, and another comes.
    KillWorker,
}

impl World {
    pub(super) fn befall(&mut self, event: Event) {
        self.told.push(format!("{event:?} at {} purchases", self.purchases()));
        match event {
            Event::FailOver => self.fail_over(),
            Event::Empty => {
                self.server.command(&["FLUSHALL"]);
                self.load();
            }
            Event::Restore => self.restore(),
            Event::Freeze => self.freeze(),
            Event::Rotate => self.rotate(),
            Event::NoDescriptors => self.limit_for_a_while("--nofile=8:", "--nofile=1024:"),
            Event::FullDisk => self.limit_for_a_while("--fsize=4096:", "--fsize=unlimited:"),
            Event::KillWorker => self.replace_worker(),
        }
    }

    fn fail_over(&mut self) {
        let follows = format!("replicaof 127.0.0.1 {}", self.server.port());
        let replica = server(&self.fsync, &[follows]);
        self.until("the replica", |world| {
            world.server.command(&["INFO", "replication"]).text().contains("state=online")
        });
        self.a_few_more_purchases(Duration::from_secs(5));
        // It hears nothing more of its master; more is bought; then it stands in the master's place.
        replica.command(&["REPLICAOF", "NO", "ONE"]);
        self.a_few_more_purchases(Duration::from_secs(5));
        let port = self.server.port().to_string();
        self.server.kill();
        self.allow_only(&replica);
        self.until("the master's place", |_| {
            replica.command(&["CONFIG", "SET", "port", &port]) == RedisReply::Text("OK".to_owned())
        });
        let past = std::mem::replace(&mut self.server, replica);
        self.past.push(past);
    }

    /// Another server, another address: all workers end with the first, and come back with the second.
    fn restore(&mut self) {
        let copy = self.server.folder().join("copy");
        copy_folder(&self.server.folder().join("appendonlydir"), &copy);
        self.a_few_more_purchases(Duration::from_secs(5));
        for worker in self.workers.drain(..) {
            worker.kill();
        }
        self.server.kill();
        let mut elsewhere = server(&self.fsync, &[]);
        elsewhere.kill();
        let log = elsewhere.folder().join("appendonlydir");
        std::fs::remove_dir_all(&log).expect("the log can be removed");
        copy_folder(&copy, &log);
        elsewhere.restart();
        self.allow_only(&elsewhere);
        let url = url(&elsewhere);
        self.machines = self.machines.drain(..).map(|machine| machine.over(&url)).collect();
        let past = std::mem::replace(&mut self.server, elsewhere);
        self.past.push(past);
        self.add_workers();
    }

    fn freeze(&mut self) {
        let at = self.rng.random_range(0..self.workers.len());
        self.workers[at].signal("STOP");
        let (log, copy) = (self.server.folder().join("appendonlydir"), self.server.folder().join("copy"));
        copy_folder(&log, &copy);
        self.a_few_more_purchases(Duration::from_secs(5));
        self.server.kill();
        std::fs::remove_dir_all(&log).expect("the log can be removed");
        std::fs::rename(&copy, &log).expect("both lie in one folder");
        self.server.restart();
        self.allow_only(&self.server);
        let_pass(FROZEN);
        self.workers[at].signal("CONT");
    }

    fn rotate(&mut self) {
        self.password = "second";
        self.allow_only(&self.server);
        self.server.command(&["CLIENT", "KILL", "USER", "app"]);
        // A worker is refused with the old one, unless both have ended.
        let server = &self.server;
        let is_refused = || server.command(&["INFO", "errorstats"]).text().contains("errorstat_WRONGPASS");
        wait_at_most(Duration::from_secs(5), is_refused);
        for machine in &self.machines {
            std::fs::write(machine.path("new"), "second\n").expect("the sandbox is writable");
            std::fs::rename(machine.path("new"), machine.path("password")).expect("both lie in one folder");
        }
    }

    /// Takes away every password but the present one.
    fn allow_only(&self, server: &RedisServer) {
        server.command(&["ACL", "SETUSER", "app", "resetpass", &format!(">{}", self.password)]);
    }

    fn limit_for_a_while(&mut self, low: &str, high: &str) {
        let at = self.rng.random_range(0..self.workers.len());
        limit(&self.workers[at], low);
        // What fails meanwhile shows in nothing that can be waited for.
        let_pass(Duration::from_secs(3));
        limit(&self.workers[at], high);
    }

    fn replace_worker(&mut self) {
        let at = self.rng.random_range(0..self.workers.len());
        let another = self.worker(at);
        std::mem::replace(&mut self.workers[at], another).kill();
    }
}

fn limit(worker: &Running, what: &str) {
    // One that has ended by itself is missed by no one: the last one does what is left.
    _ = Command::new("prlimit").args(["--pid", &worker.id().to_string(), what]).status();
}
