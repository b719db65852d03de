//! Records that are damaged, and numbers of any size that an earlier version wrote, stop nothing but their own rows.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use crate::kit::subject::Redis;
use reelq_model::{JobId, Money, Status};
use reelq_redis_server::Reply;
use reelq_store::{AccountLimits, ClaimStage, Committed, Edited, Error, JobFilter, Page, Purge, RecordOf, Unread};
use reelq_store_conformance::{
    Kit, bulk,
    kit::{LEASE, SECOND, acceptance, accepted, account, batch, cents, draft, ids, limits, stored, wishes, worker},
};

const ALL: Page = Page { after: 0, limit: 100 };

impl Redis {
    /// Runs a script on the key of a job's record, `key`, and its bytes, `raw`.
    fn eval(&self, script: &str, job: JobId) -> Reply {
        const KEY: &str = "\
            local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
            local key = 'reelq:{n}:j:' .. id \
            local raw = redis.call('GET', key) ";
        let reply = self.server.command(&["EVAL", &format!("{KEY}{script}"), "0", &job.to_string()]);
        if let Reply::Error(error) = &reply {
            panic!("{error}");
        }
        reply
    }

    /// Makes of the job behind a record's header what no version can read.
    fn damage_job(&self, job: JobId) {
        self.eval(
            "local at = cmsgpack.unpack_one(raw) redis.call('SET', key, string.sub(raw, 1, at) .. '{\"half')",
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

/// Both ways in which a record can be damaged.
const WAYS: [fn(&Redis, JobId); 2] = [Redis::damage_job, Redis::damage_header];

#[tokio::test]
async fn a_job_that_cannot_be_read_is_set_aside_and_the_others_go_on() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        let jobs = kit.load("b", &wishes(3)).await;
        kit.load("other", &wishes(1)).await;
        damage(&redis, jobs[0]);
        let first = kit.claim(ClaimStage::Submit, 1).await;
        let given = first.leases.len();
        assert!(given == 1 || first.retry_in == Some(Duration::ZERO), "the others are asked for at once");
        assert_eq!(kit.submits(9).await.len() + given, 3);
        assert!(kit.store.workers().await.unwrap().iter().all(|view| view.leases == 3), "nobody has it in hand");
        assert!(matches!(kit.store.job(jobs[0]).await, Err(Error::Unreadable { job, .. }) if job == jobs[0]));
        let found = kit.store.unreadable_records().await.unwrap();
        assert_eq!((found.len(), &found[0].of, found[0].batch.clone()), (1, &RecordOf::Job(jobs[0]), Some(batch("b"))));
        kit.advance(LEASE);
        assert_eq!(kit.submits(9).await.len(), 3, "it comes no more");
    }
}

#[tokio::test]
async fn tasks_and_outputs_that_cannot_be_read_hold_up_no_others() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(4)).await;
        let jobs = [kit.start_next("t1").await, kit.start_next("t2").await];
        damage(&redis, jobs[0]);
        kit.advance(SECOND);
        assert!(kit.polls(1).await.is_empty());
        assert_eq!(ids(&kit.polls(1).await), [jobs[1]]);
        let later = kit.claim(ClaimStage::Poll, 9).await;
        assert_ne!(later.retry_in, Some(Duration::ZERO), "nobody asks in vain again and again");
        let fetched = kit.finish_next("t3", None).await;
        damage(&redis, fetched);
        assert!(kit.fetches(1).await.is_empty());
        let throttled = kit.submit().await;
        kit.end(&throttled, reelq_model::Event::Throttled { reason: String::new(), after: SECOND }).await;
        damage(&redis, throttled.job.id);
        kit.advance(SECOND);
        assert!(kit.submits(9).await.is_empty(), "what waited for its time");
    }
}

#[tokio::test]
async fn where_nothing_that_is_due_can_be_read_nobody_asks_in_vain() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(1)).await;
        damage(&redis, kit.start_next("t").await);
        kit.advance(SECOND);
        assert!(kit.polls(9).await.is_empty());
        let later = kit.claim(ClaimStage::Poll, 9).await;
        assert_eq!((later.leases.len(), later.retry_in), (0, None), "only news can bring work");
    }
}

#[tokio::test]
async fn what_stands_behind_a_job_that_cannot_be_read_is_asked_for_at_once() {
    for damage in WAYS {
        let redis = Redis::new();
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
        let listed = kit.store.jobs(&JobFilter::default(), ALL).await.unwrap();
        let results = kit.store.results(&batch("b"), ALL).await.unwrap();
        let rows: Vec<_> = results.iter().map(|line| line.view.line.as_ref().unwrap().row).collect();
        assert_eq!((listed.len(), rows), (3, vec![1, 2, 3]));
        let shown = &results[1].view;
        let told = (shown.job.id, shown.parked, shown.job.status(), shown.job.cost());
        assert_eq!(told, (jobs[1], true, Status::Failed, None));
        let named = JobFilter { ids: jobs.clone(), ..JobFilter::default() };
        assert_eq!(kit.store.jobs(&named, ALL).await.unwrap().len(), 2, "by their ids");
        let known = kit.store.lookup(&batch("b"), &jobs).await.unwrap();
        assert!(known.iter().all(Option::is_some), "it is not taken for new");
    }
}

#[tokio::test]
async fn leases_of_a_job_that_cannot_be_read_end() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(2)).await;
        let leases = kit.submits(2).await;
        damage(&redis, leases[0].job.id);
        kit.advance(LEASE);
        kit.store.heartbeat(&worker("w2")).await.unwrap();
        assert!(ids(&kit.submits(9).await).contains(&leases[1].job.id));
        kit.store.deregister(&kit.me).await.unwrap();
        assert_eq!(kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum::<u64>(), 0);
    }
}

#[tokio::test]
async fn a_record_whose_job_was_damaged_in_hand_is_written_anew_by_its_holder() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load("b", &wishes(1)).await;
    let sent = kit.send(&kit.submit().await).await;
    redis.damage_job(sent.job.id);
    kit.end(&sent, accepted(&sent, "t")).await;
    assert_eq!(kit.view(sent.job.id).await.job.status(), Status::Running);
    assert!(kit.store.unreadable_records().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_commit_on_a_record_that_cannot_be_read_fails_no_other() {
    for damage in WAYS {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(2)).await;
        let leases = kit.submits(2).await;
        let sent = [kit.send(&leases[0]).await, kit.send(&leases[1]).await];
        kit.advance(LEASE);
        kit.store.heartbeat(&worker("w2")).await.unwrap();
        damage(&redis, sent[0].job.id);
        let commits =
            sent.clone().map(|lease| reelq_store::Commit { event: accepted(&lease, "t"), lease, keep: false });
        let done = kit.store.commit(&commits).await.unwrap();
        assert!(matches!(done[..], [Committed::Stale, Committed::Done(None)]), "{done:?}");
    }
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
    assert_eq!(kit.store.jobs(&JobFilter::default(), ALL).await.unwrap().len(), 2);
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

/// What a version did that took any number: a cost of 2^62 in a record, and sums that ran over.
fn run_over(redis: &Redis, job: JobId) {
    const COST: &str = "\
        local at, header = cmsgpack.unpack_one(raw) \
        header[15], header[17] = 4611686018427387904, 9223372036854775807 \
        local json = string.gsub(string.sub(raw, at + 1), '\"amount\":%d+', '\"amount\":4611686018427387903') \
        redis.call('SET', key, cmsgpack.pack(header) .. json)";
    redis.eval(COST, job);
    redis.write("b", "b", "spent", "9223372036854775800");
    redis.write("b", "b", "reserved", "-9.3e+18");
    redis.write("a", "acct", "spent", "9223372036854775807");
    redis.write("a", "acct", "day_spent", "9.3e+18");
}

#[tokio::test]
async fn a_state_whose_sums_ran_over_heals_when_it_is_opened() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load("b", &wishes(4)).await;
    let job = kit.start_next("t1").await;
    kit.start_next("t2").await;
    kit.submits(1).await;
    run_over(&redis, job);
    let kit = Kit::new(&redis).another();
    let (view, acct) = (kit.batch("b").await, kit.account("acct").await);
    let cents = |cents: i64| Money::from_micros(cents * 10_000);
    assert_eq!((view.spent, view.reserved, view.to_spend), (cents(20), Money::ZERO, cents(20)));
    assert_eq!((acct.spent, acct.in_flight), (cents(20), 3));
    assert_eq!(kit.view(job).await.job.spent(), cents(10));
    kit.advance(SECOND);
    assert_eq!(kit.polls(9).await.len(), 2);
}

#[tokio::test]
async fn sums_that_run_over_while_it_is_open_stop_no_verb() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load("b", &wishes(3)).await;
    let job = kit.start_next("t1").await;
    run_over(&redis, job);
    kit.start_next("t2").await;
    assert!(redis.read("b", "b", "reserved").is_some(), "it is a whole number again");
    kit.batch("b").await;
    kit.account("acct").await;
    assert_eq!(kit.store.batches().await.unwrap().len(), 1);
    kit.advance(SECOND);
    for poll in kit.polls(9).await {
        kit.end(&poll, reelq_store_conformance::kit::finished(None)).await;
    }
    kit.start_next("t3").await;
}

async fn named(kit: &Kit<'_>) -> Vec<RecordOf> {
    kit.store.unreadable_records().await.unwrap().into_iter().map(|record| record.of).collect()
}

#[tokio::test]
async fn a_limit_that_cannot_be_read_lets_nothing_be_bought_until_it_is_set_anew() {
    for field in ["submit", "cap", "budget", "daily"] {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(3)).await;
        let most = AccountLimits { budget: Some(cents(100)), daily_budget: Some(cents(100)), ..limits(100.0, 9, 9) };
        kit.store.set_limits(&account("acct"), &most).await.unwrap();
        kit.start_next("t").await;
        redis.write("a", "acct", field, "xx");
        let view = kit.account("acct").await;
        assert!(view.unread.is_some_and(|unread| unread.contains(field)), "{field}");
        assert_eq!(named(&kit).await, [RecordOf::Account("acct".into())], "{field}");
        kit.advance(SECOND);
        assert!(kit.submits(9).await.is_empty(), "{field}");
        assert_eq!(kit.polls(9).await.len(), 1, "{field}: what was bought is followed");
        kit.store.set_limits(&account("acct"), &most).await.unwrap();
        assert_eq!(kit.submits(9).await.len(), 2, "{field}");
        assert_eq!(named(&kit).await, [], "{field}");
    }
}

#[tokio::test]
async fn fields_of_an_account_that_cannot_be_read_end_no_claim() {
    let fields = [
        "submit_tat",
        "poll",
        "poll_tat",
        "learned_submit",
        "learned_cap",
        "spent",
        "day",
        "turn",
        "pause:1",
        "limits",
    ];
    for field in fields {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(3)).await;
        kit.store.set_limits(&account("acct"), &limits(100.0, 9, 9)).await.unwrap();
        kit.start_next("t").await;
        redis.write("a", "acct", field, "xx");
        kit.advance(SECOND);
        let bought = kit.submits(9).await.len();
        // A pause that cannot be read holds, and so does a limit.
        assert_eq!(bought, if matches!(field, "pause:1" | "poll") { 0 } else { 2 }, "{field}");
        assert!(kit.polls(9).await.len() == usize::from(field != "pause:1"), "{field}");
        kit.store.accounts().await.unwrap();
        named(&kit).await;
    }
}

#[tokio::test]
async fn sums_of_an_account_that_cannot_be_read_are_added_up_anew_when_it_is_opened() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load("b", &wishes(3)).await;
    let most = AccountLimits { budget: Some(cents(20)), ..limits(100.0, 9, 9) };
    kit.store.set_limits(&account("acct"), &most).await.unwrap();
    kit.start_next("t").await;
    for field in ["spent", "in_flight"] {
        redis.write("a", "acct", field, "xx");
    }
    redis.write("b", "b", "spent", "xx");
    assert!(kit.submits(9).await.is_empty(), "what was spent is not known");
    let kit = Kit::new(&redis);
    assert_eq!(named(&kit).await, []);
    assert_eq!((kit.in_flight().await, kit.account("acct").await.spent), (1, cents(10)));
    assert_eq!((kit.submits(9).await.len(), kit.batch("b").await.spent), (1, cents(10)));
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
        assert_eq!(kit.store.jobs(&JobFilter::default(), ALL).await.unwrap().len(), 4, "{field}");
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
    assert_eq!(kit.store.jobs(&second, ALL).await.unwrap().len(), 1);
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

#[tokio::test]
async fn nothing_is_bought_under_a_budget_that_is_lost_until_the_manifest_is_loaded_again() {
    let redis = Redis::new();
    let kit = Kit::new(&redis);
    kit.load_with_budget("b", 1_000, &wishes(3)).await;
    kit.load("free", &wishes(1)).await;
    for name in ["b", "free"] {
        let Reply::Text(number) = redis.server.command(&["ZSCORE", "reelq:{n}:batches", name]) else {
            panic!("{name}")
        };
        redis.server.command(&["HDEL", &format!("reelq:{{n}}:b:{number}"), "budget"]);
    }
    assert_eq!(kit.submits(9).await.len(), 1, "the batch that has no budget goes on");
    kit.load_with_budget("b", 1_000, &wishes(3)).await;
    assert_eq!(kit.submits(9).await.len(), 3);
}

#[tokio::test]
async fn nothing_is_bought_under_limits_of_which_a_part_is_lost() {
    for field in ["cap", "submit", "poll", "budget", "daily", "limits"] {
        let redis = Redis::new();
        let kit = Kit::new(&redis);
        kit.load("b", &wishes(2)).await;
        let Reply::Text(number) = redis.server.command(&["ZSCORE", "reelq:{n}:accounts", "acct"]) else {
            panic!("none")
        };
        redis.server.command(&["HDEL", &format!("reelq:{{n}}:a:{number}"), field]);
        let claimed = kit.claim(ClaimStage::Submit, 9).await;
        assert!(claimed.leases.is_empty() && claimed.limits_missing, "{field}: {claimed:?}");
        kit.store.set_limits(&account("acct"), &limits(100.0, 9, 9)).await.unwrap();
        assert_eq!(kit.submits(9).await.len(), 2, "{field}");
    }
}
