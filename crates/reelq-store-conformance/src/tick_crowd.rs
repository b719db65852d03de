//! Many callers that die, freeze and wake: each tick is finished once.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reelq_model::{ScheduleName, Timestamp, WorkerId};
use reelq_store::{SharedStore, TickClaim, TickClaimed, TickLease, TickState};

use super::{
    Kit, Subject,
    kit::{LEASE, SECOND, worker},
    ticks::{claim_of, outcome, schedule},
};

room! { ($) tick_crowd_cases: tick_crowd {
    each_tick_is_finished_once_whoever_dies,
} }

const SEEDS: u64 = 4;
const TICKS: u32 = 30;
const CALLERS: usize = 6;

pub async fn each_tick_is_finished_once_whoever_dies(subject: &dyn Subject) {
    for seed in 0..SEEDS {
        let mut crowd = Crowd::new(subject, seed).await;
        let mut steps = 0;
        while crowd.finished.len() < usize::try_from(TICKS).unwrap() {
            crowd.step().await;
            steps += 1;
            assert!(steps < 20_000, "seed {seed} does not end");
        }
        crowd.check().await;
    }
}

/// A caller: its name changes each time that it dies and is started again. No name is of two processes.
struct Caller {
    name: WorkerId,
    store: SharedStore,
    holds: Option<TickLease>,
}

struct Crowd<'a> {
    kit: Kit<'a>,
    seed: u64,
    rng: StdRng,
    schedule: ScheduleName,
    from: Timestamp,
    callers: Vec<Caller>,
    /// Leases of the dead: a frozen process wakes and acts on them.
    ghosts: Vec<TickLease>,
    finished: BTreeMap<Timestamp, WorkerId>,
    born: usize,
}

impl<'a> Crowd<'a> {
    async fn new(subject: &'a dyn Subject, seed: u64) -> Self {
        let kit = Kit::new(subject);
        let schedule = schedule(&format!("crowd-{seed}"));
        let from = kit.store.schedule(&schedule).await.unwrap();
        let other = kit.another().store;
        let home = |number: usize| if number.is_multiple_of(2) { kit.store.clone() } else { other.clone() };
        let name = |number| worker(&format!("c{seed}-{number}"));
        let callers = (0..CALLERS).map(|n| Caller { name: name(n), store: home(n), holds: None }).collect();
        let rng = StdRng::seed_from_u64(seed);
        let (ghosts, finished) = (Vec::new(), BTreeMap::new());
        Self { kit, seed, rng, schedule, from, callers, ghosts, finished, born: CALLERS }
    }

    async fn step(&mut self) {
        let who = self.rng.random_range(0..CALLERS);
        match self.rng.random_range(0..20) {
            0..=8 => self.claim(who).await,
            9..=14 => self.finish(who).await,
            15 => self.die(who),
            16 => self.haunt().await,
            17 => self.extend(who).await,
            18 => self.kit.advance(Duration::from_millis(self.rng.random_range(1..5_000))),
            _ => self.kit.advance(if self.rng.random_bool(0.3) { LEASE } else { SECOND }),
        }
    }

    async fn claim(&mut self, who: usize) {
        let at = self.from.after(SECOND * self.rng.random_range(1..=TICKS));
        let caller = &mut self.callers[who];
        if caller.holds.is_some() {
            return;
        }
        let claim = TickClaim { schedule: self.schedule.clone(), ..claim_of(at, &caller.name) };
        match caller.store.tick(&claim).await.unwrap() {
            TickClaimed::Won(lease) => {
                assert!(!self.finished.contains_key(&at), "seed {}: {at} was won after its end", self.seed);
                caller.holds = Some(lease);
            }
            TickClaimed::Over => assert!(self.finished.contains_key(&at), "seed {}: {at} is not over", self.seed),
            TickClaimed::Taken { worker, ends_in } => {
                assert!(worker != caller.name && ends_in <= LEASE, "seed {}: {at}", self.seed);
            }
        }
    }

    async fn finish(&mut self, who: usize) {
        let Some(lease) = self.callers[who].holds.take() else { return };
        let store = self.callers[who].store.clone();
        self.end(&lease, &store).await;
    }

    async fn end(&mut self, lease: &TickLease, store: &SharedStore) {
        if store.finish_tick(lease, &outcome(TickState::Fired)).await.unwrap() {
            let before = self.finished.insert(lease.at, lease.worker.clone());
            let again = before.as_ref().is_none_or(|winner| *winner == lease.worker);
            assert!(again, "seed {}: {} was finished by {before:?} and {}", self.seed, lease.at, lease.worker);
        }
    }

    fn die(&mut self, who: usize) {
        self.ghosts.extend(self.callers[who].holds.take());
        self.callers[who].name = worker(&format!("c{}-{}", self.seed, self.born));
        self.born += 1;
    }

    async fn haunt(&mut self) {
        if self.ghosts.is_empty() {
            return;
        }
        let lease = self.ghosts.swap_remove(self.rng.random_range(0..self.ghosts.len()));
        let store = self.kit.store.clone();
        self.end(&lease, &store).await;
    }

    async fn extend(&mut self, who: usize) {
        let caller = &mut self.callers[who];
        if let Some(lease) = &caller.holds
            && !caller.store.extend_tick(lease, LEASE).await.unwrap()
        {
            caller.holds = None;
        }
    }

    async fn check(&self) {
        let views = self.kit.store.ticks(&self.schedule, 1_000).await.unwrap();
        let kept: BTreeMap<_, _> = views.iter().map(|view| (view.at, view.worker.clone())).collect();
        assert_eq!(kept, self.finished, "seed {}", self.seed);
        assert!(views.iter().all(|view| view.state == TickState::Fired), "seed {}", self.seed);
    }
}
