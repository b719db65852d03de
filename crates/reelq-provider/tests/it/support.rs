//! What the tests of adapters share.

use std::{path::PathBuf, sync::Arc};

use reelq_model::{
    Acceptance, AccountName, Fields, JobSpec, ModelName, ProviderName, Setback, SubmitOutcome, TaskId, Timestamp,
};
use reelq_provider::{PollOutcome, Provider, ProviderSettings, Reply, open};

pub(crate) fn settings(name: &str) -> ProviderSettings {
    ProviderSettings::new(ProviderName::new(name).unwrap())
}

pub(crate) fn vendor(name: &str) -> Arc<dyn Provider> {
    open(&settings(name)).unwrap()
}

pub(crate) fn wave(dialect: &str) -> Arc<dyn Provider> {
    open(&ProviderSettings { dialect: Some(dialect.to_owned()), ..settings("wave") }).unwrap()
}

pub(crate) fn fields(json: &str) -> Fields {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn spec(provider: &str, model: &str, mode: &str, fields: Fields) -> JobSpec {
    JobSpec {
        account: AccountName::new("main").unwrap(),
        provider: ProviderName::new(provider).unwrap(),
        model: ModelName::new(model).unwrap(),
        mode: mode.to_owned(),
        fields,
    }
}

/// The task that status replies are asked about.
pub(crate) fn task() -> TaskId {
    TaskId::new("t-1").unwrap()
}

pub(crate) fn reply(status: u16, body: &[u8]) -> Reply {
    let at = Timestamp::from_millis(1_775_285_160_000);
    Reply::whole(status, body.to_vec(), at)
}

/// The fixtures of a vendor, sorted: name and content.
pub(crate) fn fixtures(vendor: &str) -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "src", vendor, "fixtures"].iter().collect();
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    found.sort();
    found
}

pub(crate) fn submitted(vendor_name: &str, status: u16, body: impl AsRef<[u8]>) -> SubmitOutcome {
    vendor(vendor_name).submitted(1, &reply(status, body.as_ref()))
}

pub(crate) fn polled(vendor_name: &str, status: u16, body: impl AsRef<[u8]>) -> PollOutcome {
    polled_reply(vendor_name, &reply(status, body.as_ref()))
}

pub(crate) fn polled_reply(vendor_name: &str, reply: &Reply) -> PollOutcome {
    let spec = spec(vendor_name, "hailuo-2-3-fast", "any", Fields::new());
    vendor(vendor_name).polled(&spec, &task(), reply)
}

pub(crate) fn accepted(outcome: SubmitOutcome, of: &str) -> Acceptance {
    let SubmitOutcome::Accepted(acceptance) = outcome else { panic!("{of}: {outcome:?}") };
    acceptance
}

pub(crate) fn ambiguous(outcome: SubmitOutcome, of: &str) -> Setback {
    let SubmitOutcome::Ambiguous(setback) = outcome else { panic!("{of}: {outcome:?}") };
    setback
}

pub(crate) fn unclear(outcome: PollOutcome, of: &str) -> Setback {
    let PollOutcome::Unclear(setback) = outcome else { panic!("{of}: {outcome:?}") };
    setback
}
