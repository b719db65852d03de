//! The vendors' own example requests and replies, and one reply for every documented status.

use std::{collections::BTreeMap, fmt::Write as _};

use reelq_model::{Fields, SubmitOutcome, TaskId};
use reelq_provider::{PROVIDERS, PollOutcome, Provider, SubmitInput};
use serde_json::Value;

use crate::support::{self, fixtures, reply, spec, task, vendor, wave};

fn body_of(provider: &dyn Provider, model: &str, given: &Fields) -> String {
    let checked = provider.check(model, None, given);
    let errors = checked.findings.iter().filter(|finding| finding.severity == reelq_model::Severity::Error);
    assert_eq!(errors.count(), 0, "{:#?}", checked.findings);
    let spec = spec(provider.name().as_str(), model, &checked.mode, checked.fields);
    let images = BTreeMap::new();
    let request = provider.submit(&SubmitInput { spec: &spec, key: None, images: &images }).unwrap();
    String::from_utf8(request.body.unwrap().to_vec()).unwrap()
}

#[test]
fn every_example_request_of_the_pages_is_built_to_the_byte() {
    for vendor_name in PROVIDERS {
        let dialects = match *vendor_name {
            "wave" => vec![wave("2026-04"), wave("2026-06")],
            other => vec![vendor(other)],
        };
        let examples = fixtures(vendor_name).into_iter().filter(|(name, _)| name.ends_with(".request.json"));
        for ((name, text), provider) in
            examples.flat_map(|example| dialects.iter().map(move |to| (example.clone(), to)))
        {
            let text = String::from_utf8(text).unwrap();
            let mut given: Fields = serde_json::from_str(&text).unwrap();
            let model = given.shift_remove("model").unwrap_or_else(|| "hailuo-2-3-fast".into());
            assert_eq!(
                body_of(provider.as_ref(), model.as_str().unwrap(), &given),
                text.trim(),
                "{vendor_name}/{name}"
            );
        }
    }
}

/// The task that a page's example is about.
fn asked(body: &[u8]) -> TaskId {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let places = ["/task_id", "/data/task_id", "/data/taskId"];
    let named = places.iter().find_map(|place| body.pointer(place)?.as_str());
    named.map_or_else(task, |named| TaskId::new(named).unwrap())
}

fn outcome(provider: &dyn Provider, verb: &str, status: u16, body: &[u8]) -> String {
    let spec = spec(provider.name().as_str(), "hailuo-2-3-fast", "any", Fields::new());
    let reply = reply(status, body);
    match verb {
        "submit" => format!("{:?}", provider.submitted(1, &reply)),
        "poll" => format!("{:?}", provider.polled(&spec, &asked(body), &reply)),
        "cancel" => format!("{:?}", provider.cancelled(&asked(body), &reply)),
        "balance" => format!("{:?}", provider.balanced(&reply)),
        other => panic!("fixture of an unknown verb {other}"),
    }
}

fn meanings(vendor_name: &str) -> String {
    let provider = vendor(vendor_name);
    let mut table = String::new();
    for (name, body) in fixtures(vendor_name).into_iter().filter(|(name, _)| !name.ends_with(".request.json")) {
        let mut parts = name.trim_end_matches(".json").rsplitn(2, '.');
        let status: u16 = parts.next().unwrap().parse().unwrap();
        let verb = parts.next().unwrap().split('-').next().unwrap();
        writeln!(table, "{name}\n    {}", outcome(provider.as_ref(), verb, status, &body)).unwrap();
    }
    table
}

#[test]
fn wave_replies_mean_what_they_say() {
    insta::assert_snapshot!(meanings("wave"));
}

#[test]
fn apixo_replies_mean_what_they_say() {
    insta::assert_snapshot!(meanings("apixo"));
}

#[test]
fn poyo_replies_mean_what_they_say() {
    insta::assert_snapshot!(meanings("poyo"));
}

#[test]
fn an_accepted_task_is_kept_whatever_else_its_reply_says() {
    for (vendor_name, body) in [
        ("wave", r#"{"task_id":"t-1","progress":{},"status":[],"pre_consumed_cost":"?"}"#),
        ("wave", r#"{"error":{"code":"task_failed"},"task_id":"t-1"}"#),
        ("wave", "\u{feff}{\"data\":{\"id\":\"t-1\"}}"),
        ("apixo", r#"{"code":"x","message":5,"data":{"taskId":"t-1","state":{}}}"#),
        ("poyo", r#"{"data":{"task_id":"t-1","files":"?"}}"#),
    ] {
        let outcome = vendor(vendor_name).submitted(3, &reply(200, body.as_bytes()));
        let SubmitOutcome::Accepted(acceptance) = outcome else { panic!("{body}: {outcome:?}") };
        assert_eq!((acceptance.task.as_str(), acceptance.submission), ("t-1", 3));
    }
}

#[test]
fn a_refusal_that_names_a_task_proves_nothing() {
    for (status, vendor_name, body) in [
        (429, "wave", r#"{"error":{"code":"quota_window_exceeded"},"task_id":"t-1"}"#),
        (400, "wave", r#"{"error":{"code":"duplicate","task_id":"t-1"}}"#),
        (422, "apixo", r#"{"code":422,"data":{"taskId":"t-1"}}"#),
        (400, "poyo", r#"{"code":400,"data":{"task_id":"t-1"}}"#),
    ] {
        let outcome = vendor(vendor_name).submitted(1, &reply(status, body.as_bytes()));
        let SubmitOutcome::Ambiguous(setback) = outcome else { panic!("{body}: {outcome:?}") };
        assert!(setback.reason.contains("names the task t-1"), "{}", setback.reason);
    }
}

#[test]
fn a_task_id_survives_bytes_that_are_not_utf8() {
    let body = b"{\"task_id\":\"t-1\",\"message\":\"\xff\xfe\"}";
    assert!(matches!(vendor("wave").submitted(1, &reply(200, body)), SubmitOutcome::Accepted(_)));
}

#[test]
fn statuses_that_prove_nothing_are_ambiguous() {
    for name in PROVIDERS {
        for status in [100, 200, 201, 302, 303, 408, 409, 425, 499, 500, 502, 503, 504, 520, 0, 999] {
            let outcome = vendor(name).submitted(1, &reply(status, b"{}"));
            assert!(matches!(outcome, SubmitOutcome::Ambiguous(_)), "{name} {status}: {outcome:?}");
        }
    }
}

#[test]
fn a_server_error_stays_ambiguous_whatever_its_body_says() {
    for body in
        [r#"{"code":400,"message":"Invalid request"}"#, r#"{"code":429}"#, r#"{"error":{"code":"invalid_request"}}"#]
    {
        for name in PROVIDERS {
            let outcome = vendor(name).submitted(1, &reply(502, body.as_bytes()));
            assert!(matches!(outcome, SubmitOutcome::Ambiguous(_)), "{name} {body}: {outcome:?}");
        }
    }
}

#[test]
fn the_longer_of_header_and_body_is_the_wait() {
    let body = br#"{"error":{"code":"quota_window_exceeded","reset_at":1775285400}}"#;
    for (header, seconds) in [(None, 240), (Some("30"), 240), (Some("300"), 300), (Some("garbage"), 240)] {
        let mut reply = reply(429, body);
        reply.retry_after = header.map(str::to_owned);
        let SubmitOutcome::Throttled(setback) = vendor("wave").submitted(1, &reply) else { panic!("not throttled") };
        assert_eq!(setback.wait.unwrap().as_secs(), seconds, "{header:?}");
    }
}

#[test]
fn the_accounts_word_on_refunds_stands_above_the_reply() {
    use reelq_provider::{ProviderSettings, RefundsFailures, open};
    let spec = spec("apixo", "hailuo-2-3-fast", "any", Fields::new());
    let body = br#"{"code":200,"data":{"state":"failed","failCode":"GENERATION_FAILED"}}"#;
    for (word, settlement) in [
        (RefundsFailures::Auto, reelq_model::Settlement::Charged),
        (RefundsFailures::Yes, reelq_model::Settlement::Refunded),
        (RefundsFailures::No, reelq_model::Settlement::Charged),
    ] {
        let provider = open(&ProviderSettings { refunds_failures: word, ..support::settings("apixo") }).unwrap();
        let PollOutcome::Failed { settlement: told, .. } = provider.polled(&spec, &task(), &reply(200, body)) else {
            panic!("not failed")
        };
        assert_eq!(told, settlement, "{word:?}");
    }
}

#[test]
fn a_charge_that_the_vendor_names_stands_above_what_its_code_usually_means() {
    let spec = spec("wave", "hailuo-2.3", "any", Fields::new());
    for (cost, settlement) in [("0", reelq_model::Settlement::Refunded), ("155550", reelq_model::Settlement::Charged)] {
        let body =
            format!(r#"{{"task_id":"t-1","status":"failed","cost":{cost},"error":{{"code":"upstream_unavailable"}}}}"#);
        let PollOutcome::Failed { settlement: told, .. } =
            vendor("wave").polled(&spec, &task(), &reply(200, body.as_bytes()))
        else {
            panic!("not failed")
        };
        assert_eq!(told, settlement, "{body}");
    }
}

#[test]
fn a_fixture_that_is_json_is_compact() {
    for name in PROVIDERS {
        for (file, text) in fixtures(name) {
            if let Ok(value) = serde_json::from_slice::<Value>(&text) {
                assert_eq!(value.to_string(), String::from_utf8(text).unwrap().trim(), "{name}/{file}");
            }
        }
    }
}
