//! Records that are damaged, and numbers of any size that an earlier version wrote, stop nothing but their own rows.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use crate::kit::{subject::Redis, way::Way};
use reelq_model::{JobId, Money, Status};
use reelq_redis_server::Reply;
use reelq_store::{
    AccountLimits, ClaimStage, Commit, Committed, Edited, Error, JobFilter, Lease, Page, Purge, RecordOf, Unread, first,
};
use reelq_store_conformance::{
    Kit, bulk,
    kit::{LEASE, SECOND, acceptance, accepted, account, batch, cents, draft, ids, limits, stored, wishes, worker},
};

mod limits;
mod sums;

impl Redis {
    /// Runs a script on the key of a job's state, or of what was asked for where it has none: `key`, its bytes `raw`, what stands
    /// in front of its head, `front`, and that head's end, `at`.
    fn eval(&self, script: &str, job: JobId) -> Reply {
        const KEY: &str = "\
            local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
            local key, front = 'reelq:{n}:m:' .. id, 16 \
            if redis.call('EXISTS', key) == 0 then key, front = 'reelq:{n}:k:' .. id, 0 end \
            local raw = redis.call('GET', key) ";
        let reply = self.server.command(&["EVAL", &format!("{KEY}{script}"), "0", &job.to_string()]);
        if let Reply::Error(error) = &reply {
            panic!("{error}");
        }
        reply
    }

    /// Makes of the job behind a record's head what no version can read.
    fn damage_job(&self, job: JobId) {
        self.eval(
            "local at = cmsgpack.unpack_one(raw, front) redis.call('SET', key, string.sub(raw, 1, at) .. '{\"half')",
            job,
        );
    }

    /// Makes of a record's header what no script can read.
    fn damage_header(&self, job: JobId) {
        self.eval("redis.call('SET', key, string.char(0xc1) .. string.sub(raw, 2))", job);
    }
}

impl Redis {
    /// Writes into the hash of an account or a batch, `kind` `a` or `b`, by name.
    fn write(&self, kind: &str, name: &str, field: &str, value: &str) {
        self.server.command(&["HSET", &self.hash(kind, name), field, value]);
    }

    /// Reads what [`write`](Self::write) writes, as a number.
    fn read(&self, kind: &str, name: &str, field: &str) -> Option<i64> {
        self.server.command(&["HGET", &self.hash(kind, name), field]).text().parse().ok()
    }

    fn hash(&self, kind: &str, name: &str) -> String {
        let names = if kind == "a" { "accounts" } else { "batches" };
        let Reply::Text(number) = self.server.command(&["ZSCORE", &format!("reelq:{{n}}:{names}"), name]) else {
            panic!("`{name}` has no number")
        };
        format!("reelq:{{n}}:{kind}:{number}")
    }
}

const ALL: Page = Page { after: 0, limit: 100 };
/// Both ways in which a record can be damaged.
const WAYS: [fn(&Redis, JobId); 2] = [Redis::damage_job, Redis::damage_header];

on_each_way!(
    a_job_that_cannot_be_read_is_set_aside_and_the_others_go_on,
    tasks_and_outputs_that_cannot_be_read_hold_up_no_others,
    where_nothing_that_is_due_can_be_read_nobody_asks_in_vain,
    what_stands_behind_a_job_that_cannot_be_read_is_asked_for_at_once,
    leases_of_a_job_that_cannot_be_read_end,
    a_record_whose_job_was_damaged_in_hand_is_written_anew_by_its_holder,
    a_commit_on_a_record_that_cannot_be_read_fails_no_other,
);

async fn a_job_that_cannot_be_read_is_set_aside_and_the_others_go_on(way: Way) {
    for damage in WAYS {
        let redis = Redis::going(way);
        let kit = Kit::new(&redis);
        let jobs = kit.load("b", &wishes(3)).await;
        kit.load("other", &wishes(1)).await;
        damage(&redis, jobs[0]);
        let first = kit.claim(ClaimStage::Submit, 1).await;
        let given = first.leases.len();
        assert!(given == 1 || first.retry_in == Some(Duration::ZERO), "the others are asked for at once");
        assert_eq!(kit.submits(9).await.len() + given, 3);
        assert!(kit.store.workers().await.unwrap().iter().all(|view| view.leases == 3), "no one has it in hand");
        assert!(matches!(kit.store.job(jobs[0]).await, Err(Error::Unreadable { job, .. }) if job == jobs[0]));
        let found = kit.store.unreadable_records().await.unwrap();
        assert_eq!((found.len(), &found[0].of, found[0].batch.clone()), (1, &RecordOf::Job(jobs[0]), Some(batch("b"))));
        kit.advance(LEASE);
        assert_eq!(kit.submits(9).await.len(), 3, "it comes no more");
    }
}

async fn tasks_and_outputs_that_cannot_be_read_hold_up_no_others(way: Way) {
    for damage in WAYS {
        let redis = Redis::going(way);
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(4)).await;
        let jobs = [kit.start_next("t1").await, kit.start_next("t2").await];
        damage(&redis, jobs[0]);
        kit.advance(SECOND);
        assert!(kit.polls(1).await.is_empty());
        assert_eq!(ids(&kit.polls(1).await), [jobs[1]]);
        let later = kit.claim(ClaimStage::Poll, 9).await;
        assert_ne!(later.retry_in, Some(Duration::ZERO), "no one asks in vain again and again");
        let fetched = kit.finish_next("t3", None).await;
        damage(&redis, fetched);
        assert!(kit.fetches(1).await.is_empty());
        let throttled = kit.submit().await;
        kit.end(&throttled, reelq_model::Event::Throttled { reason: String::new(), after: SECOND }).await;
        damage(&redis, throttled.job.id);
        kit.advance(SECOND);
        assert!(kit.submits(9).await.is_empty(), "what waited for its time");
        assert_eq!(kit.claim(ClaimStage::Submit, 9).await.retry_in, None, "and no one waits for it any more");
    }
}

async fn where_nothing_that_is_due_can_be_read_nobody_asks_in_vain(way: Way) {
    for damage in WAYS {
        let redis = Redis::going(way);
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(1)).await;
        damage(&redis, kit.start_next("t").await);
        kit.advance(SECOND);
        assert!(kit.polls(9).await.is_empty());
        let later = kit.claim(ClaimStage::Poll, 9).await;
        assert_eq!((later.leases.len(), later.retry_in), (0, None), "only news can bring work");
    }
}

async fn what_stands_behind_a_job_that_cannot_be_read_is_asked_for_at_once(way: Way) {
    for damage in WAYS {
        let redis = Redis::going(way);
        let kit = Kit::new(&redis);
        let jobs = kit.load("b", &wishes(3)).await;
        // With it the others come from their list into the queue.
        kit.submit().await;
        damage(&redis, jobs[1]);
        let claimed = kit.claim(ClaimStage::Submit, 1).await;
        assert_eq!((claimed.leases.len(), claimed.retry_in), (0, Some(Duration::ZERO)));
        assert_eq!(ids(&kit.submits(1).await), [jobs[2]]);
    }
}

#[tokio::test]
async fn every_listing_and_result_accounts_for_a_job_that_cannot_be_read() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        let jobs = kit.load("b", &wishes(3)).await;
        damage(&redis, jobs[1]);
        let listed = first(&*kit.store, &JobFilter::default(), 100).await.unwrap();
        let results = kit.store.results(&batch("b"), ALL).await.unwrap();
        let rows: Vec<_> = results.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
        assert_eq!((listed.len(), rows), (3, vec![1, 2, 3]));
        let shown = &results[1].view;
        let told = (shown.job.id, shown.parked, shown.job.status(), shown.job.cost());
        assert_eq!(told, (jobs[1], true, Status::Failed, None));
        let named = JobFilter { ids: jobs.clone(), ..JobFilter::default() };
        assert_eq!(first(&*kit.store, &named, 100).await.unwrap().len(), 2, "by their ids");
        let known = kit.store.lookup(&batch("b"), &jobs).await.unwrap();
        assert!(known.iter().all(Option::is_some), "it is not taken for new");
    }
}

async fn leases_of_a_job_that_cannot_be_read_end(way: Way) {
    for damage in WAYS {
        let redis = Redis::going(way);
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(2)).await;
        let leases = kit.submits(2).await;
        damage(&redis, leases[0].job.id);
        kit.advance(LEASE);
        kit.store.heartbeat(&worker("w2")).await.unwrap();
        let is_held = "return redis.call('HEXISTS', 'reelq:{n}:holders', id)";
        assert_eq!(redis.eval(is_held, leases[0].job.id), Reply::Int(0));
        assert!(ids(&kit.submits(9).await).contains(&leases[1].job.id));
        kit.store.deregister(&kit.me).await.unwrap();
        assert_eq!(kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum::<u64>(), 0);
    }
}

async fn a_record_whose_job_was_damaged_in_hand_is_written_anew_by_its_holder(way: Way) {
    let redis = Redis::going(way);
    let kit = Kit::new(&redis);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    redis.damage_job(sent.job.id);
    kit.end(&sent, accepted(&sent, "t")).await;
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Running);
    assert!(kit.store.unreadable_records().await.unwrap().is_empty());
}

async fn a_commit_on_a_record_that_cannot_be_read_fails_no_other(way: Way) {
    for damage in WAYS {
        let redis = Redis::going(way);
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(2)).await;
        let leases = kit.submits(2).await;
        let sent = [kit.send(&leases[0]).await, kit.send(&leases[1]).await];
        kit.advance(LEASE);
        kit.store.heartbeat(&worker("w2")).await.unwrap();
        damage(&redis, sent[0].job.id);
        let commits = sent.clone().map(|lease| Commit { event: accepted(&lease, "t"), lease, keep: false });
        let done = kit.store.commit(&commits).await.unwrap();
        assert!(matches!(done[..], [Committed::Stale, Committed::Done(None)]), "{done:?}");
    }
}

#[tokio::test]
async fn a_followed_job_that_cannot_be_read_is_removed_from_its_follower() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load("b", &wishes(1)).await;
    kit.store.keep_following(&kit.me, LEASE).await.unwrap();
    let sent = kit.send(&kit.submit().await).await;
    let lease = Lease { lasts: Lease::FOLLOWED, ..sent.clone() };
    let follow = Commit { lease, event: accepted(&sent, "t"), keep: true };
    let followed = kit.store.commit(&[follow]).await.unwrap();
    assert!(matches!(followed[..], [Committed::Done(Some(_))]), "{followed:?}");
    redis.damage_header(sent.job.id);
    kit.store.remove_unreadable(sent.job.id).await.unwrap();
    assert_eq!(kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum::<u64>(), 0);
    kit.advance(LEASE);
    kit.store.heartbeat(&worker("w2")).await.unwrap();
    assert_eq!(kit.claim(ClaimStage::Poll, 1).await.retry_in, None, "no one asks in vain");
}

#[tokio::test]
async fn people_and_loads_pass_over_a_job_that_cannot_be_read() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        let jobs = kit.load("b", &wishes(3)).await;
        damage(&redis, jobs[0]);
        damage(&redis, jobs[1]);
        let retry = reelq_model::Event::Retry { buy: true };
        assert!(matches!(kit.store.apply_event(jobs[0], retry).await.unwrap(), Edited::Refused(_)));
        assert!(matches!(kit.store.cancel(jobs[0]).await.unwrap(), Edited::Refused(_)));
        let late = kit.store.record_acceptance(jobs[0], &acceptance("t", 1), SECOND).await;
        assert!(matches!(late, Err(Error::Unreadable { .. })), "{late:?}");
        let (loaded, _) = kit.load_as(&draft(&batch("b")), &wishes(3)[1..]).await;
        assert_eq!(loaded.lines, 2, "the line of one is gone, that of the other is there");
        kit.load("b", &wishes(3)).await;
        assert_eq!(ids(&kit.submits(9).await), [jobs[2]], "and nothing that may have been bought is bought anew");
    }
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_hides_no_other() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load("broken", &wishes(1)).await;
    kit.load("b", &wishes(1)).await;
    let number = redis.server.command(&["ZSCORE", "reelq:{n}:batches", "broken"]).text().to_owned();
    redis.server.command(&["HSET", &format!("reelq:{{n}}:b:{number}"), "draft", "{\"half"]);
    assert_eq!(kit.store.batches().await.unwrap().len(), 1);
    assert!(kit.store.batch(&batch("broken")).await.is_err());
    assert_eq!(first(&*kit.store, &JobFilter::default(), 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_finished_batch_with_a_record_that_cannot_be_read_is_purged() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(1)).await;
        let job = kit.finish_next("t", None).await;
        kit.end(&kit.fetches(1).await[0], stored()).await;
        damage(&redis, job);
        while !matches!(kit.store.purge(&batch("b")).await.unwrap(), Purge::Done { .. }) {}
        assert!(kit.store.batches().await.unwrap().is_empty());
    }
}

async fn named(kit: &Kit<'_>) -> Vec<RecordOf> {
    kit.store.unreadable_records().await.unwrap().into_iter().map(|record| record.of).collect()
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_is_named_and_stops_no_other() {
    for (field, value) in [("draft", "{"), ("draft", "7"), ("budget", "xx"), ("created_at", "xx")] {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        let damaged = kit.load_with_budget("b", 100, &wishes(2)).await;
        kit.load("other", &wishes(2)).await;
        redis.write("b", "b", field, value);
        assert_eq!(named(&kit).await, [RecordOf::Batch("b".into())], "{field}");
        assert_eq!(kit.store.batches().await.unwrap().len(), 1, "{field}");
        let error = kit.store.batch(&batch("b")).await.unwrap_err().to_string();
        assert!(error.contains("the record of batch b cannot be read"), "{error}");
        assert_eq!(first(&*kit.store, &JobFilter::default(), 100).await.unwrap().len(), 4, "{field}");
        let bought = ids(&kit.submits(9).await);
        assert_eq!(bought.iter().filter(|job| !damaged.contains(job)).count(), 2, "{field}");
        assert!(field != "budget" || bought.len() == 2, "a budget that cannot be read pays for nothing");
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_shown_by_its_row_and_its_job_goes_on() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    let jobs = kit.load("b", &wishes(3)).await;
    redis.eval(
        "local lines = redis.call('KEYS', 'reelq:{n}:lines:*')[1] local line = redis.call('LINDEX', lines, 1) \
        redis.call('LSET', lines, 1, string.sub(line, 1, 17) .. '{') return 1",
        jobs[1],
    );
    let results = kit.store.results(&batch("b"), ALL).await.unwrap();
    let rows: Vec<_> = results.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
    assert_eq!(rows, [1, 2, 3]);
    assert!(matches!(kit.view(jobs[1]).await.unread, Some(Unread::Line(_))));
    let second = JobFilter { batch: Some(batch("b")), rows: vec![2], ..JobFilter::default() };
    assert_eq!(first(&*kit.store, &second, 100).await.unwrap().len(), 1);
    assert_eq!(named(&kit).await, [RecordOf::Line(2)]);
    assert_eq!(kit.submits(9).await.len(), 3);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_removed_wherever_its_job_stands() {
    let cut: fn(&Redis, JobId) = |redis, job| {
        redis.eval("redis.call('SET', key, string.sub(raw, 1, 5))", job);
    };
    for damage in [WAYS[0], WAYS[1], cut] {
        bulk::a_damaged_record_is_removed(Redis::new, damage).await;
    }
}
