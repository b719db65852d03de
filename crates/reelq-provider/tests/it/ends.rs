//! What a task's end means for its charge and its account, and what is tried before it is believed.

use reelq_model::{BlockReason, FailureKind, Money, Settlement};
use reelq_provider::{CancelOutcome, PollOutcome};

use crate::support::{polled, reply, task, unclear, vendor};

fn failed(outcome: PollOutcome, of: &str) -> (FailureKind, Settlement, Option<BlockReason>) {
    let PollOutcome::Failed { failure, settlement, blocks, .. } = outcome else { panic!("{of}: {outcome:?}") };
    (failure.kind, settlement, blocks)
}

#[test]
fn a_task_that_the_balance_ended_blocks_the_account_by_the_vendors_own_code() {
    for (name, body) in [
        (
            "apixo",
            r#"{"code":200,"data":{"taskId":"t-1","state":"failed","failCode":"INSUFFICIENT_CREDITS","failMsg":"x"}}"#,
        ),
        ("apixo", r#"{"code":200,"data":{"state":"failed","failCode":"insufficient_credits"}}"#),
        ("poyo", r#"{"code":200,"data":{"status":"failed","error_code":"insufficient_credits","error_message":"x"}}"#),
        ("wave", r#"{"task_id":"t-1","status":"failed","error":{"code":"insufficient_user_quota","message":"x"}}"#),
        ("wave", r#"{"task_id":"t-1","status":"failed","error":{"code":"Insufficient_Balance","message":"x"}}"#),
        ("wave", r#"{"task_id":"t-1","status":"failed","error":{"code":"insufficient_quota","message":"x"}}"#),
        ("wave", r#"{"task_id":"t-1","status":"failed","error":{"message":"Not enough credits."}}"#),
        ("poyo", r#"{"code":200,"data":{"status":"failed","error_message":"Insufficient credits"}}"#),
    ] {
        let (_, settlement, blocks) = failed(polled(name, 200, body), body);
        assert_eq!((settlement, blocks), (Settlement::Refunded, Some(BlockReason::NoCredit)), "{body}");
    }
}

#[test]
fn words_and_numbers_in_a_tasks_end_neither_block_nor_refund() {
    for rest in [
        r#""failCode":"E7","failMsg":"Not enough credits""#,
        r#""failMsg":"a phone that says insufficient balance""#,
        r#""failCode":"402","failMsg":"Insufficient credits""#,
        r#""failCode":402"#,
        r#""failCode":"500","failMsg":"insufficient quota""#,
        r#""failCode":"CONTENT_VIOLATION","failMsg":"insufficient credits""#,
        r#""failCode":"INSUFFICIENT_CREDITS_MAYBE","failMsg":"x""#,
    ] {
        let body = format!(r#"{{"code":200,"data":{{"taskId":"t-1","state":"failed",{rest}}}}}"#);
        let (_, settlement, blocks) = failed(polled("apixo", 200, &body), &body);
        assert_eq!((settlement, blocks), (Settlement::Charged, None), "{body}");
    }
    let moderated = r#"{"code":200,"data":{"status":"failed","error_message":"moderation: a phone that says insufficient balance"}}"#;
    assert_eq!(
        failed(polled("poyo", 200, moderated), moderated),
        (FailureKind::Content, Settlement::Refunded, None),
        "poyo does not charge what failed"
    );
    let told =
        r#"{"task_id":"t-1","status":"failed","cost":155550,"error":{"message":"a sign: insufficient balance"}}"#;
    assert_eq!(failed(polled("wave", 200, told), told), (FailureKind::Provider, Settlement::Charged, None));
    let echo = r#"{"code":400,"data":{"taskId":"t-1","state":"failed","failMsg":"insufficient balance"}}"#;
    unclear(polled("apixo", 200, echo), echo);
}

#[test]
fn credit_beside_a_word_that_is_no_failure_refunds_nothing() {
    let polled = |rest: &str| polled("apixo", 200, format!(r#"{{"code":200,"data":{{"taskId":"t-1",{rest}}}}}"#));
    for rest in [
        r#""state":"success","failMsg":"Insufficient credits""#,
        r#""state":"success","failCode":"INSUFFICIENT_CREDITS","failMsg":"x""#,
        r#""state":"success","failCode":"E7","failMsg":"not enough credits""#,
        r#""state":"success","error_message":"insufficient balance""#,
    ] {
        let outcome = polled(rest);
        assert_eq!(outcome, PollOutcome::FinishedEmpty, "{rest}");
    }
    for rest in [
        r#""state":"success","failCode":"GENERATION_FAILED","failMsg":"x""#,
        r#""state":"stopped","failCode":"INSUFFICIENT_CREDITS","failMsg":"x""#,
        r#""state":"ended","failCode":"E7","failMsg":"not enough credits""#,
    ] {
        let outcome = polled(rest);
        let PollOutcome::SaysFailed { settlement, .. } = outcome else { panic!("{rest}: {outcome:?}") };
        assert_eq!(settlement, Settlement::Charged, "{rest}");
    }
}

#[test]
fn an_output_beside_a_failure_is_tried_before_the_failure_is_believed() {
    for (name, body) in [
        ("wave", r#"{"task_id":"t-1","status":"failed","error":{"code":"task_failed"},"video_url":"https://a/1.mp4"}"#),
        ("wave", r#"{"task_id":"t-1","status":"cancelled","result":{"videos":[null,{"url":"https://a/1"}]}}"#),
        ("wave", r#"{"data":{"task_id":"t-1","status":"error","url":["https://a/1.mp4?x=1"]}}"#),
        (
            "apixo",
            r#"{"code":200,"data":{"state":"failed","failCode":"PROCESSING_TIMEOUT","resultJson":"{\"resultUrls\":[\"https://a/1\"]}"}}"#,
        ),
        ("poyo", r#"{"code":200,"data":{"status":"failed","error_message":"x","files":[{"file_url":"https://a/1"}]}}"#),
        ("poyo", r#"{"code":200,"data":{"error_message":"x","files":[{"file_url":"https://a/1"}]}}"#),
    ] {
        let outcome = polled(name, 200, body);
        assert!(matches!(outcome, PollOutcome::Finished { .. }), "{body}: {outcome:?}");
    }
    let body = r#"{"task_id":"t-1","status":"failed","cost":155550,"video_url":"https://a/1.mp4"}"#;
    let PollOutcome::Finished { cost, .. } = polled("wave", 200, body) else { panic!("not finished") };
    assert_eq!(cost.map(Money::micros), Some(311_100));
    for rest in [
        r#""input":{"video_url":"https://a/in.mp4"}"#,
        r#""image_url":"https://a/in.png""#,
        r#""url":"https://a/v1/tasks/t-1""#,
        r#""cover_url":"https://a/cover.png""#,
        r#""video_url":"ftp://a/1.mp4""#,
        r#""result":{"videos":[null,""]}"#,
    ] {
        let body = format!(r#"{{"task_id":"t-1","status":"failed",{rest}}}"#);
        failed(polled("wave", 200, &body), &body);
    }
    let cancelled = br#"{"task_id":"t-1","status":"cancelled","video_url":"https://a/1.mp4"}"#;
    assert_eq!(vendor("wave").cancelled(&task(), &reply(200, cancelled)), CancelOutcome::TooLate);
}

#[test]
fn a_withdrawal_of_another_task_is_no_answer() {
    for body in [
        r#"{"task_id":"t-9","status":"cancelled","refunded":true}"#,
        r#"{"data":{"task_id":"t-9","status":"cancelled"}}"#,
        r#"{"task_id":"t-9","status":"completed"}"#,
    ] {
        let CancelOutcome::Unclear(setback) = vendor("wave").cancelled(&task(), &reply(200, body.as_bytes())) else {
            panic!("{body}")
        };
        assert_eq!(setback.reason, "HTTP 200 that is about the task t-9 and not about t-1");
    }
    let own = br#"{"task_id":"t-1","status":"cancelled","refunded":true}"#;
    assert!(matches!(vendor("wave").cancelled(&task(), &reply(200, own)), CancelOutcome::Cancelled { .. }));
}

#[test]
fn an_output_beside_a_failure_is_waited_for_minutes_and_not_a_day() {
    let body = r#"{"task_id":"t-1","status":"failed","video_url":"https://a/1.mp4"}"#;
    let PollOutcome::Finished { outputs, .. } = polled("wave", 200, body) else { panic!("not finished") };
    let at = reply(200, b"").at;
    assert_eq!((outputs[0].expires_at, outputs[0].assumed), (Some(at.after(std::time::Duration::from_mins(10))), true));
}

#[test]
fn an_output_that_names_no_host_is_the_vendors_own_and_ids_may_differ_in_case() {
    let body = r#"{"task_id":"T-1","status":"completed","video_url":"/files/1.mp4"}"#;
    let PollOutcome::Finished { outputs, .. } = polled("wave", 200, body) else { panic!("not finished") };
    assert_eq!(outputs[0].url, "/files/1.mp4");
}
