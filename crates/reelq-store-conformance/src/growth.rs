//! Every verb on a small state and on a large one, for tests that count what it costs: that must not grow with what there is.

use std::{collections::BTreeMap, time::Duration};

use reelq_model::{Event, Failure, FailureKind, JobId, RequestKey, Status};
use reelq_store::{
    Breaker, Claim, ClaimStage, Commit, Committed, Cursor, Edit, GuardStep, JobFilter, Lease, LineDraft, Noting, Pace,
    Page, PauseReason, Purge, RequestNote, TickClaimed, TickState,
};

use super::{
    Kit,
    following_growth::{self, claims_of},
    kit::{
        LEASE, SECOND, Wish, acceptance, accepted, account, batch, cents, draft, finished, lines, one, plenty, sending,
        stored, wish, wishes,
    },
    ticks,
};

/// How much there is beside what the verbs are about.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Jobs of the large batch, in about equal parts: ready, due later, open, at the provider, to be fetched, ended.
    pub jobs: usize,
    /// Further batches, all ended.
    pub batches: usize,
}

/// The large batch and the small one, of one account.
pub(crate) const BIG: &str = "big";
pub(crate) const SMALL: &str = "small";

/// Makes the state, and does every verb once or more often; `done` hears what was done each time.
pub async fn each_verb(kit: &Kit<'_>, size: Size, mut done: impl FnMut(&str)) {
    let world = World::new(kit, size).await;
    done("");
    world.claims(&mut done).await;
    world.steps(&mut done).await;
    world.limits(&mut done).await;
    world.people(&mut done).await;
    world.reading(&mut done).await;
    world.loads(&mut done).await;
    world.requests_and_schedules(&mut done).await;
}

struct World<'a> {
    kit: &'a Kit<'a>,
    size: Size,
    /// The jobs of the large batch, and of the small one.
    big: Vec<JobId>,
    small: Vec<JobId>,
}

fn failed(kind: FailureKind) -> Event {
    Event::Rejected { failure: Failure::new(kind, "no") }
}

fn unresolved() -> Event {
    Event::Unresolved { reason: "no reply".to_owned(), candidate: None }
}

impl<'a> World<'a> {
    async fn new(kit: &'a Kit<'a>, size: Size) -> Self {
        for number in 0..size.batches {
            let name = format!("ended-{number}");
            kit.load(&name, &[wish("an end").account("other")]).await;
            kit.load(&name, &[]).await;
        }
        let big = kit.load(BIG, &wishes(size.jobs)).await;
        let mut world = Self { kit, size, big, small: Vec::new() };
        world.spread(BIG, size.jobs / 8).await;
        // What was bought and has no line any more is followed all the same.
        kit.load("left", &wishes(size.jobs / 4)).await;
        world.spread("left", size.jobs / 32).await;
        kit.load("left", &[]).await;
        world.small = kit.load(SMALL, &wishes(48)).await;
        world.spread(SMALL, 6).await;
        kit.advance(SECOND * 2);
        world
    }

    /// Takes `count` jobs of a batch to each place, and leaves the others ready.
    async fn spread(&self, name: &str, count: usize) {
        let kit = self.kit;
        self.each(name, ClaimStage::Submit, count, |_| failed(FailureKind::Content)).await;
        self.each(name, ClaimStage::Submit, count, |_| Event::Throttled {
            reason: "busy".to_owned(),
            after: LEASE * 60,
        })
        .await;
        let sent = self.sent(name, count).await;
        self.commit(&sent, |lease| accepted(lease, &format!("{name}-{}", lease.job.id))).await;
        kit.advance(SECOND);
        let polls = self.take(name, ClaimStage::Poll, count).await;
        self.commit(&polls, |_| finished(None)).await;
        self.each(name, ClaimStage::Collect, count / 2, |_| stored()).await;
        let sent = self.sent(name, count).await;
        self.commit(&sent, |lease| accepted(lease, &format!("{name}-{}", lease.job.id))).await;
        // Their fate is open once the leases have ended.
        self.sent(name, count).await;
        kit.advance(LEASE);
        kit.store.heartbeat(&kit.me).await.unwrap();
    }

    async fn take(&self, name: &str, stage: ClaimStage, count: usize) -> Vec<Lease> {
        let mut leases = Vec::new();
        while leases.len() < count {
            let limit = (count - leases.len()).min(256);
            let claim = Claim { batch: Some(batch(name)), limit, ..self.kit.claim_of(stage, limit) };
            let found = self.kit.store.claim(&claim).await.unwrap().leases;
            assert!(!found.is_empty(), "{name}: {stage:?}");
            leases.extend(found);
        }
        leases
    }

    async fn each(&self, name: &str, stage: ClaimStage, count: usize, event: impl Fn(&Lease) -> Event) {
        let leases = self.take(name, stage, count).await;
        self.commit(&leases, event).await;
    }

    async fn commit(&self, leases: &[Lease], event: impl Fn(&Lease) -> Event) {
        for part in leases.chunks(256) {
            let commit = |lease: &Lease| Commit { lease: lease.clone(), event: event(lease), keep: false };
            let commits: Vec<_> = part.iter().map(commit).collect();
            let answers = self.kit.store.commit(&commits).await.unwrap();
            assert!(answers.iter().all(|answer| matches!(answer, Committed::Done(_))), "{answers:?}");
        }
    }

    async fn sent(&self, name: &str, count: usize) -> Vec<Lease> {
        let mut sent = Vec::new();
        for part in self.take(name, ClaimStage::Submit, count).await.chunks(256) {
            let commit = |lease: &Lease| Commit { lease: lease.clone(), event: sending(lease), keep: true };
            let commits: Vec<_> = part.iter().map(commit).collect();
            let answers = self.kit.store.commit(&commits).await.unwrap();
            sent.extend(answers.into_iter().filter_map(|answer| match answer {
                Committed::Done(lease) => lease,
                _ => None,
            }));
        }
        assert_eq!(sent.len(), count);
        sent
    }

    async fn claims(&self, done: &mut impl FnMut(&str)) {
        for stage in [ClaimStage::Submit, ClaimStage::Poll, ClaimStage::Collect] {
            for (of, claim) in claims_of(self.kit, stage) {
                let leases = self.kit.store.claim(&claim).await.unwrap().leases;
                done(&format!("claim {stage:?} {of}"));
                assert_eq!(leases.len(), 3, "{stage:?} {of}");
                self.kit.store.release(&leases).await.unwrap();
                done("release");
            }
        }
        // What is open goes before what is new: while others have it, new jobs are claimed.
        let mut open = Vec::new();
        for (name, count) in [(BIG, self.size.jobs / 8), ("left", self.size.jobs / 32), (SMALL, 6)] {
            open.extend(self.take(name, ClaimStage::Submit, count).await);
        }
        // Jobs that were withdrawn while they waited are dropped by the first claim that comes upon them, each once.
        self.kit.store.release(&self.kit.submits(3).await).await.unwrap();
        done("");
        for (of, claim) in claims_of(self.kit, ClaimStage::Submit) {
            let leases = self.kit.store.claim(&claim).await.unwrap().leases;
            done(&format!("claim of new jobs {of}"));
            assert!(leases.len() == 3 && leases.iter().all(|lease| lease.job.status() == Status::Queued), "{of}");
            self.kit.store.release(&leases).await.unwrap();
        }
        self.kit.store.release(&open).await.unwrap();
        done("");
        let idle = Claim { batch: Some(batch("ended-0")), ..self.kit.claim_of(ClaimStage::Poll, 3) };
        assert!(self.kit.store.claim(&idle).await.unwrap().leases.is_empty());
        done("claim that brings nothing");
    }

    /// The life of a job in the small batch.
    async fn steps(&self, done: &mut impl FnMut(&str)) {
        let (kit, take) = (self.kit, async |stage| one(self.take(SMALL, stage, 1).await));
        // What was open is sent anew first.
        let lease = take(ClaimStage::Submit).await;
        kit.store.extend(std::slice::from_ref(&lease), LEASE * 2).await.unwrap();
        done("extend");
        self.commit(&[lease], |_| unresolved()).await;
        done("commit Unresolved");
        for _ in 1..6 {
            self.each(SMALL, ClaimStage::Submit, 1, |_| unresolved()).await;
        }
        done("");
        let lease = take(ClaimStage::Submit).await;
        let lease = kit.send(&lease).await;
        done("commit Sending");
        let job = lease.job.id;
        kit.end(&lease, accepted(&lease, "a-task")).await;
        done("commit Accepted");
        kit.store.record_acceptance(job, &acceptance("another-task", 1), SECOND).await.unwrap();
        done("record_acceptance");
        self.each(SMALL, ClaimStage::Poll, 1, |_| super::kit::running("on", SECOND)).await;
        done("commit Running");
        self.each(SMALL, ClaimStage::Poll, 1, |_| finished(None)).await;
        done("commit Finished");
        self.each(SMALL, ClaimStage::Collect, 1, |_| stored()).await;
        done("commit Stored");
        self.each(SMALL, ClaimStage::Submit, 1, |_| failed(FailureKind::Invalid)).await;
        done("commit Rejected");
        let lease = take(ClaimStage::Submit).await;
        let Event::Sending { submission } = sending(&lease) else { return };
        kit.store.restore_submission(lease.job.id, &submission).await.unwrap();
        done("restore_submission");
        kit.store.heartbeat(&kit.me).await.unwrap();
        done("heartbeat");
        self.following(done).await;
        kit.store.deregister(&super::kit::worker("w2")).await.unwrap();
        done("deregister");
    }

    async fn following(&self, done: &mut impl FnMut(&str)) {
        following_growth::begin(self.kit, done).await;
        let many = self.take(BIG, ClaimStage::Poll, self.size.jobs / 16).await;
        let lease = one(self.take(SMALL, ClaimStage::Poll, 1).await);
        following_growth::each_verb(self.kit, &many, &lease, done).await;
    }

    async fn limits(&self, done: &mut impl FnMut(&str)) {
        let (store, name) = (&self.kit.store, account("acct"));
        store.set_limits(&name, &plenty()).await.unwrap();
        done("set_limits");
        let pace = store.pace(&name).await.unwrap();
        done("pace");
        store.set_pace(&name, pace.version, &Pace::default()).await.unwrap();
        done("set_pace");
        let breaker = store.breaker(&name).await.unwrap();
        done("breaker");
        store.set_breaker(&name, breaker.version, &Breaker::default()).await.unwrap();
        done("set_breaker");
        store.pause_account(&name, &PauseReason::Operator, None).await.unwrap();
        done("pause_account");
        assert!(self.kit.polls(1).await.is_empty() || self.kit.submits(1).await.is_empty());
        done("claim under a pause");
        store.resume_account(&name, true).await.unwrap();
        done("resume_account");
        store.pause_batch(&batch(SMALL), true).await.unwrap();
        store.pause_batch(&batch(SMALL), false).await.unwrap();
        done("pause_batch");
        store.set_budget(&batch(SMALL), Some(cents(100_000))).await.unwrap();
        done("set_budget");
        store.forget_plan(&batch(SMALL)).await.unwrap();
        done("forget_plan");
    }

    async fn people(&self, done: &mut impl FnMut(&str)) {
        let (store, small) = (&self.kit.store, &self.small);
        store.apply_event(small[0], Event::Retry { buy: true }).await.unwrap();
        done("apply_event");
        store.cancel(small[40]).await.unwrap();
        done("cancel");
        store.edit_all(&[(small[42], Edit::Cancel), (small[43], Edit::Cancel)]).await.unwrap();
        done("edit_all");
        store.begin_cancel(&batch(SMALL)).await.unwrap();
        done("begin_cancel");
        store.end_cancel(&batch(SMALL)).await.unwrap();
        done("end_cancel");
    }

    async fn reading(&self, done: &mut impl FnMut(&str)) {
        let (store, name) = (&self.kit.store, batch(SMALL));
        for (what, filter) in self.filters() {
            let mut from = Some(Cursor::default());
            for part in ["first", "next"] {
                let Some(cursor) = from else { continue };
                from = store.scan(&filter, &cursor, 4).await.unwrap().next;
                done(&format!("scan {what}, the {part} part"));
            }
            self.walk_to_the_end(&filter, done, what).await;
        }
        store.job(self.big[self.size.jobs / 2]).await.unwrap();
        done("job");
        let after = u64::try_from(self.size.jobs / 2).unwrap();
        store.results(&batch(BIG), Page { after, limit: 5 }).await.unwrap();
        done("results");
        store.batch(&batch(BIG)).await.unwrap();
        done("batch");
        store.batches().await.unwrap();
        done("batches");
        store.accounts().await.unwrap();
        done("accounts");
        store.workers().await.unwrap();
        done("workers");
        store.history(self.small[0]).await.unwrap();
        done("history");
        store.unreadable_record(self.small[0]).await.unwrap();
        done("unreadable_record");
        store.remove_unreadable(self.small[0]).await.unwrap();
        done("remove_unreadable");
        store.now().await.unwrap();
        store.calendar().await.unwrap();
        store.watch(0, Duration::ZERO).await.unwrap();
        done("now, calendar and watch");
        store.guard(&GuardStep::List).await.unwrap();
        done("guard");
        store.batch(&name).await.unwrap();
        done("batch");
        store.lookup(&name, &self.small[..3]).await.unwrap();
        done("lookup");
    }

    fn filters(&self) -> Vec<(&'static str, JobFilter)> {
        let all = JobFilter::default();
        let of = |name: &str| JobFilter { batch: Some(batch(name)), ..all.clone() };
        vec![
            ("of all", all.clone()),
            ("of a batch", of(BIG)),
            ("of a small batch", of(SMALL)),
            ("without a line", of("left")),
            ("of a status", JobFilter { statuses: vec![Status::Failed], ..of(BIG) }),
            ("of two statuses", JobFilter { statuses: vec![Status::Succeeded, Status::Queued], ..of(BIG) }),
            ("of a status that none has", JobFilter { statuses: vec![Status::Unconfirmed], ..of(BIG) }),
            ("of a status in all batches", JobFilter { statuses: vec![Status::Fetching], ..all.clone() }),
            ("of another account", JobFilter { account: Some(account("other")), ..all.clone() }),
            ("of another account in a batch", JobFilter { account: Some(account("other")), ..of(BIG) }),
            ("of a kind of failure", JobFilter { failures: vec![FailureKind::Content], ..of(BIG) }),
            ("of an id", JobFilter { ids: vec![self.big[3], self.small[3]], ..all.clone() }),
        ]
    }

    /// The last part costs what the first does.
    async fn walk_to_the_end(&self, filter: &JobFilter, done: &mut impl FnMut(&str), what: &str) {
        let (mut from, mut last) = (Some(Cursor::default()), Cursor::default());
        while let Some(cursor) = from {
            last = cursor;
            from = self.kit.store.scan(filter, &cursor, 250).await.unwrap().next;
        }
        done("");
        self.kit.store.scan(filter, &last, 4).await.unwrap();
        done(&format!("scan {what}, the last part"));
    }

    async fn loads(&self, done: &mut impl FnMut(&str)) {
        let store = &self.kit.store;
        let fresh: Vec<Wish> = (0..4).map(|number| wish(format!("fresh {number}"))).collect();
        let draft = draft(&batch("fresh"));
        let load = store.begin_import(&draft).await.unwrap();
        done("begin_import");
        let drafts: Vec<LineDraft> = lines(&draft.name, &fresh);
        store.add_to_import(&load, &drafts).await.unwrap();
        done("add_to_import");
        store.commit_import(&load).await.unwrap();
        done("commit_import");
        self.kit.load("fresh", &[]).await;
        done("a load of nothing");
        assert!(matches!(store.purge(&draft.name).await.unwrap(), Purge::Going { .. } | Purge::Done { .. }));
        done("purge");
    }

    async fn requests_and_schedules(&self, done: &mut impl FnMut(&str)) {
        let (store, kit) = (&self.kit.store, self.kit);
        let unnoted = store.unnoted().await.unwrap();
        done("unnoted");
        let key = |number: u8| RequestKey::from_bytes([number; 16]);
        let notes = [RequestNote { key: key(1), noting: Noting::Job(self.small[0]) }];
        store.note_requests(&batch(SMALL), &notes).await.unwrap();
        done("note_requests");
        store.finish_noting(&unnoted[0]).await.unwrap();
        done("finish_noting");
        store.noted(&[key(1), key(2)]).await.unwrap();
        done("noted");
        store.imports_seen().await.unwrap();
        done("imports_seen");
        store.trim_bought(100).await.unwrap();
        done("trim_bought");
        let at = kit.tick_at(1).await;
        done("schedule");
        if let TickClaimed::Won(lease) = store.tick(&ticks::claim_of(at, &kit.me)).await.unwrap() {
            done("tick");
            store.extend_tick(&lease, LEASE).await.unwrap();
            done("extend_tick");
            store.release_tick(&lease).await.unwrap();
            done("release_tick");
            store.finish_tick(&lease, &ticks::outcome(TickState::Fired)).await.unwrap();
            done("finish_tick");
        }
        store.ticks(&ticks::nightly(), 3).await.unwrap();
        store.open_ticks(&ticks::nightly()).await.unwrap();
        store.ticks_over(&ticks::nightly()).await.unwrap();
        done("ticks");
        store.acquire_run_lock(&batch(SMALL), &kit.me, LEASE).await.unwrap();
        done("acquire_run_lock");
        store.leave_batch(&batch(SMALL), &kit.me).await.unwrap();
        done("leave_batch");
    }
}

/// What cost more in the second of two runs of [`each_verb`] than in the first, beyond a few steps.
pub fn grown<K: Ord + Clone>(small: &BTreeMap<K, u64>, large: &BTreeMap<K, u64>, slack: u64) -> Vec<(K, u64, u64)> {
    let cost = |of: &K| small.get(of).copied().unwrap_or(0);
    let all = large.iter().map(|(of, count)| (of.clone(), cost(of), *count));
    all.filter(|(_, before, after)| *after > before + before / 4 + slack).collect()
}
