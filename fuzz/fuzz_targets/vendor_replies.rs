#![no_main]

//! Reads bytes as every kind of reply of every vendor. A server error must never be taken as certain without a code.

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use reelq_model::{AccountName, Fields, JobSpec, ModelName, ProviderName, SubmitOutcome, TaskId, Timestamp};
use reelq_provider::{PROVIDERS, Provider, Reply, ProviderSettings, open};

static VENDORS: LazyLock<Vec<Arc<dyn Provider>>> = LazyLock::new(|| {
    PROVIDERS.iter().map(|name| open(&ProviderSettings::new(ProviderName::new(*name).unwrap())).unwrap()).collect()
});

static SPEC: LazyLock<JobSpec> = LazyLock::new(|| JobSpec {
    account: AccountName::new("fuzz").unwrap(),
    provider: ProviderName::new("apixo").unwrap(),
    model: ModelName::new("hailuo-2-3-fast").unwrap(),
    mode: String::new(),
    fields: Fields::new(),
});

static TASK: LazyLock<TaskId> = LazyLock::new(|| TaskId::new("t-1").unwrap());

const PROOFS: [&[u8]; 2] = [b"price_not_configured", b"quota_window_exceeded"];

fn names_a_proof(body: &[u8]) -> bool {
    let body = body.to_ascii_lowercase();
    // An escape may spell a code in another way.
    body.contains(&b'\\') || PROOFS.iter().any(|proof| body.windows(proof.len()).any(|part| part == *proof))
}

fuzz_target!(|input: (u16, Option<String>, &[u8])| {
    let (status, retry_after, body) = input;
    let at = Timestamp::from_millis(1_775_285_160_000);
    let reply = Reply { retry_after, ..Reply::whole(status, body.to_vec(), at) };
    for vendor in VENDORS.iter() {
        let outcome = vendor.submitted(1, &reply);
        if (500..=599).contains(&status) && !names_a_proof(body) {
            assert!(matches!(outcome, SubmitOutcome::Ambiguous(_)), "{outcome:?}");
        }
        vendor.polled(&SPEC, &TASK, &reply);
        vendor.cancelled(&TASK, &reply);
        vendor.balanced(&reply);
    }
});
