//! What the store over Redis promises beyond the contract: a lost answer changes nothing, a batch of jobs is one call,
//! and records have one form.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod full;
mod races;

use std::{ops::Range, sync::Arc, time::Duration};

use crate::kit::{front::Front, purchases};
use reelq_model::{
    Event, Failure, FailureKind, JobId, ManualClock, ScheduleName, SharedClock, Status, Timestamp, WorkerId,
};
use reelq_redis_server::{RedisServer, Reply};
use reelq_store::{
    Claim, ClaimStage, Commit, Committed, Edited, Error, Imported, JobFilter, Lease, LineDraft, Page, PauseReason,
    Result, Store as _, TickClaim, TickClaimed, TickOutcome, TickState, first,
};
use reelq_store_conformance::kit::{
    LEASE, SECOND, acceptance, accepted, account, batch, draft, finished, ids, limits, lines, plenty, sending, stored,
    wish, wishes, worker,
};
use reelq_store_redis::{LinkOptions, RedisStore};

const NAME: &str = "b";
const ALL: Page = Page { after: 0, limit: usize::MAX };
const NOTHING: Range<usize> = 0..0;

/// A namespace of its own behind a line, at a time that stands still.
struct Story<'a> {
    front: &'a Front,
    clock: Arc<ManualClock>,
    store: RedisStore,
    /// Of each verb's calls, the answers to these are lost.
    lost: Range<usize>,
}

impl<'a> Story<'a> {
    async fn begin(front: &'a Front, namespace: &str, lost: Range<usize>) -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_000_000)));
        let options = LinkOptions { longest_pause: Duration::from_millis(2), ..LinkOptions::default() };
        let shared: SharedClock = clock.clone();
        let (address, name) = (front.url().parse().unwrap(), namespace.parse().unwrap());
        let store = RedisStore::open_at(address, name, options, shared).await.unwrap();
        Self { front, clock, store, lost }
    }

    /// Does a verb as a worker does: until there is an answer.
    async fn until_answered<T>(&self, verb: impl AsyncFn(&RedisStore) -> Result<T>) -> T {
        self.front.lose(self.lost.clone());
        loop {
            match verb(&self.store).await {
                Ok(answer) => {
                    self.front.lose_no_more();
                    return answer;
                }
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
        }
    }

    async fn load(&self, lines: &[LineDraft]) -> Imported {
        let load = self.until_answered(async |store| store.begin_import(&draft(&batch(NAME))).await).await;
        self.until_answered(async |store| store.add_to_import(&load, lines).await).await;
        self.until_answered(async |store| store.set_limits(&account("acct"), &plenty()).await).await;
        self.until_answered(async |store| store.commit_import(&load).await).await
    }

    async fn claim(&self, stage: ClaimStage, limit: usize) -> Vec<Lease> {
        let claim = Claim {
            stage,
            account: account("acct"),
            limit,
            worker: worker("w1"),
            lease: LEASE,
            batch: None,
            except: Vec::new(),
            only_open: false,
        };
        self.until_answered(async |store| store.claim(&claim).await).await.leases
    }

    /// Commits an event for each lease, which its holder must be allowed; the leases that were kept.
    async fn commit(&self, leases: &[Lease], keep: bool, event: impl Fn(&Lease) -> Event) -> Vec<Lease> {
        let commits: Vec<Commit> =
            leases.iter().map(|lease| Commit { lease: lease.clone(), event: event(lease), keep }).collect();
        let done = self.until_answered(async |store| store.commit(&commits).await).await;
        let kept = done.into_iter().map(|committed| match committed {
            Committed::Done(kept) => kept,
            other => panic!("its rightful holder is refused: {other:?}"),
        });
        kept.flatten().collect()
    }

    async fn edit(&self, job: JobId, event: Event) {
        let edited = self.until_answered(async |store| store.apply_event(job, event.clone()).await).await;
        assert_eq!(edited, Edited::Done);
    }

    /// Everything that can be read.
    async fn end(&self) -> String {
        let jobs = first(&self.store, &JobFilter::default(), usize::MAX).await.unwrap();
        let mut histories = Vec::new();
        for view in &jobs {
            histories.push(self.store.history(view.job.id).await.unwrap());
        }
        let results = self.store.results(&batch(NAME), ALL).await.unwrap();
        let (batches, accounts) = (self.store.batches().await.unwrap(), self.store.accounts().await.unwrap());
        let (workers, ticks) = (self.store.workers().await.unwrap(), self.store.ticks(&nightly(), 100).await.unwrap());
        format!("{histories:#?}\n{jobs:#?}\n{results:#?}\n{batches:#?}\n{accounts:#?}\n{workers:#?}\n{ticks:#?}")
    }
}

fn nightly() -> ScheduleName {
    ScheduleName::new("nightly").unwrap()
}

fn rejected() -> Event {
    Event::Rejected { failure: Failure::new(FailureKind::Invalid, "no") }
}

/// Jobs from load to result, each verb on the way, and every lease where it belongs.
async fn work(story: &Story<'_>) {
    story.until_answered(async |store| store.set_limits(&account("acct"), &limits(10.0, 10, 6)).await).await;
    assert_eq!(story.load(&lines(&batch(NAME), &wishes(8))).await.lines, 8);
    let leases = story.claim(ClaimStage::Submit, 6).await;
    assert_eq!(leases.len(), 6, "no lease is lost");
    let extended = story.until_answered(async |store| store.extend(&leases, LEASE).await).await;
    assert_eq!(extended, [true; 6]);
    story.until_answered(async |store| store.release(&leases[5..]).await).await;
    let sent = story.commit(&leases[..4], true, sending).await;
    assert_eq!(sent.len(), 4, "leases that were kept");
    story.commit(&leases[4..5], false, |_| rejected()).await;
    story.commit(&sent[..3], false, |lease| accepted(lease, &lease.job.id.to_string())).await;
    story.commit(&sent[3..], false, |_| Event::Unresolved { reason: "no reply".to_owned(), candidate: None }).await;
    story.clock.advance(SECOND);
    let polls = story.claim(ClaimStage::Poll, 10).await;
    assert_eq!(ids(&polls), ids(&sent[..3]));
    story.commit(&polls, false, |_| finished(None)).await;
    let fetches = story.claim(ClaimStage::Collect, 10).await;
    assert_eq!(fetches.len(), 3);
    story.commit(&fetches, false, |_| stored()).await;
    interfere(story, &leases).await;
}

/// What people, other processes and schedules do.
async fn interfere(story: &Story<'_>, leases: &[Lease]) {
    let [given_back, failed, unsettled] = [5, 4, 3].map(|at: usize| leases[at].job.id);
    let late = acceptance("late", 1);
    story.until_answered(async |store| store.record_acceptance(unsettled, &late, SECOND).await).await;
    let second = acceptance("second", 1);
    story.until_answered(async |store| store.record_acceptance(unsettled, &second, SECOND).await).await;
    story.edit(failed, Event::Retry { buy: true }).await;
    story.until_answered(async |store| store.cancel(unsettled).await).await;
    story.until_answered(async |store| store.cancel(given_back).await).await;
    story.until_answered(async |store| store.pause_batch(&batch(NAME), true).await).await;
    let pause = PauseReason::Operator;
    story.until_answered(async |store| store.pause_account(&account("acct"), &pause, Some(SECOND)).await).await;
    tick(story).await;
    let shorter = [wishes(2), vec![wish("new")]].concat();
    assert_eq!(story.load(&lines(&batch(NAME), &shorter)).await.lines, 3);
    let w1: WorkerId = worker("w1");
    story.until_answered(async |store| store.heartbeat(&w1).await.map(drop)).await;
    story.until_answered(async |store| store.deregister(&w1).await).await;
}

async fn tick(story: &Story<'_>) {
    let at = story.until_answered(async |store| store.schedule(&nightly()).await).await.after(SECOND);
    let worker = worker("w1");
    let claim = TickClaim { schedule: nightly(), at, late: false, after: None, passes: Some(at), worker, lease: LEASE };
    let TickClaimed::Won(lease) = story.until_answered(async |store| store.tick(&claim).await).await else {
        panic!("the tick is lost for the length of its lease");
    };
    assert!(story.until_answered(async |store| store.extend_tick(&lease, LEASE).await).await);
    let outcome = TickOutcome { state: TickState::Fired, batch: Some(batch(NAME)), reason: String::new() };
    assert!(story.until_answered(async |store| store.finish_tick(&lease, &outcome).await).await);
}

/// Of each verb's first, second and third call, one answer is lost (the store itself makes the call again), or three
/// in a row (the verb fails, and its caller does it again).
#[tokio::test]
async fn lost_answers_change_nothing() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let whole = Story::begin(&front, "whole", NOTHING).await;
    work(&whole).await;
    let end = whole.end().await;
    for (name, lost) in [("a", 0..1), ("b", 1..2), ("c", 2..3), ("d", 0..3), ("e", 1..4), ("f", 2..5)] {
        let story = Story::begin(&front, name, lost.clone()).await;
        work(&story).await;
        assert_same(&story.end().await, &end, &lost);
    }
}

/// Tells the first line that differs; the whole of two ends would fill screens.
fn assert_same(end: &str, expected: &str, lost: &Range<usize>) {
    for (number, (one, other)) in end.lines().zip(expected.lines()).enumerate() {
        let before: Vec<&str> = expected.lines().take(number).collect();
        let context = &before[before.len().saturating_sub(12)..];
        assert_eq!(one, other, "with answers {lost:?} lost, after {context:#?}");
    }
    assert_eq!(end.lines().count(), expected.lines().count(), "with answers {lost:?} lost");
}

#[tokio::test]
async fn a_commit_that_was_done_is_answered_as_done_when_its_caller_repeats_it() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let story = Story::begin(&front, "n", NOTHING).await;
    story.load(&lines(&batch(NAME), &wishes(1))).await;
    let leases = story.claim(ClaimStage::Submit, 1).await;
    let commit = Commit { lease: leases[0].clone(), event: sending(&leases[0]), keep: true };
    front.lose(0..3);
    let error = story.store.commit(std::slice::from_ref(&commit)).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(front.calls(), 3, "the store repeats it twice by itself");
    let done = story.store.commit(&[commit]).await.unwrap().remove(0);
    assert!(matches!(done, Committed::Done(Some(_))), "{done:?}");
    assert_eq!(story.store.history(leases[0].job.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_claim_and_a_commit_of_64_are_one_call_each() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let story = Story::begin(&front, "n", NOTHING).await;
    story.load(&lines(&batch(NAME), &wishes(100))).await;
    // A script that the server does not know yet costs a second call.
    let first = story.claim(ClaimStage::Submit, 1).await;
    story.commit(&first, true, sending).await;
    assert!(story.claim(ClaimStage::Poll, 1).await.is_empty());
    let leases = story.claim(ClaimStage::Submit, 64).await;
    assert_eq!((leases.len(), front.calls()), (64, 1));
    let sent = story.commit(&leases, true, sending).await;
    assert_eq!((sent.len(), front.calls()), (64, 1));
    story.commit(&sent, false, |lease| accepted(lease, &lease.job.id.to_string())).await;
    assert_eq!(front.calls(), 1);
    assert!(story.claim(ClaimStage::Poll, 64).await.is_empty());
    assert_eq!(front.calls(), 1, "an empty claim");
}

/// How many changes the server counts.
fn changes(server: &RedisServer) -> u64 {
    let stats = server.command(&["INFO", "persistence"]);
    let (_, from) = stats.text().split_once("rdb_changes_since_last_save:").unwrap();
    from.lines().next().unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn an_empty_claim_changes_no_key() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let story = Story::begin(&front, "n", NOTHING).await;
    story.load(&lines(&batch(NAME), &wishes(3))).await;
    story.store.set_limits(&account("acct"), &limits(10.0, 10, 3)).await.unwrap();
    assert_eq!(story.claim(ClaimStage::Submit, 10).await.len(), 3);
    let before = (changes(&server), server.command(&["DBSIZE"]));
    for stage in [ClaimStage::Submit, ClaimStage::Poll, ClaimStage::Collect] {
        assert!(story.claim(stage, 10).await.is_empty());
    }
    assert_eq!((changes(&server), server.command(&["DBSIZE"])), before);
}

/// Makes of the job behind a record's header what no version can read.
fn damage(server: &RedisServer, job: JobId) {
    const CUT: &str = "\
        local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
        local key = 'reelq:{n}:k:' .. id \
        local raw = redis.call('GET', key) \
        local at = cmsgpack.unpack_one(raw) \
        redis.call('SET', key, string.sub(raw, 1, at) .. '{\"half')";
    server.command(&["EVAL", CUT, "0", &format!("{:032x}", number(job))]);
}

#[tokio::test]
async fn a_damaged_job_is_passed_over_and_the_others_go_on() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let story = Story::begin(&front, "n", NOTHING).await;
    let drafts = lines(&batch(NAME), &wishes(3));
    story.load(&drafts).await;
    damage(&server, drafts[0].id());
    let first = story.store.claim(&purchases(1)).await.unwrap();
    assert_eq!((first.leases.len(), first.retry_in), (0, Some(Duration::ZERO)), "the others are asked for at once");
    assert_eq!(ids(&story.claim(ClaimStage::Submit, 1).await), [drafts[1].id()]);
    story.clock.advance(LEASE);
    let next = story.store.claim(&purchases(9)).await.unwrap();
    assert_eq!(ids(&next.leases), [drafts[1].id(), drafts[2].id()], "it was set aside");
    assert!(matches!(story.store.job(drafts[0].id()).await, Err(Error::Unreadable { .. })));
}

#[tokio::test]
async fn a_damaged_job_that_is_to_be_withdrawn_stops_nobody() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let story = Story::begin(&front, "n", NOTHING).await;
    let drafts = lines(&batch(NAME), &wishes(2));
    story.load(&drafts).await;
    damage(&server, drafts[0].id());
    assert!(story.claim(ClaimStage::Submit, 1).await.is_empty());
    assert!(matches!(story.store.cancel(drafts[0].id()).await.unwrap(), Edited::Refused(_)));
    story.clock.advance(LEASE);
    assert_eq!(ids(&story.claim(ClaimStage::Submit, 9).await), [drafts[1].id()]);
    story.store.heartbeat(&worker("w1")).await.unwrap();
    story.store.deregister(&worker("w1")).await.unwrap();
}

/// The head of a job's state as JSON, or where it has none of what was asked for, with what stands in front of it; and whether
/// packing it again gives the same bytes.
fn header(server: &RedisServer, job: JobId) -> (String, i64) {
    const READ: &str = "\
        local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
        local state = redis.call('GET', 'reelq:{n}:m:' .. id) \
        local raw, front = state or redis.call('GET', 'reelq:{n}:k:' .. id), state and 16 or 0 \
        local at, header = cmsgpack.unpack_one(raw, front) \
        local is_same = cmsgpack.pack(header) == string.sub(raw, front + 1, at) \
        if not state then header[2] = #header[2] end \
        return { string.sub(raw, 1, front) .. cjson.encode(header), is_same and 1 or 0 }";
    let Reply::List(parts) = server.command(&["EVAL", READ, "0", &format!("{:032x}", number(job))]) else {
        panic!("the server answers with a list");
    };
    (parts[0].text().to_owned(), parts[1].int())
}

fn number(job: JobId) -> u128 {
    u128::from_be_bytes(*job.as_bytes())
}

#[tokio::test]
async fn records_have_one_form_whichever_script_wrote_them() {
    let server = RedisServer::with().tcp().start();
    let front = Front::to(server.port());
    let story = Story::begin(&front, "n", NOTHING).await;
    let drafts = lines(&batch(NAME), &[wish("one").priority(-3), wish("two").unpriced(), wish("three")]);
    story.load(&drafts).await;
    let header = |at: usize| header(&server, drafts[at].id());
    // Format, kind, batch, load, sequence, position, and when it was queued.
    assert_eq!(header(0), ("[2,8,1,1,1,1,4000000000000]".to_owned(), 1));
    assert_eq!(header(1), ("[2,8,1,1,2,2,4000000000000]".to_owned(), 1));
    let leases = story.claim(ClaimStage::Submit, 2).await;
    let [second, third] = &leases[..] else { panic!("two leases") };
    assert_eq!((second.job.id, third.job.id), (drafts[1].id(), drafts[2].id()), "the lowest priority comes last");
    assert_eq!(header(2), ("[2,8,1,1,3,3,4000000000000]".to_owned(), 1), "a claim writes down no job");
    story.store.release(&leases[1..]).await.unwrap();
    // When it is due, its queue; format, version, batch, account, load, sequence, position, status, flags, cancel, priority, price.
    assert_eq!(header(2), ("0040000000000001[2,3,1,2,1,3,3,0,0,0,0,100000]".to_owned(), 1));
    assert_eq!(story.store.job(drafts[2].id()).await.unwrap().unwrap().job.status(), Status::Queued);
}
