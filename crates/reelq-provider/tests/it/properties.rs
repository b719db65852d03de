//! No reader or check panics, whatever comes.

use proptest::{collection::vec, prelude::*};
use reelq_model::{Fields, SubmitOutcome};
use reelq_provider::{PROVIDERS, PollOutcome, Reply};
use serde_json::{Map, Value};

use crate::support::{fixtures, reply, spec, task, vendor, wave};

fn read_all(reply: &Reply) {
    let spec = spec("apixo", "hailuo-2-3-fast", "", Fields::new());
    for name in PROVIDERS {
        let provider = vendor(name);
        provider.submitted(1, reply);
        provider.polled(&spec, &task(), reply);
        provider.cancelled(&task(), reply);
        provider.balanced(reply);
    }
}

/// JSON that uses the vendors' own member names, so that it gets past the first look.
fn json() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "task_id",
        "id",
        "data",
        "status",
        "state",
        "result",
        "videos",
        "url",
        "expires_at",
        "error",
        "code",
        "message",
        "cost",
        "pre_consumed_cost",
        "progress",
        "resultJson",
        "failCode",
        "failMsg",
        "files",
        "file_url",
        "reset_at",
        "total_available_usd",
        "taskId",
        "refunded",
    ]);
    let words = prop::sample::select(vec![
        "completed",
        "failed",
        "success",
        "finished",
        "cancelled",
        "45%",
        "https://a/b",
        "{}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let members = vec((names.clone(), inner.clone()), 0..6);
        let object = members.prop_map(|members| {
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
        });
        prop_oneof![object, vec(inner, 0..4).prop_map(Value::Array)]
    })
}

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![Just(200), Just(400), Just(429), any::<u16>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(status in statuses(), body in vec(any::<u8>(), 0..200), header in prop::option::of(".{0,20}")) {
        read_all(&Reply { retry_after: header, ..reply(status, &body) });
    }

    #[test]
    fn no_json_makes_a_reader_panic(status in statuses(), body in json()) {
        read_all(&reply(status, body.to_string().as_bytes()));
    }

    #[test]
    fn a_cut_reply_never_becomes_a_refusal(cut in 0.0..1.0_f64) {
        for name in PROVIDERS {
            for (file, body) in fixtures(name).into_iter().filter(|(file, _)| file.starts_with("submit-accepted")) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a short length")]
                let kept = (body.len() as f64 * cut) as usize;
                let outcome = vendor(name).submitted(1, &reply(200, &body[..kept]));
                prop_assert!(!matches!(outcome, SubmitOutcome::Rejected(_) | SubmitOutcome::Throttled(_)), "{file}");
            }
        }
    }

    #[test]
    fn a_server_error_is_never_certain_without_the_vendors_word(status in 500..600_u16, body in json()) {
        for name in PROVIDERS {
            let outcome = vendor(name).submitted(1, &reply(status, body.to_string().as_bytes()));
            prop_assert!(matches!(outcome, SubmitOutcome::Ambiguous(_)), "{name}: {outcome:?}");
        }
    }

    #[test]
    fn a_surely_named_task_of_a_success_is_accepted_and_proves_a_refusal_wrong(
        status in statuses(), rest in json(), in_data in any::<bool>(),
    ) {
        let mut body = rest.as_object().cloned().unwrap_or_default();
        for name in ["task_id", "taskId", "data"] {
            body.shift_remove(name);
        }
        let (name, named) = if in_data { ("data", serde_json::json!({"task_id": "t-1"})) } else { ("task_id", "t-1".into()) };
        body.insert(name.to_owned(), named);
        let reply = reply(status, Value::Object(body).to_string().as_bytes());
        for name in PROVIDERS {
            match vendor(name).submitted(1, &reply) {
                SubmitOutcome::Accepted(acceptance) => {
                    prop_assert!((200..=299).contains(&status));
                    prop_assert_eq!(acceptance.task.as_str(), "t-1");
                }
                SubmitOutcome::Ambiguous(setback) => {
                    prop_assert!(!(200..=299).contains(&status));
                    prop_assert_eq!(setback.candidate, Some(task()));
                }
                other => prop_assert!(false, "{}: {:?}", name, other),
            }
        }
    }

    #[test]
    fn nothing_but_a_success_is_an_acceptance(status in any::<u16>(), body in json()) {
        for name in PROVIDERS {
            let outcome = vendor(name).submitted(1, &reply(status, body.to_string().as_bytes()));
            prop_assert!((200..=299).contains(&status) || !matches!(outcome, SubmitOutcome::Accepted(_)), "{name}: {outcome:?}");
        }
    }

    #[test]
    fn a_reply_about_another_task_never_ends_this_one(body in json()) {
        let mut body = body.as_object().cloned().unwrap_or_default();
        for name in ["taskId", "data", "code"] {
            body.shift_remove(name);
        }
        body.insert("task_id".to_owned(), "another".into());
        let reply = reply(200, Value::Object(body).to_string().as_bytes());
        let spec = spec("wave", "any", "", Fields::new());
        for name in PROVIDERS {
            let outcome = vendor(name).polled(&spec, &task(), &reply);
            let learned_nothing = matches!(outcome, PollOutcome::Unclear(_) | PollOutcome::Throttled(_));
            prop_assert!(learned_nothing, "{name}: {outcome:?}");
        }
    }

    #[test]
    fn no_row_makes_the_check_panic_and_the_normal_form_is_stable(row in json(), prompt in ".{0,40}") {
        let provider = wave("2026-04");
        let mut fields = row.as_object().cloned().unwrap_or_default();
        fields.insert("prompt".to_owned(), prompt.into());
        fields.insert("extra".to_owned(), row);
        for model in provider.catalogue().models.keys() {
            let once = provider.check(model, None, &fields);
            let twice = provider.check(model, None, &once.fields);
            prop_assert_eq!(&once.fields, &twice.fields);
        }
    }
}
