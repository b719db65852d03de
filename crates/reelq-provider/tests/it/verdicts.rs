//! What replies are taken for, and what they are not: the rules of the crate's README, each with its instances.

use reelq_model::{BlockReason, FailureKind, Money, OutputKind, Settlement, SubmitOutcome, TaskId};
use reelq_model::{Fields, Timestamp, units::Span};
use reelq_provider::{PROVIDERS, PollOutcome, ProviderSettings, Reply, open};

use crate::support::{
    accepted, ambiguous, polled, polled_reply, reply, settings, spec, submitted, task, unclear, vendor,
};

fn not_found(outcome: &PollOutcome) -> bool {
    matches!(outcome, PollOutcome::NotFound { .. })
}

#[test]
fn a_task_id_is_read_out_of_every_broken_reply() {
    let wide: Vec<u8> = r#"{"task_id":"t-1"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: [&[u8]; 11] = [
        br#"{"prompt":"a cat \ud83d","task_id":"t-1"}"#,
        br#"{"task_id":"t-1","prompt":"a cat \ud83d"#,
        b"{\"prompt\":\"a cat \xf0\x9f\",\"task_id\":\"t-1\"}",
        br#"{"task_id":"t-1","input":{"image":"data:image/png;base64,AAAA"#,
        br#"{"data":{"taskId":"t-1","queue":"#,
        br#"{"eta":NaN,"task_id":"t-1"}"#,
        b")]}',\n{\"task_id\":\"t-1\"}",
        b"Deprecated: x in y.php on line 1\n{\"task_id\":\"t-1\"}",
        br#"{"code":200,"data":"{\"task_id\":\"t-1\"}"}"#,
        br#"[{"task_id":"t-1"}]"#,
        &wide,
    ];
    for body in bodies {
        for name in PROVIDERS {
            let shown = String::from_utf8_lossy(body);
            assert_eq!(accepted(submitted(name, 200, body), &shown).task, task(), "{name} {shown}");
        }
    }
}

#[test]
fn an_echo_of_the_request_hides_no_task_id_however_long_it_is() {
    let image = "A".repeat(1_500_000);
    for body in [
        format!(r#"{{"task_id":"t-1","input":{{"image":"data:image/png;base64,{image}"}}}}"#),
        format!(r#"{{"input":{{"image":"data:image/png;base64,{image}"}},"task_id":"t-1"}}"#),
        format!(r#"{{"task_id":"t-1","input":{{"image":"data:image/png;base64,{image}"#),
    ] {
        assert_eq!(accepted(submitted("wave", 200, &body), "long").task, task());
    }
    let cut =
        Reply { cut: Some("longer than 1 MiB".to_owned()), ..reply(200, br#"{"task_id":"t-1","input":{"image":"AAA"#) };
    assert_eq!(accepted(vendor("wave").submitted(1, &cut), "cut").task, task());
}

#[test]
fn status_replies_are_read_out_of_the_same_forms() {
    for body in [
        "\u{feff})]}'\n{\"task_id\":\"t-1\",\"status\":\"processing\",\"eta\":NaN,}",
        r#"{"task_id":"t-1","status":"processing","prompt":"\ud83d","input":{"image":"AAA"#,
        r#"[{"task_id":"t-1","status":"processing"}]"#,
        r#"Notice: x {"data":"{\"task_id\":\"t-1\",\"status\":\"processing\"}"}"#,
    ] {
        let outcome = polled("wave", 200, body);
        assert!(matches!(outcome, PollOutcome::Running { .. }), "{body}: {outcome:?}");
    }
    let finished = r#"{"task_id":"t-1","status":"completed","video_url":"https://a/1.mp4","input":{"image":"AAA"#;
    assert!(matches!(polled("wave", 200, finished), PollOutcome::Finished { .. }));
}

#[test]
fn numbers_are_task_ids_digit_for_digit() {
    for id in ["7", "18446744073709551616", &"123456789".repeat(400)] {
        for name in PROVIDERS {
            let body = format!(r#"{{"data":{{"task_id":{id}}}}}"#);
            assert_eq!(accepted(submitted(name, 200, &body), &body).task.as_str(), id, "{name}");
        }
    }
}

#[test]
fn only_what_surely_names_a_task_is_an_acceptance() {
    for (body, candidate) in [
        (r#"{"code":"internal_error","message":"down","data":"upstream timeout"}"#, None),
        (r#"{"message":"down","data":"upstream timeout"}"#, None),
        (r#"{"id":"req-9","error":{"code":"something_new","message":"no"}}"#, None),
        (r#"{"success":false,"id":"req-9"}"#, None),
        (r#"{"data":"success"}"#, None),
        (r#"{"task_id":null}"#, None),
        (r#"{"task_id":"t-"#, None),
        (r#"{"error":{"code":"something_new","task_id":"t-1"}}"#, Some("t-1")),
        (r#"{"message":"he said "hi"","task_id":"t-1"}"#, Some("t-1")),
        ("oops: task_id=t-1 and more", Some("t-1")),
        (r#"<html>"id":"1"</html>"#, Some("1")),
        (r#"Warning: x {"id":"t-1"}"#, Some("t-1")),
        (r#"{"log":"x"} {"task_id":"t-1"}"#, Some("t-1")),
        (r#"{"job":{"inner":{"task_id":"t-1"}}}"#, Some("t-1")),
    ] {
        let setback = ambiguous(submitted("wave", 200, body), body);
        assert_eq!(setback.candidate.as_ref().map(TaskId::as_str), candidate, "{body}");
    }
}

#[test]
fn a_refusal_that_names_a_task_is_ambiguous_with_a_candidate() {
    for (status, body) in [
        (400, r#"{"error":{"code":"duplicate","message":"x","task_id":42}}"#),
        (400, r#"{"error":{"code":"x"},"task_id":42}"#),
        (422, r#"{"code":422,"message":"x","data":{"taskId":"42"}}"#),
        (403, r#"{"code":403,"message":"x","data":{"task_id":42}}"#),
        (400, r#"{"error":{"code":"duplicate_request","message":"already submitted"},"id":"42"}"#),
    ] {
        let setback = ambiguous(submitted("wave", status, body), body);
        assert_eq!(setback.candidate.as_ref().map(TaskId::as_str), Some("42"), "{body}");
    }
}

#[test]
fn a_result_inside_the_reply_is_taken_with_the_acceptance() {
    let body =
        r#"{"task_id":"t-1","status":"completed","cost":155550,"result":{"videos":[null,{"url":"https://a/1.mp4"}]}}"#;
    let acceptance = accepted(submitted("wave", 200, body), body);
    assert_eq!(acceptance.outputs[0].url, "https://a/1.mp4");
    let half = r#"{"task_id":"t-1","status":"completed","result":{"videos":["https://a/1.mp4","https"#;
    assert!(accepted(submitted("wave", 200, half), half).outputs.is_empty());
    let body = r#"{"task_id":"t-1","status":"queued","url":"https://a/v1/tasks/t-1"}"#;
    assert!(accepted(submitted("wave", 200, body), body).outputs.is_empty());
}

#[test]
fn outputs_without_a_task_are_accepted_under_an_id_that_the_reply_decides() {
    for body in [
        r#"{"status":"completed","video_url":"https://a/1.mp4"}"#,
        r#"{"data":{"status":"success","result":{"videos":["https://a/1.mp4"]}}}"#,
        r#"{"code":0,"data":{"videos":[{"url":"https://a/1.mp4"}]}}"#,
    ] {
        let (first, again) =
            (accepted(submitted("wave", 200, body), body), accepted(submitted("wave", 200, body), body));
        assert!(first.task.as_str().starts_with("unnamed-"), "{}", first.task);
        assert_eq!((&first.task, first.outputs.len()), (&again.task, 1));
    }
    for body in [
        r#"{"url":"https://a/v1/tasks/t-1"}"#,
        r#"{"error":{"code":"new"},"video_url":"https://a/1.mp4"}"#,
        r#"{"status":"queued","video_url":"https://a/1.mp4"}"#,
    ] {
        ambiguous(submitted("wave", 200, body), body);
    }
}

#[test]
fn what_is_not_in_the_vendors_form_turns_the_request_away_and_judges_nobody() {
    for name in PROVIDERS {
        for status in [400, 401, 402, 403, 404, 405, 410, 413, 422, 451] {
            for body in ["", "<html><title>Just a moment...</title></html>", "404 page not found", "{}", "[]"] {
                let outcome = submitted(name, status, body);
                assert!(matches!(outcome, SubmitOutcome::TurnedAway(_)), "{name} {status} {body}: {outcome:?}");
            }
        }
        for status in [401, 403, 404] {
            for body in [
                r#"{"message":"Forbidden"}"#,
                r#"{"detail":"Not Found"}"#,
                r#"{"success":false,"errors":[{"code":1020}]}"#,
            ] {
                let outcome = submitted(name, status, body);
                assert!(matches!(outcome, SubmitOutcome::TurnedAway(_)), "{name} {status} {body}: {outcome:?}");
            }
        }
        for status in [408, 409, 425, 499] {
            ambiguous(submitted(name, status, "<html></html>"), name);
        }
        for body in ["", "<html></html>", r#"{"error":{"code":"x"}}"#] {
            assert!(matches!(submitted(name, 429, body), SubmitOutcome::Throttled(_)), "{name} {body}");
        }
    }
}

#[test]
fn the_vendors_own_refusal_is_a_verdict() {
    for (status, reason) in
        [(401, BlockReason::Unauthorized), (402, BlockReason::NoCredit), (403, BlockReason::Forbidden)]
    {
        for body in
            [r#"{"error":{"code":"x","message":"no"}}"#.to_owned(), format!(r#"{{"code":{status},"message":"no"}}"#)]
        {
            let outcome = submitted("wave", status, &body);
            assert!(
                matches!(outcome, SubmitOutcome::Blocked { reason: told, .. } if told == reason),
                "{body}: {outcome:?}"
            );
        }
    }
    assert!(matches!(submitted("poyo", 422, r#"{"detail":"prompt is required"}"#), SubmitOutcome::Rejected(_)));
}

#[test]
fn half_a_refusal_is_none() {
    let half =
        Reply { cut: Some("the connection broke".to_owned()), ..reply(400, br#"{"error":{"code":"invalid_request","#) };
    let setback = ambiguous(vendor("wave").submitted(1, &half), "half");
    assert!(setback.reason.contains("not whole: the connection broke"), "{}", setback.reason);
    ambiguous(submitted("apixo", 200, r#"{"code":400,"message":"Invalid","data":{"#), "torn");
}

#[test]
fn a_status_reply_in_nobodys_form_tells_nothing() {
    for name in PROVIDERS {
        for status in [401, 402, 403, 404, 410, 500, 302] {
            for body in ["", "<html>Access denied</html>", "404 page not found", r#"{"message":"Forbidden"}"#] {
                unclear(polled(name, status, body), &format!("{name} {status} {body}"));
            }
        }
        let refused = polled(name, 403, r#"{"code":403,"error":{"message":"task of another user"}}"#);
        assert!(matches!(refused, PollOutcome::Blocked { reason: BlockReason::Forbidden, .. }), "{name} {refused:?}");
    }
}

#[test]
fn a_reply_about_another_task_is_no_answer() {
    for (name, body) in [
        ("wave", r#"{"task_id":"t-2","status":"failed","error":{"code":"task_failed"}}"#),
        ("wave", r#"{"data":{"task_id":77,"status":"succeeded","url":"https://a/1.mp4"}}"#),
        (
            "apixo",
            r#"{"code":200,"data":{"taskId":"t-2","state":"success","resultJson":"{\"resultUrls\":[\"https://a/1\"]}"}}"#,
        ),
        ("poyo", r#"{"code":200,"data":{"task_id":"t-2","status":"finished","files":[{"file_url":"https://a/1"}]}}"#),
    ] {
        let setback = unclear(polled(name, 200, body), body);
        assert!(setback.reason.contains("t-1"), "{}", setback.reason);
        assert!(setback.reason.contains("t-2") || setback.reason.contains("77"), "{}", setback.reason);
    }
}

#[test]
fn a_task_is_not_found_only_where_that_is_unmistakable() {
    for (status, body) in [
        (404, r#"{"error":{"code":"task_not_found","message":"x"}}"#),
        (410, r#"{"error":{"message":"gone"}}"#),
        (404, r#"{"code":404,"message":"Not found"}"#),
        (400, r#"{"error":{"code":"invalid_request","message":"invalid task_id"}}"#),
        (422, r#"{"error":{"message":"Task 't-1' does not exist"}}"#),
        (200, r#"{"code":404,"message":"Task not found","data":null}"#),
        (200, r#"{"error":{"message":"no such task: t-1"}}"#),
        (200, r#"{"code":"task_expired","message":"the task has expired"}"#),
    ] {
        for name in PROVIDERS {
            let outcome = polled(name, status, body);
            assert!(not_found(&outcome), "{name} {body}: {outcome:?}");
        }
    }
    for (status, body) in [
        (404, r#"{"error":{"code":"not_found","message":"no such route"}}"#),
        (400, r#"{"error":{"code":"invalid_request","message":"bad header"}}"#),
        (200, r#"{"code":500,"message":"task not found in shard 3"}"#),
        (200, r#"{"code":500,"message":"internal error","data":null}"#),
        (500, r#"{"error":{"message":"task not found"}}"#),
        (301, ""),
    ] {
        for name in PROVIDERS {
            let setback = unclear(polled(name, status, body), body);
            assert!(setback.reason.contains("HTTP"), "{}", setback.reason);
        }
    }
}

#[test]
fn a_status_word_that_nobody_documents_is_read_by_what_stands_beside_it() {
    for word in ["succeed", "complete", "COMPLETE!", "ready"] {
        let linked = format!(r#"{{"task_id":"t-1","status":"{word}","video_url":"https://a/1.mp4"}}"#);
        assert!(matches!(polled("wave", 200, &linked), PollOutcome::Finished { .. }), "{word}");
        let bare = format!(r#"{{"task_id":"t-1","status":"{word}"}}"#);
        assert!(matches!(polled("wave", 200, &bare), PollOutcome::Running { unknown_word: true, .. }), "{word}");
    }
    for (name, body) in [
        ("wave", r#"{"task_id":"t-1","status":"canceled by user","error":{"code":"cancelled","message":"by user"}}"#),
        ("wave", r#"{"task_id":"t-1","status":"FAILED_PERMANENTLY","error":{"code":"task_failed","message":"x"}}"#),
        (
            "apixo",
            r#"{"code":200,"data":{"taskId":"t-1","state":"rejected","failCode":"NSFW_DETECTED","failMsg":"x"}}"#,
        ),
        ("poyo", r#"{"code":200,"data":{"status":"broken","error_message":"x"}}"#),
    ] {
        let outcome = polled(name, 200, body);
        assert!(matches!(outcome, PollOutcome::SaysFailed { .. }), "{body}: {outcome:?}");
    }
}

#[test]
fn an_error_beside_a_success_is_kept_and_hides_no_output() {
    let with = |rest: &str| {
        polled(
            "wave",
            200,
            format!(
                r#"{{"task_id":"t-1","status":"COMPLETED","cost":155550,"error":{{"code":"content_violation","message":"cut"}}{rest}}}"#
            ),
        )
    };
    let outcome = with(r#","video_url":"https://a/1.mp4""#);
    let PollOutcome::Finished { cost, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(cost.map(Money::micros), Some(311_100));
    let outcome = with("");
    let PollOutcome::SaysFailed { failure, settlement, cost } = outcome else { panic!("{outcome:?}") };
    assert_eq!(cost.map(Money::micros), Some(311_100));
    assert_eq!((failure.kind, failure.code.as_deref()), (FailureKind::Content, Some("content_violation")));
    assert_eq!((failure.message.as_str(), settlement), ("cut", Settlement::Charged));
}

#[test]
fn an_envelopes_error_is_no_end_of_a_task() {
    for body in [
        r#"{"status":"error","code":500,"message":"internal"}"#,
        r#"{"status":500,"error":"Internal Server Error","path":"/v1/tasks/t-1"}"#,
    ] {
        unclear(polled("wave", 200, body), body);
    }
    let outcome = polled("wave", 200, r#"{"status":"error","message":"internal"}"#);
    assert!(matches!(outcome, PollOutcome::SaysFailed { .. }), "{outcome:?}");
    let outcome = polled("wave", 200, r#"{"task_id":"t-1","status":"error","error":"x"}"#);
    assert!(matches!(outcome, PollOutcome::Failed { .. }), "{outcome:?}");
}

#[test]
fn no_end_without_outputs_is_taken_from_half_a_reply() {
    for body in [
        r#"{"task_id":"t-1","status":"completed","res"#,
        r#"{"task_id":"t-1","status":"completed","result":{"videos":["https://a/1.mp4","https://a"#,
        r#"{"task_id":"t-1","status":"failed","error":{"code":"task_failed","mess"#,
        r#"{"task_id":"t-1","status":"cancelled","co"#,
    ] {
        unclear(polled("wave", 200, body), body);
    }
}

#[test]
fn a_reply_that_is_broken_and_whole_is_read_as_far_as_it_goes() {
    let broken =
        r#"{"task_id":"t-1","status":"completed","result":{"videos":[{"url":"https://a/1.mp4","title":"a "b" c"}]}}"#;
    assert!(matches!(polled("wave", 200, broken), PollOutcome::Finished { .. }));
    let broken = r#"{"task_id":"t-1","status":"failed","error":{"code":"task_failed","message":"he said "no" twice"}}"#;
    let outcome = polled("wave", 200, broken);
    assert!(matches!(outcome, PollOutcome::SaysFailed { .. }), "{outcome:?}");
    let whole = br#"{"task_id":"t-1","status":"failed","error":{"code":"task_failed","message":"x"}}"#;
    let cut_behind_it = Reply { cut: Some("wrong chunk".to_owned()), ..reply(200, whole) };
    assert!(matches!(polled_reply("wave", &cut_behind_it), PollOutcome::Failed { .. }));
}

#[test]
fn a_cost_of_nothing_is_not_told_unless_it_is_settled() {
    let finished = |cost: &str| {
        let body = format!(r#"{{"task_id":"t-1","status":"completed","video_url":"https://a/1.mp4","cost":{cost}}}"#);
        let outcome = polled("wave", 200, &body);
        let PollOutcome::Finished { cost, .. } = outcome else { panic!("{body}: {outcome:?}") };
        cost.map(Money::micros)
    };
    assert_eq!(finished("0"), None);
    assert_eq!(finished("0,\"settled\":true"), Some(0));
    assert_eq!(finished("155550"), Some(311_100));
    for absurd in
        ["-1", "-155550", "4611686018427387903", "9223372036854775807", "1e300", "\"99999999999999999999\"", "null"]
    {
        assert_eq!(finished(absurd), None, "{absurd}");
    }
    for cost in ["0", "-5", "4611686018427387903"] {
        let body = format!(r#"{{"task_id":"t-1","pre_consumed_cost":{cost}}}"#);
        assert_eq!(accepted(submitted("wave", 200, &body), &body).cost, None, "{body}");
    }
}

#[test]
fn a_file_type_is_a_hint_and_every_output_is_given_on() {
    let body = r#"{"code":200,"data":{"status":"finished","files":[null,{"file_url":"https://a/1","file_type":"mp4"},
        {"file_url":"https://a/2","file_type":"hd"},{"file_url":"https://a/3.png","file_type":"image"},
        {"file_url":null},{"file_url":"https://a/4","file_type":"audio"}]}}"#;
    let PollOutcome::Finished { outputs, .. } = polled("poyo", 200, body) else { panic!("not finished") };
    let kinds: Vec<_> = outputs.iter().map(|output| output.kind).collect();
    assert_eq!(kinds, [OutputKind::Video, OutputKind::Video, OutputKind::Other, OutputKind::Other]);
}

fn expiry(reply: &Reply) -> (Option<Timestamp>, bool) {
    let outcome = polled_reply("wave", reply);
    let PollOutcome::Finished { outputs, .. } = outcome else { panic!("{outcome:?}") };
    (outputs[0].expires_at, outputs[0].assumed)
}

#[test]
fn implausible_deadlines_count_as_not_told() {
    let at = |expires: &str| {
        let body = format!(
            r#"{{"task_id":"t-1","status":"completed","result":{{"videos":[{{"url":"https://a/1.mp4","expires_at":{expires}}}]}}}}"#
        );
        expiry(&reply(200, body.as_bytes()))
    };
    let day_later: Timestamp = "2026-04-05T06:46:00Z".parse().unwrap();
    for expires in
        ["9223372036854775807", "18446744073709551615", "0", "-1", "1", "1e40", "\"0001-01-01T00:00:00Z\"", "null"]
    {
        assert_eq!(at(expires), (Some(day_later), true), "{expires}");
    }
    let told: Timestamp = "2026-04-04T07:46:00Z".parse().unwrap();
    for expires in
        ["1775288760", "1775288760000", "1775288760000000", "1775288760000000000", "\"2026-04-04T07:46:00Z\""]
    {
        assert_eq!(at(expires), (Some(told), false), "{expires}");
    }
}

#[test]
fn the_vendors_dates_are_read_against_its_own_clock() {
    let ahead = |status: u16, body: &[u8]| {
        let reply = reply(status, body);
        Reply { date: Some(reply.at.after(std::time::Duration::from_hours(2))), ..reply }
    };
    let body = br#"{"task_id":"t-1","status":"completed","result":{"videos":[{"url":"https://a/1.mp4","expires_at":"2026-04-04T09:46:00Z"}]}}"#;
    assert_eq!(expiry(&ahead(200, body)).0, Some("2026-04-04T07:46:00Z".parse().unwrap()));
    let throttled = Reply { retry_after: Some("Sat, 04 Apr 2026 08:46:30 GMT".to_owned()), ..ahead(429, b"") };
    let SubmitOutcome::Throttled(setback) = vendor("wave").submitted(1, &throttled) else { panic!("not throttled") };
    assert_eq!(setback.wait.map(|wait| wait.as_secs()), Some(30));
    let reset = ahead(429, br#"{"error":{"code":"rate_limit_exceeded","reset_at":"2026-04-04T08:46:20Z"}}"#);
    let SubmitOutcome::Throttled(setback) = vendor("wave").submitted(1, &reset) else { panic!("not throttled") };
    assert_eq!(setback.wait.map(|wait| wait.as_secs()), Some(20));
}

#[test]
fn texts_from_outside_are_clean_and_bounded() {
    let noise = format!("\\u001b[31mred\\u202e\\u0007{}", "x".repeat(5_000));
    let body = format!(r#"{{"error":{{"code":"new\u001b[0m","message":"{noise}"}}}}"#);
    let setback = ambiguous(submitted("wave", 500, &body), "noise");
    let unknown = polled("wave", 200, r#"{"task_id":"t-1","status":"re\u001b[2Jview\u202eing"}"#);
    let PollOutcome::Running { word, .. } = unknown else { panic!("{unknown:?}") };
    for text in [&setback.reason, &word] {
        assert!(
            text.len() < 1_000 && text.chars().all(|letter| !letter.is_control() && letter != '\u{202e}'),
            "{text}"
        );
    }
}

#[test]
fn an_accounts_link_lifetime_stands_above_the_vendors() {
    let body = br#"{"task_id":"t-1","status":"completed","video_url":"https://a/1.mp4"}"#;
    let spec = spec("wave", "any", "any", Fields::new());
    let lifetime = Some(Span(std::time::Duration::from_hours(2)));
    let provider = open(&ProviderSettings { link_lifetime: lifetime, ..settings("wave") }).unwrap();
    let PollOutcome::Finished { outputs, .. } = provider.polled(&spec, &task(), &reply(200, body)) else {
        panic!("not finished")
    };
    assert_eq!(outputs[0].expires_at, Some("2026-04-04T08:46:00Z".parse().unwrap()));
}
