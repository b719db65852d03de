//! What a refused purchase proves: of the account, of the row, or nothing.

use reelq_model::{BlockReason, SubmitOutcome, TaskId};
use reelq_provider::PROVIDERS;

use crate::support::{accepted, ambiguous, submitted, task};

#[test]
fn an_empty_balance_blocks_by_code_and_by_words_under_the_statuses_for_it() {
    for (status, body) in [
        (
            429,
            r#"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota, please check your plan and billing details"}}"#,
        ),
        (400, r#"{"error":{"message":"Not enough credits"}}"#),
        (400, r#"{"error":{"message":"Your credit balance is too low"}}"#),
        (400, r#"{"code":400,"error":{"message":"not enough credits","type":"invalid_request_error"}}"#),
        (400, r#"{"error":{"code":"invalid_request","message":"balance not enough, please top up"}}"#),
        (403, r#"{"error":{"code":"insufficient_balance"}}"#),
        (422, r#"{"error":{"code":"insufficient_quota","message":"x"}}"#),
        (429, r#"{"error":{"message":"Insufficient balance"}}"#),
        (402, r#"{"code":402,"message":"Insufficient credits, please top up"}"#),
        (200, r#"{"code":400,"message":"Insufficient credits, please top up"}"#),
    ] {
        for name in PROVIDERS {
            let outcome = submitted(name, status, body);
            let is = matches!(outcome, SubmitOutcome::Blocked { reason: BlockReason::NoCredit, .. });
            assert!(is, "{name} {body}: {outcome:?}");
        }
    }
}

#[test]
fn words_about_credit_judge_no_account_where_they_may_mean_the_row() {
    let long = format!(r#"{{"error":{{"message":"{} insufficient balance"}}}}"#, "a long story ".repeat(10));
    for (status, body) in [
        (422, r#"{"code":422,"message":"Insufficient balance"}"#),
        (400, r#"{"error":{"code":"content_violation","message":"Insufficient balance"}}"#),
        (400, r#"{"error":{"code":"new_rule","message":"not enough credits"}}"#),
        (400, r#"{"code":400,"message":"out of credit","data":{"failCode":"INVALID_PROMPT"}}"#),
        (400, r#"{"error":{"message":"not allowed: \"a phone that says insufficient balance\""}}"#),
        (400, r#"{"error":{"message":"not allowed: 'a sign: out of credit'"}}"#),
        (400, r#"{"error":{"message":"not allowed: `not enough credits"}}"#),
        (400, r#"{"error":{"message":"prompt rejected: a phone that says insufficient balance"}}"#),
        (400, &long),
    ] {
        for name in PROVIDERS {
            let outcome = submitted(name, status, body);
            assert!(matches!(outcome, SubmitOutcome::Rejected(_)), "{name} {body}: {outcome:?}");
        }
    }
    let judged = submitted("wave", 403, r#"{"error":{"code":"content_violation","message":"insufficient balance"}}"#);
    assert!(matches!(judged, SubmitOutcome::Rejected(_)), "{judged:?}");
    let throttled = r#"{"error":{"code":"rate_limit_exceeded","message":"insufficient quota"}}"#;
    assert!(matches!(submitted("wave", 429, throttled), SubmitOutcome::Throttled(_)));
    ambiguous(submitted("wave", 200, r#"{"code":1001,"message":"Insufficient credits"}"#), "a code of no one's");
}

#[test]
fn the_place_that_a_vendor_documents_for_its_task_goes_first() {
    for (name, body) in [
        ("apixo", r#"{"code":200,"taskId":"r-9","data":{"taskId":"t-1"}}"#),
        ("apixo", r#"{"code":200,"task_id":"r-9","data":{"task_id":"r-8","taskId":"t-1"}}"#),
        ("poyo", r#"{"code":200,"task_id":"r-9","data":{"task_id":"t-1"}}"#),
        ("poyo", r#"{"code":0,"taskId":"r-9","data":{"taskId":"r-8","task_id":"t-1"}}"#),
        ("wave", r#"{"taskId":"r-9","task_id":"t-1"}"#),
        ("wave", r#"{"taskId":"r-9","data":{"task_id":"t-1"}}"#),
        ("wave", r#"{"id":"r-9","data":"t-1"}"#),
        ("apixo", r#"{"code":200,"taskId":"t-1","data":null}"#),
        ("apixo", r#"{"code":200,"task_id":"t-1","data":{"taskId":null}}"#),
    ] {
        assert_eq!(accepted(submitted(name, 200, body), body).task, task(), "{body}");
    }
}

#[test]
fn a_refusal_whose_words_name_a_task_is_ambiguous_with_a_candidate() {
    for (said, candidate) in [
        ("already created: taskId=task-0001", "task-0001"),
        ("task_id: abc123", "abc123"),
        ("existing task task-0001", "task-0001"),
        ("This request already exists as job 778899.", "778899"),
        ("see TASK_ID=t-1", "t-1"),
    ] {
        for (status, body) in [
            (400, format!(r#"{{"error":{{"code":"conflict","message":"{said}"}}}}"#)),
            (403, format!(r#"{{"code":403,"message":"{said}"}}"#)),
            (422, format!(r#"{{"detail":[{{"msg":"{said}"}}]}}"#)),
            (404, format!(r#"{{"message":"{said}"}}"#)),
            (200, format!(r#"{{"code":400,"message":"{said}"}}"#)),
            (400, said.to_owned()),
        ] {
            for name in PROVIDERS {
                let setback = ambiguous(submitted(name, status, &body), &body);
                assert_eq!(setback.candidate.as_ref().map(TaskId::as_str), Some(candidate), "{name} {status} {body}");
            }
        }
    }
    for said in ["task_id is required", "task_id: required", "task hailuo-2.3 is not supported", "the task is too long"]
    {
        let body = format!(r#"{{"error":{{"code":"invalid_request","message":"{said}"}}}}"#);
        assert!(matches!(submitted("wave", 400, &body), SubmitOutcome::Rejected(_)), "{body}");
    }
}

#[test]
fn a_refusal_because_a_server_behind_was_late_is_ambiguous() {
    for said in [
        "Endpoint request timed out",
        "gateway timeout",
        "504 Gateway Time-out",
        "upstream request timeout",
        "upstream timed out (110)",
        "upstream connect error or disconnect/reset before headers",
        "Request timed out",
    ] {
        for status in [400, 403, 404] {
            for body in [
                format!(r#"{{"message":"{said}"}}"#),
                format!(r#"{{"error":{{"code":"x","message":"{said}"}}}}"#),
                said.to_owned(),
                format!("<html><h1>{said}</h1></html>"),
            ] {
                for name in PROVIDERS {
                    ambiguous(submitted(name, status, &body), &format!("{name} {status} {body}"));
                }
            }
        }
    }
    ambiguous(submitted("wave", 429, "upstream request timeout"), "429");
    for said in ["image_url: request timed out", "the download request timed out", "timeout must be a number"] {
        let body = format!(r#"{{"error":{{"code":"invalid_request","message":"{said}"}}}}"#);
        assert!(matches!(submitted("wave", 400, &body), SubmitOutcome::Rejected(_)), "{body}");
    }
}

#[test]
fn a_status_that_does_not_say_that_nothing_was_done_proves_nothing() {
    for name in PROVIDERS {
        for status in [407, 412, 416, 418, 420, 421, 423, 424, 426, 428, 444, 460, 463, 494, 499] {
            for body in ["", "<html></html>", r#"{"message":"Forbidden"}"#, r#"{"error":{"code":"x"}}"#] {
                ambiguous(submitted(name, status, body), &format!("{name} {status} {body}"));
            }
        }
    }
}

#[test]
fn a_candidate_is_found_whatever_the_case_of_its_name() {
    for body in [
        r#"{"job":{"TaskID":"t-1"}}"#,
        r#"{"job":{"TASK_ID":"t-1"}}"#,
        r#"{"job":{"taskid":"t-1"}}"#,
        r#"{"job":{"Task_Id":"t-1"}}"#,
        "TASKID=t-1 ok",
        r#"Warning: x {"ID":"t-1"}"#,
    ] {
        for status in [200, 500] {
            let setback = ambiguous(submitted("wave", status, body), body);
            assert_eq!(setback.candidate.as_ref().map(TaskId::as_str), Some("t-1"), "{status} {body}");
        }
    }
}
