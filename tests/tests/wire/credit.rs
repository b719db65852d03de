//! Vendors that are out of credit, in every form in which they say so; and costs of which they say nothing.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use reelq_model::Money;
use reelq_tests::{RawReply, RawRequest, json};

use crate::shop::{Shop, asked, done_with, file, is_file, row, taken, well};

const ROWS: usize = 8;

/// What a vendor without credit answers; `None` where it is as ever.
type Refusal = fn(&RawRequest) -> Option<RawReply>;

/// The account is blocked and the run ends with 4, the rows wait, hardly more was asked for than was under way; and with
/// credit again, each row is bought.
fn the_account_is_blocked_and_the_rows_wait(provider: &'static str, refusal: Refusal) {
    let has_credit = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&has_credit);
    let shop = Shop::open(provider, ROWS, "", move |request, origin| {
        let refused = if seen.load(SeqCst) { None } else { refusal(request) };
        refused.unwrap_or_else(|| well(provider, request, origin))
    });
    let ended = shop.run(&[]);
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert_eq!(shop.count("queued"), ROWS, "{}", ended.stderr);
    assert!(shop.vendor.submits() <= ROWS, "{} purchases for {ROWS} rows", shop.vendor.submits());
    let blocked = format!("account {provider} is blocked (");
    assert!(ended.stderr.contains(&blocked) && ended.stderr.contains("add credit"), "{}", ended.stderr);
    has_credit.store(true, SeqCst);
    let in_vain = shop.vendor.submits();
    let ended = shop.run(&[]);
    assert_eq!((ended.code, shop.count("succeeded")), (Some(0), ROWS), "{}", ended.stderr);
    assert_eq!(shop.vendor.submits() - in_vain, ROWS, "each row is bought once");
}

fn submit(request: &RawRequest, status: u16, body: &str) -> Option<RawReply> {
    request.is_submit().then(|| json(status, body))
}

#[test]
fn a_task_that_ends_for_want_of_credit_blocks_the_account_and_is_not_bought_four_times() {
    the_account_is_blocked_and_the_rows_wait("apixo", |request| {
        let (task, is_status) = (asked(request), request.target.contains("/statusTask/"));
        let end = r#""state":"failed","failCode":"INSUFFICIENT_CREDITS","failMsg":"Insufficient credits""#;
        is_status
            .then(|| json(200, format!(r#"{{"code":200,"message":"success","data":{{"taskId":"{task}",{end}}}}}"#)))
    });
}

#[test]
fn a_429_for_an_insufficient_quota_blocks_the_account_and_is_no_throttling() {
    the_account_is_blocked_and_the_rows_wait("wave", |request| {
        submit(request, 429, r#"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}"#)
    });
    the_account_is_blocked_and_the_rows_wait("poyo", |request| {
        submit(request, 429, r#"{"code":429,"error":{"message":"quota","type":"insufficient_quota"}}"#)
    });
}

#[test]
fn a_400_for_too_few_credits_blocks_the_account_and_is_no_verdict_on_the_rows() {
    the_account_is_blocked_and_the_rows_wait("apixo", |request| {
        submit(request, 400, r#"{"code":400,"message":"not enough credits","data":null}"#)
    });
    the_account_is_blocked_and_the_rows_wait("poyo", |request| {
        submit(request, 400, r#"{"code":400,"error":{"message":"Not enough credits"}}"#)
    });
    the_account_is_blocked_and_the_rows_wait("wave", |request| {
        submit(request, 400, r#"{"error":{"message":"not enough credits"}}"#)
    });
}

#[test]
fn costs_of_nothing_beside_successes_free_no_budget() {
    for provider in ["wave", "apixo", "poyo"] {
        let shop = Shop::open(provider, 20, "", move |request, origin| {
            if request.is_submit() {
                return taken(provider, request);
            }
            let nothing = r#","cost":0,"costCredits":0,"credits_amount":0,"price":0"#;
            if is_file(request) { file(request) } else { done_with(provider, &asked(request), origin, nothing) }
        });
        let ended = shop.run(&["--budget", "1.00"]);
        assert_eq!(ended.code, Some(8), "{provider}: {}", ended.stderr);
        let rows = shop.rows();
        let bought = rows.iter().filter(|row| row.get("status") == "succeeded");
        let costs: Vec<_> = bought.filter_map(reelq_tests::ResultRow::cost).collect();
        let price = costs.first().copied().unwrap_or(Money::ZERO);
        assert!(price > Money::ZERO && costs.iter().all(|cost| *cost == price), "{provider}: {costs:?}");
        let affordable = usize::try_from(1_000_000 / price.micros()).unwrap();
        assert!(affordable < 20, "{provider}: the budget is too small for all of them");
        assert_eq!((shop.vendor.submits(), shop.count("succeeded")), (affordable, affordable), "{provider}");
    }
}

#[test]
fn a_cost_of_nothing_in_the_reply_to_a_purchase_frees_no_budget() {
    let bought = AtomicUsize::new(0);
    let shop = Shop::open("wave", 20, "", move |request, origin| {
        if request.is_submit() {
            bought.fetch_add(1, SeqCst);
            let task = format!(r#""task_id":"t-{}","status":"queued""#, row(request));
            return json(200, format!(r#"{{{task},"cost":0,"pre_consumed_cost":0}}"#));
        }
        well("wave", request, origin)
    });
    let ended = shop.run(&["--budget", "1.00"]);
    // $0.3111 each, by the catalogue.
    assert_eq!((ended.code, shop.vendor.submits()), (Some(8), 3), "{}", ended.stderr);
}
