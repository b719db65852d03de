//! What gateways and frameworks in front of a vendor say in JSON judges no row and no account; the vendor's own word does.

use std::{sync::Mutex, time::Duration};

use reelq_tests::{json, reply};

use crate::replies::{asked, buy, done, row};

/// Bodies that frameworks, gateways and firewalls write by themselves.
const FOREIGN: [(u16, &str); 10] = [
    (404, r#"{"timestamp":"2026-04-04T06:06:00.000+00:00","status":404,"error":"Not Found","path":"/v1/tasks"}"#),
    (404, r#"{"statusCode":404,"message":"Cannot POST /v1/tasks","error":"Not Found"}"#),
    (404, r#"{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}"#),
    (404, r#"{"code":5,"message":"Method does not exist.","details":[]}"#),
    (404, r#"{"error":{"message":"Invalid URL (POST /v1/tasks)","type":"invalid_request_error","code":""}}"#),
    (400, r#"{"message":"Bad Request"}"#),
    (403, r#"{"error":"Requested endpoint is forbidden"}"#),
    (403, r#"{"cloudflare_error":true,"error_code":1010,"error_name":"browser_signature_banned"}"#),
    (403, r#"{"error":{"code":403,"message":"API key not valid.","status":"PERMISSION_DENIED"}}"#),
    (401, r#"{"timestamp":1,"status":401,"error":"Unauthorized","message":"","path":"/v1/tasks"}"#),
];

#[test]
fn json_that_is_not_the_vendors_turns_a_purchase_away_and_blocks_nobody() {
    let tries = Mutex::new([0; FOREIGN.len()]);
    let bought = buy(FOREIGN.len(), "breaker = { after = 0 }\n", move |request, origin| {
        if !request.is_submit() {
            return done(&asked(request), origin);
        }
        let row = row(request);
        let mut tries = tries.lock().unwrap();
        tries[row] += 1;
        let (status, body) = FOREIGN[row];
        if tries[row] == 1 { json(status, body) } else { json(200, format!(r#"{{"task_id":"t-{row}"}}"#)) }
    });
    for row in &bought.rows {
        assert_eq!(row.get("status"), "succeeded", "{}: {}", row.get("prompt"), bought.stderr);
    }
    assert_eq!((bought.code, bought.submits()), (Some(0), 2 * FOREIGN.len()), "{}", bought.stderr);
}

#[test]
fn sixty_rows_outlast_a_framework_that_knows_no_address_for_two_seconds() {
    let bought = buy(60, "", move |request, origin| {
        if request.is_submit() {
            let is_away = request.at < Duration::from_secs(2);
            let (status, body) = FOREIGN[0];
            let taken = format!(r#"{{"task_id":"t-{}"}}"#, row(request));
            return if is_away { json(status, body) } else { json(200, taken) };
        }
        done(&asked(request), origin)
    });
    let failed = bought.rows.iter().filter(|row| row.get("status") == "failed").count();
    assert_eq!((bought.code, failed), (Some(0), 0), "{}", bought.stderr);
    assert!(bought.submits() < 80, "the breaker held the rest back: {}", bought.submits());
}

#[test]
fn paid_tasks_outlast_a_framework_that_does_not_know_their_address() {
    let looks = Mutex::new([0; FOREIGN.len()]);
    let bought = buy(FOREIGN.len(), "patience = \"1s\"\n", move |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        if request.target.contains("balance") {
            return json(200, r#"{"total_available_usd":5}"#);
        }
        let task = asked(request);
        let row: usize = task.trim_start_matches("t-").parse().unwrap();
        let mut looks = looks.lock().unwrap();
        looks[row] += 1;
        let (status, body) = FOREIGN[row];
        // More answers than it takes to believe an end, over more than the account's patience.
        if looks[row] <= 8 { json(status, body) } else { done(&task, origin) }
    });
    bought.assert_all_bought_once();
}

#[test]
fn a_task_that_another_owns_blocks_no_account_whose_key_may_not_read_the_balance() {
    let bought = buy(12, "", |request, origin| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        if request.target.contains("balance") {
            return json(403, r#"{"error":{"code":"forbidden","message":"no billing permission"}}"#);
        }
        match asked(request) {
            // It heals, so that the run can end.
            task if task == "t-3" && request.at < Duration::from_secs(4) => {
                json(403, r#"{"error":{"code":"forbidden","message":"task belongs to another user"}}"#)
            }
            task => done(&task, origin),
        }
    });
    bought.assert_all_bought_once();
    assert!(!bought.stderr.contains("blocked"), "{}", bought.stderr);
}

#[test]
fn a_key_that_every_task_refuses_blocks_its_account_though_the_balance_tells_nothing() {
    let bought = buy(4, "", |request, _| {
        if request.is_submit() {
            return json(200, format!(r#"{{"task_id":"t-{}"}}"#, row(request)));
        }
        json(403, r#"{"error":{"code":"forbidden","message":"this key was revoked"}}"#)
    });
    assert_eq!(bought.code, Some(4), "{}", bought.stderr);
    assert_eq!(bought.submits(), 4);
}

#[test]
fn ids_that_are_a_requests_or_a_number_alone_are_no_tasks() {
    const WEAK: [&str; 3] = [
        r#"{"code":200,"message":"success","data":1}"#,
        r#"{"id":"req_8f3a","object":"error","message":"internal failure"}"#,
        r#"{"id":"req_8f3a","message":"received"}"#,
    ];
    let tries = Mutex::new([0; WEAK.len()]);
    let bought = buy(WEAK.len(), "breaker = { after = 0 }\n", move |request, origin| {
        if !request.is_submit() {
            let task = asked(request);
            return if task.starts_with("t-") { done(&task, origin) } else { reply(404, &[], "") };
        }
        let row = row(request);
        let mut tries = tries.lock().unwrap();
        tries[row] += 1;
        if tries[row] == 1 { json(200, WEAK[row]) } else { json(200, format!(r#"{{"task_id":"t-{row}"}}"#)) }
    });
    let tasks: Vec<_> = bought.rows.iter().map(|row| row.get("remote_task").to_owned()).collect();
    assert_eq!(tasks, ["t-0", "t-1", "t-2"], "{}", bought.stderr);
    let mut keys: Vec<_> = bought.requests.iter().filter_map(|request| request.header("idempotency-key")).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!((bought.submits(), keys.len()), (6, 3), "each is asked for again under its own key");
}
