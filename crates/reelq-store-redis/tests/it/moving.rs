//! A state of the format before, with jobs in each stage, is moved by the first process that opens it, and goes on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

use std::time::Duration;

use crate::kit::{front::Front, subject::Redis};
use reelq_model::{Job, JobId, ManualClock, SharedClock, Stage, Status, Timestamp};
use reelq_redis_server::{RedisServer, Reply};
use reelq_store::{Committed, Error, Import, JobFilter, RecordOf, first};
use reelq_store_conformance::{
    Kit, Subject as _,
    kit::{LEASE, SECOND, accepted, batch, cents, finished, sending, stored, worker},
};
use reelq_store_redis::{LinkOptions, RedisStore};

/// Commands, one a line, with other bytes than letters as `%` and two digits; `%` alone is nothing.
const STATE: &str = include_str!("moving/format2.txt");
/// The jobs of batch `b` as that version showed them, by their lines.
const JOBS: &str = include_str!("moving/format2_jobs.jsonl");

const RESTORE: &str = "\
    for line in string.gmatch(ARGV[1], '[^\\n]+') do \
      local words = {} \
      for word in string.gmatch(line, '[^ ]+') do \
        words[#words + 1] = word == '%' and '' or string.gsub(word, '%%(%x%x)', function(two) return string.char(tonumber(two, 16)) end) \
      end \
      redis.call(unpack(words)) \
    end \
    return redis.call('DBSIZE')";

fn restore(server: &RedisServer) {
    let reply = server.command(&["EVAL", RESTORE, "0", STATE]);
    assert!(matches!(reply, Reply::Int(1..)), "{reply:?}");
}

fn jobs() -> Vec<Job> {
    JOBS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many keys of the format before are there, and what it is noted as.
fn left(server: &RedisServer) -> (usize, String) {
    let count = |pattern: &str| match server.command(&["KEYS", pattern]) {
        Reply::List(keys) => keys.len(),
        other => panic!("{other:?}"),
    };
    let format = server.command(&["HGET", "reelq:{n}:guard", "format"]).text().to_owned();
    (count("reelq:{n}:j:*") + count("reelq:{n}:h:*"), format)
}

/// Opens the state in the second in which it was written.
fn opened(redis: &Redis) -> Kit<'_> {
    redis.advance(3 * SECOND);
    Kit::new(redis)
}

async fn assert_all_is_as_it_was(kit: &Kit<'_>) {
    for job in jobs() {
        assert_eq!(kit.view(job.id).await.job, job);
    }
    let names = async |job: JobId| {
        kit.store.history(job).await.unwrap().into_iter().map(|entry| entry.event).collect::<Vec<_>>()
    };
    assert_eq!(names(jobs()[0].id).await, ["sending", "accepted", "finished", "stored"]);
    assert_eq!(names(jobs()[9].id).await, Vec::<String>::new());
    let leases: u64 = kit.store.workers().await.unwrap().iter().map(|view| view.leases).sum();
    assert_eq!(leases, 4, "a task and a charge to ask about, a submission, and a job to be withdrawn");
    let all = first(&*kit.store, &JobFilter::default(), 100).await.unwrap();
    assert_eq!(all.iter().filter(|view| view.worker.is_some()).count(), 4, "and it is known who has them");
}

/// Buys, follows and fetches until nothing is left to do; how many were bought.
async fn go_on(kit: &Kit<'_>) -> usize {
    let mut bought = 0;
    loop {
        kit.advance(Duration::from_hours(1));
        kit.store.heartbeat(&worker("w2")).await.unwrap();
        let (submits, polls, fetches) = (kit.submits(9).await, kit.polls(9).await, kit.fetches(9).await);
        if submits.len() + polls.len() + fetches.len() == 0 {
            return bought;
        }
        for lease in submits {
            let sent = match lease.job.stage {
                Stage::Submitting { .. } => lease,
                _ => match kit.commit(&lease, sending(&lease), true).await {
                    Committed::Done(Some(sent)) => sent,
                    other => panic!("{other:?}"),
                },
            };
            bought += 1;
            let event = accepted(&sent, &format!("new-{bought}"));
            kit.end(&sent, event).await;
        }
        for lease in polls {
            kit.end(&lease, finished(None)).await;
        }
        for lease in fetches {
            kit.end(&lease, stored()).await;
        }
    }
}

#[tokio::test]
async fn a_state_of_the_format_before_is_moved_and_goes_on() {
    let redis = Redis::new();
    restore(&redis.server);
    assert_eq!(left(&redis.server).1, "2");
    let kit = opened(&redis);
    assert_eq!(left(&redis.server), (0, "4".to_owned()));
    assert_all_is_as_it_was(&kit).await;
    // Of the load that was under way when it was moved, one line was known before.
    let load = Import { batch: batch("c"), generation: 3, seen: None };
    let loaded = kit.store.commit_import(&load).await.unwrap();
    assert_eq!((loaded.lines, loaded.cancelled), (2, 1));
    kit.advance(LEASE);
    // Of batch `b` six that wait and one that was about to be sent, of `c` two.
    assert_eq!(go_on(&kit).await, 9);
    let all = first(&*kit.store, &JobFilter::default(), 100).await.unwrap();
    let of = |status| all.iter().filter(|view| view.job.status() == status).count();
    assert_eq!((of(Status::Unconfirmed), of(Status::Cancelled)), (1, 2));
    assert_eq!(of(Status::Succeeded) + 3, all.len());
    let acct = kit.account("acct").await;
    assert_eq!(acct.in_flight, 0);
    assert_eq!(kit.batch("b").await.reserved, cents(20), "of the one whose fate no one knows");
}

#[tokio::test]
async fn a_move_that_a_process_died_in_is_ended_by_the_next() {
    for calls in 1..5 {
        let redis = Redis::new();
        restore(&redis.server);
        let front = Front::to(redis.server.port());
        front.lose(calls..usize::MAX);
        let clock: SharedClock =
            std::sync::Arc::new(ManualClock::starting_at(Timestamp::from_millis(4_000_000_003_000)));
        let options =
            LinkOptions { patience: reelq_store_redis::Patience::new(Duration::ZERO), ..LinkOptions::default() };
        let died = RedisStore::open_at(front.url().parse().unwrap(), "n".parse().unwrap(), options, clock).await;
        assert!(matches!(died, Err(Error::Unavailable { .. })), "{calls}");
        assert_all_is_as_it_was(&opened(&redis)).await;
        assert_eq!(left(&redis.server), (0, "4".to_owned()));
    }
}

#[tokio::test]
async fn what_is_left_of_a_move_is_moved_and_no_one_works_meanwhile() {
    let redis = Redis::new();
    restore(&redis.server);
    let kit = opened(&redis);
    // As if it had died between two records: some stand as they did, and the others are moved.
    let id = |line: &'static str| line.split(' ').nth(1).and_then(|key| key.split("}:").nth(1)).map(|key| &key[2..]);
    let records: Vec<&str> = STATE.lines().filter(|line| line.contains(":j:")).step_by(2).collect();
    let histories = STATE.lines().filter(|line| line.contains(":h:"));
    let theirs = histories.filter(|line| records.iter().any(|record| id(record) == id(line)));
    let back: Vec<&str> = theirs.chain(records.iter().copied()).collect();
    redis.server.command(&["EVAL", RESTORE, "0", &back.join("\n")]);
    redis.server.command(&["HSET", "reelq:{n}:guard", "moving", "1"]);
    assert!(kit.store.batches().await.is_err(), "whoever has it open waits");
    let kit = Kit::new(&redis);
    assert_all_is_as_it_was(&kit).await;
    assert_eq!(left(&redis.server), (0, "4".to_owned()));
}

#[tokio::test]
async fn records_that_cannot_be_read_are_moved_and_named_and_never_bought_anew() {
    let redis = Redis::new();
    restore(&redis.server);
    let damage = "\
        local id = string.gsub(ARGV[1], '%x%x', function(two) return string.char(tonumber(two, 16)) end) \
        local key = 'reelq:{n}:j:' .. id \
        local raw = redis.call('GET', key) \
        local at = cmsgpack.unpack_one(raw) \
        local broken = ARGV[2] == 'job' and string.sub(raw, 1, at) .. '{' or string.char(0xc1) .. string.sub(raw, 2) \
        redis.call('SET', key, broken)";
    // Two that wait, and a task.
    let (head, job, task) = (jobs()[9].id, jobs()[10].id, jobs()[3].id);
    for (id, what) in [(head, "head"), (job, "job"), (task, "job")] {
        redis.server.command(&["EVAL", damage, "0", &id.to_string(), what]);
    }
    let kit = opened(&redis);
    let mut named: Vec<_> = kit.store.unreadable_records().await.unwrap().into_iter().map(|record| record.of).collect();
    named.sort_by_key(|of| format!("{of:?}"));
    let mut damaged: Vec<_> = [head, job, task].map(RecordOf::Job).into();
    damaged.sort_by_key(|of| format!("{of:?}"));
    assert_eq!(named, damaged);
    kit.advance(LEASE);
    // Of batch `b` four that wait and one that was about to be sent, of `c` two.
    assert_eq!(go_on(&kit).await, 7);
    let known = kit.store.lookup(&batch("b"), &[head, job, task]).await.unwrap();
    assert!(known.iter().all(Option::is_some), "none is taken for new");
}
