#![no_main]

//! Reads made-up submit replies of every vendor and holds the outcome against the table of meanings: a surely named task of a
//! success is accepted, nothing but a success is, and a refusal that names a task proves nothing.

use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use reelq_model::{ProviderName, SubmitOutcome, Timestamp};
use reelq_provider::{PROVIDERS, Provider, Reply, ProviderSettings, open};
use serde_json::{Map, Value, json};

static VENDORS: LazyLock<Vec<Arc<dyn Provider>>> = LazyLock::new(|| {
    PROVIDERS.iter().map(|name| open(&ProviderSettings::new(ProviderName::new(*name).unwrap())).unwrap()).collect()
});

/// A reply in the vendors' own members.
#[derive(Debug, Arbitrary)]
struct Made {
    status: u16,
    names_task: bool,
    in_data: bool,
    id: Option<String>,
    code: Option<Code>,
    message: Option<String>,
    data: Option<String>,
    word: Option<String>,
}

#[derive(Debug, Arbitrary)]
enum Code {
    Number(u16),
    Word(String),
}

impl Made {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| drop(value.map(|value| body.insert(name.to_owned(), value)));
        put("id", self.id.clone().map(Value::from));
        put("message", self.message.clone().map(Value::from));
        put("data", self.data.clone().map(Value::from));
        put("status", self.word.clone().map(Value::from));
        put("code", self.code.as_ref().map(|code| match code {
            Code::Number(number) => json!(number),
            Code::Word(word) => json!(word),
        }));
        if self.names_task && self.in_data {
            put("data", Some(json!({ "task_id": "t-1" })));
        } else if self.names_task {
            put("task_id", Some(json!("t-1")));
        }
        Value::Object(body)
    }
}

fuzz_target!(|made: Made| {
    let body = made.body().to_string();
    let reply = Reply::whole(made.status, body.clone().into_bytes(), Timestamp::from_millis(1_775_285_160_000));
    let is_success = (200..=299).contains(&made.status);
    for vendor in VENDORS.iter() {
        match vendor.submitted(1, &reply) {
            SubmitOutcome::Accepted(acceptance) => {
                assert!(is_success, "{body}");
                assert!(!made.names_task || acceptance.task.as_str() == "t-1", "{body}");
            }
            SubmitOutcome::Ambiguous(setback) => {
                assert!(!(made.names_task && is_success), "{body}");
                assert!(!made.names_task || setback.candidate.is_some(), "{body}");
            }
            other => assert!(!made.names_task, "{body}: {other:?}"),
        }
    }
});
