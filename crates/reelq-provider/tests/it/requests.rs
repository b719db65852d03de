//! Requests beyond the pages' examples: dialects, keys, images, paths.

use std::collections::BTreeMap;

use bytes::Bytes;
use reelq_model::{Digest, IdempotencyKey, JobId, TaskId};
use reelq_provider::{BuildError, IdempotencyUse, Method, Provider, ProviderSettings, Request, SubmitInput, open};

use crate::support::{fields, settings, spec, vendor, wave};

fn submit(provider: &dyn Provider, model: &str, row: &str) -> Request {
    let checked = provider.check(model, None, &fields(row));
    let spec = spec(provider.name().as_str(), model, &checked.mode, checked.fields);
    let key = IdempotencyKey::derive(JobId::from_bytes([7; 16]), 1);
    provider.submit(&SubmitInput { spec: &spec, key: Some(&key), images: &BTreeMap::new() }).unwrap()
}

fn body(request: &Request) -> String {
    String::from_utf8(request.body.clone().unwrap().to_vec()).unwrap()
}

#[test]
fn the_dialect_places_model_parameters() {
    let row = r#"{"prompt":"x","extra":{"prompt_optimizer":false,"fast_pretreatment":true}}"#;
    let under_extra =
        r#"{"model":"hailuo-2.3","prompt":"x","extra":{"prompt_optimizer":false,"fast_pretreatment":true}}"#;
    let at_root = r#"{"model":"hailuo-2.3","prompt":"x","prompt_optimizer":false,"fast_pretreatment":true}"#;
    assert_eq!(body(&submit(wave("2026-04").as_ref(), "hailuo-2.3", row)), under_extra);
    assert_eq!(body(&submit(wave("2026-06").as_ref(), "hailuo-2.3", row)), at_root);
}

#[test]
fn the_minimax_models_have_their_parameters_at_the_root_in_both_dialects() {
    let row = r#"{"prompt":"x","duration":6,"prompt_optimizer":false}"#;
    let expected = r#"{"model":"minimax-hailuo-2.3","prompt":"x","duration":6,"prompt_optimizer":false}"#;
    for dialect in ["2026-04", "2026-06"] {
        assert_eq!(body(&submit(wave(dialect).as_ref(), "minimax-hailuo-2.3", row)), expected);
    }
}

#[test]
fn unknown_parameters_are_passed_on_in_the_old_dialect_only() {
    let row = fields(r#"{"prompt":"x","extra":{"b_new":1,"a_new":{"deep":true}}}"#);
    let old = wave("2026-04");
    let findings = old.check("hailuo-2.3", None, &row).findings;
    assert!(findings.iter().all(|finding| finding.severity == reelq_model::Severity::Warning), "{findings:?}");
    let expected = r#"{"model":"hailuo-2.3","prompt":"x","extra":{"a_new":{"deep":true},"b_new":1}}"#;
    assert_eq!(body(&submit(old.as_ref(), "hailuo-2.3", &serde_json::to_string(&row).unwrap())), expected);
    let findings = wave("2026-06").check("hailuo-2.3", None, &row).findings;
    assert!(findings.iter().all(|finding| finding.severity == reelq_model::Severity::Error), "{findings:?}");
}

#[test]
fn the_key_is_sent_where_the_vendor_replays_it_and_the_account_wants_it() {
    let has_key = |provider: &dyn Provider, model: &str, row: &str| !submit(provider, model, row).headers.is_empty();
    let row = r#"{"prompt":"x"}"#;
    let pro = r#"{"mode":"pro-image-to-video","image_urls":["https://a/1.png"]}"#;
    assert!(has_key(vendor("wave").as_ref(), "hailuo-2.3", row));
    assert!(has_key(vendor("poyo").as_ref(), "hailuo-2.3", row));
    assert!(!has_key(vendor("apixo").as_ref(), "hailuo-2-3-fast", pro));
    let off = open(&ProviderSettings { idempotency: IdempotencyUse::Off, ..settings("wave") }).unwrap();
    assert!(!has_key(off.as_ref(), "hailuo-2.3", row));
}

#[test]
fn local_images_are_sent_as_data_urls() {
    let provider = wave("2026-06");
    let sha256 = Digest::of(b"png bytes");
    let reference = format!("blob:image/png;{sha256}");
    let row = serde_json::json!({"prompt": reference, "duration": 6, "image_urls": [reference, "https://a/1.png"]});
    let checked = provider.check("minimax-hailuo-2.3", None, &fields(&row.to_string()));
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    let spec = spec("wave", "minimax-hailuo-2.3", &checked.mode, checked.fields);
    let images = BTreeMap::from([(sha256, Bytes::from_static(b"png bytes"))]);
    let request = provider.submit(&SubmitInput { spec: &spec, key: None, images: &images }).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(&request.body.unwrap()).unwrap();
    assert_eq!(sent["image_urls"], serde_json::json!(["data:image/png;base64,cG5nIGJ5dGVz", "https://a/1.png"]));
    assert_eq!(sent["prompt"], serde_json::json!(reference), "only image fields are replaced");
    let missing = provider.submit(&SubmitInput { spec: &spec, key: None, images: &BTreeMap::new() });
    assert_eq!(missing, Err(BuildError::MissingImage { sha256 }));
}

#[test]
fn a_model_that_left_the_catalogue_is_refused() {
    let spec = spec("wave", "gone", "", fields("{}"));
    let built = vendor("wave").submit(&SubmitInput { spec: &spec, key: None, images: &BTreeMap::new() });
    assert_eq!(built.unwrap_err().to_string(), "model `gone` is no longer in the catalogue of `wave`");
}

#[test]
fn task_ids_cannot_climb_the_path() {
    let spec = spec("apixo", "hailuo-2-3-fast", "", fields("{}"));
    for (id, encoded) in
        [("../x?y#z", "..%2Fx%3Fy%23z"), ("..", "%2E%2E"), ("täsk", "t%C3%A4sk"), ("a-b_c.d~e", "a-b_c.d~e")]
    {
        let task = TaskId::new(id).unwrap();
        assert_eq!(vendor("wave").poll(&spec, &task).path, format!("/v1/tasks/{encoded}"));
        assert_eq!(vendor("poyo").poll(&spec, &task).path, format!("/api/generate/status/{encoded}"));
        let request = vendor("apixo").poll(&spec, &task);
        assert_eq!(request.path, "/api/v1/statusTask/hailuo-2-3-fast");
        assert_eq!(request.query, [("taskId", id.to_owned())]);
    }
}

#[test]
fn every_request_goes_to_its_documented_endpoint() {
    let task = TaskId::new("t").unwrap();
    let cancel = vendor("wave").cancel(&task).unwrap();
    assert_eq!((cancel.method, cancel.path.as_str()), (Method::Post, "/v1/tasks/t/cancel"));
    assert!(vendor("apixo").cancel(&task).is_none() && vendor("poyo").cancel(&task).is_none());
    let balances = ["wave", "apixo", "poyo"].map(|name| vendor(name).balance().unwrap().path);
    assert_eq!(balances, ["/v1/dashboard/billing/balance", "/api/v1/apikeys/current-balance", "/api/user/balance"]);
    let row = r#"{"mode":"pro-image-to-video","image_urls":["https://a/1.png"]}"#;
    assert_eq!(submit(vendor("apixo").as_ref(), "hailuo-2-3-fast", row).path, "/api/v1/generateTask/hailuo-2-3-fast");
    assert_eq!(submit(vendor("poyo").as_ref(), "hailuo-2.3", r#"{"prompt":"x"}"#).path, "/api/generate/submit");
    assert_eq!(submit(vendor("wave").as_ref(), "hailuo-2.3", r#"{"prompt":"x"}"#).path, "/v1/tasks");
}
