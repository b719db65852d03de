//! Sums that ran over, or that cannot be read.

use super::*;

/// What a version did that took any number: a cost of 2^62 in a record, and sums that ran over.
fn run_over(redis: &Redis, job: JobId) {
    const COST: &str = "\
        local at, header = cmsgpack.unpack_one(raw, front) \
        header[13], header[15] = 4611686018427387904, 9223372036854775807 \
        local json = string.gsub(string.sub(raw, at + 1), '\"amount\":%d+', '\"amount\":4611686018427387903') \
        redis.call('SET', key, string.sub(raw, 1, front) .. cmsgpack.pack(header) .. json)";
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
