//! Random interleavings of many workers with leases that end, checked against what must always hold.
//!
//! A failing run prints its seed; the same seed repeats it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reelq_model::{
    Event, Failure, FailureKind, JobId, Money, Resolution, Stage, Status, Timestamp, Trouble, TroubleKind, WorkerId,
};

use super::{
    Kit, Subject,
    interleaved_events::{accepted, caps, fetch_event, poll_event, with_outputs},
    kit::{LEASE, SECOND, acceptance, account, batch, limits, sending, wish, worker},
    recount::{claimed, recount, takes_a_place},
};
use reelq_store::{
    AccountLimits, AccountView, ClaimStage, Commit, Committed, Edited, JobFilter, JobView, Lease, SharedStore, first,
    rules::bounds,
};

room! { ($) interleaving_cases: interleaving {
    invariants_hold_over_random_interleavings,
} }

const BATCHES: [(&str, Option<i64>); 3] = [("free", None), ("tight", Some(75)), ("wide", Some(400))];
const JOBS: usize = 12;
const CAP: u32 = 7;
const STEPS: usize = 300;
const SEEDS: u64 = 8;

pub async fn invariants_hold_over_random_interleavings(subject: &dyn Subject) {
    for seed in 0..SEEDS {
        let mut world = World::new(subject, seed).await;
        for step in 0..STEPS {
            world.step().await;
            world.check(step).await;
        }
        world.check_that_nothing_stays_with_the_silent().await;
        assert!(world.ended.values().any(|status| *status == Status::Succeeded), "seed {seed} got nothing done");
    }
}

/// A lease that some worker believes to hold, and when it ends unless something ended it before.
#[derive(Debug, Clone)]
struct Held {
    lease: Lease,
    until: Timestamp,
}

struct World<'a> {
    kit: Kit<'a>,
    /// Another process on the same state; the later half of the workers live there.
    other: Kit<'a>,
    seed: u64,
    rng: StdRng,
    /// Who follows: apart, so that a store that declines sees what it always did.
    following: StdRng,
    account: String,
    workers: Vec<WorkerId>,
    batches: Vec<String>,
    jobs: BTreeSet<JobId>,
    /// Also those whose leases have ended: their holders act as if they did not know.
    held: Vec<Held>,
    /// The newest version under which a job was given to anyone: no other changes anything.
    given: BTreeMap<JobId, u64>,
    sent: BTreeSet<(JobId, u32)>,
    ended: BTreeMap<JobId, Status>,
    tasks: u64,
    /// Facts that no one can refuse may pass the cap and the budget.
    surprises: bool,
}

impl<'a> World<'a> {
    async fn new(subject: &'a dyn Subject, seed: u64) -> Self {
        let kit = Kit::new(subject);
        let other = kit.another();
        let acct = format!("acct-{seed}");
        let (budget, daily_budget) = caps(seed);
        let limits = AccountLimits { budget, daily_budget, ..limits(50.0, 10, CAP) };
        kit.store.set_limits(&account(&acct), &limits).await.unwrap();
        let (mut jobs, mut batches) = (BTreeSet::new(), Vec::new());
        for (name, budget) in BATCHES {
            let name = format!("{name}-{seed}");
            let wishes: Vec<_> = (0_i32..)
                .take(JOBS)
                .map(|n| wish(format!("{name} {n}")).cents(5 + i64::from(n % 3) * 10).priority(n % 2).account(&acct))
                .collect();
            let ids = match budget {
                Some(budget) => kit.load_with_budget(&name, budget, &wishes).await,
                None => kit.load(&name, &wishes).await,
            };
            jobs.extend(ids);
            batches.push(name);
        }
        let workers = (0..4).map(|number| worker(&format!("w{number}"))).collect();
        let rng = StdRng::seed_from_u64(seed);
        let (held, sent, ended) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        Self {
            kit,
            other,
            seed,
            rng,
            following: StdRng::seed_from_u64(!seed),
            account: acct,
            workers,
            batches,
            jobs,
            held,
            given: BTreeMap::new(),
            sent,
            ended,
            tasks: 0,
            surprises: seed % 2 == 1,
        }
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0..=5 => self.claim().await,
            6..=12 => self.act().await,
            13 => self.extend().await,
            14 => self.release().await,
            15 => self.person().await,
            16 if self.surprises => self.surprise().await,
            17 => {
                let worker = self.any_worker();
                self.home(&worker).heartbeat(&worker).await.unwrap();
                self.keep_following(&worker).await;
            }
            18 if self.rng.random_bool(0.1) => self.kit.advance(Duration::from_hours(self.rng.random_range(1..20))),
            18 => self.kit.advance(Duration::from_millis(self.rng.random_range(1..3_000))),
            _ => self.kit.advance(if self.rng.random_bool(0.08) { LEASE } else { SECOND }),
        }
    }

    fn any_worker(&mut self) -> WorkerId {
        let index = self.rng.random_range(0..self.workers.len());
        self.workers[index].clone()
    }

    /// The store as the worker's process has it open.
    fn home(&self, worker: &WorkerId) -> &SharedStore {
        let late = self.workers.iter().position(|each| each == worker).is_some_and(|index| index >= 2);
        if late { &self.other.store } else { &self.kit.store }
    }

    async fn now(&self) -> Timestamp {
        self.kit.store.now().await.unwrap()
    }

    async fn claim(&mut self) {
        let stage = [ClaimStage::Submit, ClaimStage::Submit, ClaimStage::Poll, ClaimStage::Collect]
            [self.rng.random_range(0..4)];
        let mut claim = self.kit.claim_of(stage, self.rng.random_range(1..5));
        claim.worker = self.any_worker();
        claim.account = account(&self.account);
        let leases = self.home(&claim.worker).claim(&claim).await.unwrap().leases;
        let now = self.now().await;
        if leases.iter().any(|lease| matches!(lease.job.stage, Stage::Ready)) {
            // A link that is refreshed, or a fact, may pass the cap; a job that is newly taken in hand never does.
            let places = self.kit.in_flight_of(&self.account).await;
            assert!(places <= u64::from(CAP), "seed {}: {places} in flight", self.seed);
        }
        for lease in leases {
            let twice = self.held.iter().find(|held| {
                held.lease.job.id == lease.job.id && held.until > now && held.lease.version >= lease.version
            });
            assert!(twice.is_none(), "seed {}: {} was given twice", self.seed, lease.job.id);
            self.given.insert(lease.job.id, lease.version);
            self.held.push(Held { lease, until: now.after(LEASE) });
        }
    }

    /// A worker is heard, and forgets what it follows no more.
    async fn keep_following(&mut self, worker: &WorkerId) {
        let followed = self.home(worker).keep_following(worker, LEASE).await.unwrap();
        self.held.retain(|Held { lease, .. }| {
            let is_named = followed.ended.contains(&(lease.job.id, lease.version));
            let is_over = lease.is_followed() && lease.worker == *worker && (followed.all_ended || is_named);
            !is_over
        });
    }

    fn take_any(&mut self) -> Option<Held> {
        let count = self.held.len();
        (count > 0).then(|| self.held.swap_remove(self.rng.random_range(0..count)))
    }

    /// Some worker goes on with a job that it has, or believes to have, in hand.
    async fn act(&mut self) {
        let Some(held) = self.take_any() else { return };
        let mut lease = held.lease;
        let now = self.now().await;
        let (mut event, mut keep) = self.next_event(&lease);
        if matches!(event, Event::Accepted { .. } | Event::Running { .. }) && self.following.random_bool(0.5) {
            (lease.lasts, keep) = (Lease::FOLLOWED, true);
        } else if lease.is_followed() {
            // A look that brought nothing.
            lease.job = lease.job.looked_at(self.following.random_range(0..2)).into();
        }
        if !self.surprises && held.until <= now && matches!(event, Event::Accepted { .. }) {
            event = Event::Unresolved { reason: String::new(), candidate: None };
        }
        let commit = Commit { lease: lease.clone(), event: event.clone(), keep };
        let committed = self.home(&lease.worker).commit(&[commit]).await.unwrap().remove(0);
        let is_fact = matches!(event, Event::Accepted { .. });
        let stale_is_due = held.until <= now && !is_fact;
        match committed {
            Committed::Done(next) => {
                assert!(!stale_is_due, "seed {}: a lease that had ended changed something", self.seed);
                let is_newest = self.given.get(&lease.job.id) == Some(&lease.version);
                assert!(is_newest || is_fact, "seed {}: a lease that passed to another changed something", self.seed);
                if let Event::Sending { submission } = &event {
                    let fresh = self.sent.insert((lease.job.id, submission.number));
                    assert!(fresh, "seed {}: {} was sent twice", self.seed, lease.job.id);
                } else if let (Event::NotSent { .. }, Stage::Submitting { submission }) = (&event, &lease.job.stage) {
                    // What certainly did not leave may leave again under the same number.
                    self.sent.remove(&(lease.job.id, submission.number));
                }
                if let Some(lease) = next {
                    self.given.insert(lease.job.id, lease.version);
                    let until = if lease.is_followed() { bounds::FOLLOWED } else { now.after(LEASE) };
                    self.held.push(Held { lease, until });
                }
            }
            Committed::Stale => {}
            Committed::Illegal(illegal) => panic!("seed {}: {illegal}", self.seed),
        }
    }

    fn next_event(&mut self, lease: &Lease) -> (Event, bool) {
        let roll = self.rng.random_range(0..10);
        let wait = Duration::from_millis(self.rng.random_range(0..2_000));
        let reason = String::new();
        match &lease.job.stage {
            Stage::Ready if roll < 8 => (sending(lease), true),
            Stage::Ready => (Event::Throttled { reason, after: wait }, false),
            Stage::Submitting { submission } => (
                match roll {
                    0 => Event::Unresolved { reason, candidate: None },
                    1 => Event::Replay { reason, after: wait, candidate: None },
                    2 => Event::NotSent { reason, after: wait },
                    3 => Event::Rejected { failure: Failure::new(FailureKind::Content, "no") },
                    4 => with_outputs(accepted(lease, submission.number)),
                    _ => accepted(lease, submission.number),
                },
                false,
            ),
            Stage::Running { task } if roll == 8 && !task.earlier_links.is_empty() => {
                (Event::FetchAgain { trouble: Trouble::new(TroubleKind::NotFound, reason), answered: true }, false)
            }
            Stage::Running { .. } => (poll_event(roll, wait), false),
            Stage::Fetching { .. } => (fetch_event(roll, wait), false),
            other => panic!("seed {}: a job that is {} was given", self.seed, other.status()),
        }
    }

    async fn extend(&mut self) {
        let now = self.now().await;
        let leases: Vec<Lease> = self.held.iter().map(|held| held.lease.clone()).collect();
        let extended = self.kit.store.extend(&leases, LEASE).await.unwrap();
        for (held, extended) in self.held.iter_mut().zip(extended) {
            assert!(!extended || held.until > now, "seed {}: a lease that had ended was extended", self.seed);
            held.until = if extended && !held.lease.is_followed() { now.after(LEASE) } else { held.until };
        }
    }

    async fn release(&mut self) {
        if let Some(held) = self.take_any() {
            self.kit.store.release(&[held.lease]).await.unwrap();
        }
    }

    async fn person(&mut self) {
        let index = self.rng.random_range(0..self.jobs.len());
        let job = *self.jobs.iter().nth(index).unwrap();
        match self.rng.random_range(0..5) {
            0 => {
                self.kit.store.cancel(job).await.unwrap();
            }
            roll @ 1..=2 => {
                if self.kit.store.apply_event(job, Event::Retry { buy: roll == 1 }).await.unwrap() == Edited::Done {
                    self.ended.remove(&job);
                }
            }
            roll => {
                let resolution = if roll == 3 { Resolution::NotBought } else { Resolution::GiveUp };
                let given_up = resolution == Resolution::GiveUp;
                let edited = self.kit.store.apply_event(job, Event::Resolved { resolution }).await.unwrap();
                if given_up && edited == Edited::Done {
                    // Whoever has it in hand has lost it, and may not know.
                    let now = self.now().await;
                    self.held.iter_mut().filter(|held| held.lease.job.id == job).for_each(|held| held.until = now);
                }
            }
        }
    }

    /// A charge that no one expected.
    async fn surprise(&mut self) {
        let index = self.rng.random_range(0..self.jobs.len());
        let job = *self.jobs.iter().nth(index).unwrap();
        self.tasks += 1;
        let yes = acceptance(&format!("surprise-{}", self.tasks), 1);
        if let reelq_store::LateAcceptance::Orphan(orphan) =
            self.kit.store.record_acceptance(job, &yes, SECOND).await.unwrap()
        {
            self.jobs.insert(orphan);
        }
    }

    async fn check_that_nothing_stays_with_the_silent(&self) {
        self.kit.advance(LEASE * 2);
        let stranger = worker("stranger");
        self.kit.store.heartbeat(&stranger).await.unwrap();
        for name in &self.batches {
            let filter = JobFilter { batch: Some(batch(name)), ..JobFilter::default() };
            for view in first(&*self.kit.store, &filter, 10_000).await.unwrap() {
                assert_eq!(view.worker, None, "seed {}: {} is left with its worker", self.seed, view.job.id);
            }
        }
        self.kit.store.deregister(&stranger).await.unwrap();
    }

    async fn check(&mut self, step: usize) {
        let at = format!("seed {}, step {step}", self.seed);
        let (mut in_flight, mut all) = (0, Vec::new());
        for name in self.batches.clone() {
            let filter = JobFilter { batch: Some(batch(&name)), ..JobFilter::default() };
            let jobs = first(&*self.kit.store, &filter, 10_000).await.unwrap();
            let view = self.kit.batch(&name).await;
            assert_eq!(recount(&view, &jobs), view, "{at}: the counters of {name} differ from a recount");
            let used = view.spent + view.reserved + claimed(&jobs);
            let within = view.batch.budget.is_none_or(|budget| used <= budget);
            assert!(within || self.surprises, "{at}: {name} uses {used} of {:?}", view.batch.budget);
            in_flight += jobs.iter().filter(|view| takes_a_place(view)).count();
            self.check_jobs(&jobs, &at);
            all.extend(jobs);
        }
        let places = self.kit.in_flight_of(&self.account).await;
        assert_eq!(places, u64::try_from(in_flight).unwrap(), "{at}: places in flight");
        self.check_money(&all, &at).await;
    }

    /// The account's money, added up from all its jobs, and its budgets.
    async fn check_money(&self, jobs: &[JobView], at: &str) {
        let view = self.kit.account(&self.account).await;
        let today = self.now().await.day();
        let spent_today = |view: &JobView| {
            view.job.spent_by_day().filter(|(day, _)| *day == today).map(|(_, spent)| spent).sum::<Money>()
        };
        let expected = AccountView {
            spent: jobs.iter().map(|view| view.job.spent()).sum(),
            reserved: jobs.iter().map(|view| view.job.reserved()).sum::<Money>() + claimed(jobs),
            spent_today: jobs.iter().map(spent_today).sum(),
            ..view.clone()
        };
        assert_eq!(view, expected, "{at}: the account's sums differ from a recount");
        let limits = view.limits.unwrap();
        let used = [(view.spent, limits.budget), (view.spent_today, limits.daily_budget)];
        for (spent, cap) in used {
            let within = cap.is_none_or(|cap| spent + view.reserved <= cap);
            assert!(within || self.surprises, "{at}: the account uses {spent} and {} of {cap:?}", view.reserved);
        }
    }

    fn check_jobs(&mut self, jobs: &[JobView], at: &str) {
        for view in jobs {
            let (id, status) = (view.job.id, view.job.status());
            assert!(self.jobs.contains(&id), "{at}: {id} came from nowhere");
            if let Some(before) = self.ended.get(&id) {
                assert_eq!(*before, status, "{at}: {id} left its end");
            }
            if status.is_terminal() {
                self.ended.insert(id, status);
            } else {
                let followed = view.due.is_some() || view.worker.is_some() || status == Status::Unconfirmed;
                assert!(followed, "{at}: {id} is {status} and no one will ever look at it");
            }
        }
        let here = |id: &&JobId| jobs.iter().any(|view| view.job.id == **id);
        let batch_jobs = jobs.iter().filter(|view| view.job.orphan_of.is_none()).count();
        assert_eq!(batch_jobs, JOBS, "{at}: a job was lost");
        assert!(self.jobs.iter().filter(here).count() >= JOBS);
    }
}
