//! Limits and budgets that cannot be read, or are lost.

use super::*;

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
