//! What the tests of adapters share.

use std::{path::PathBuf, sync::Arc};

use reelq_model::{AccountName, Fields, JobSpec, ModelName, ProviderName, TaskId, Timestamp};
use reelq_provider::{Provider, Reply, Settings, open};

pub(crate) fn settings(name: &str) -> Settings {
    Settings::new(ProviderName::new(name).unwrap())
}

pub(crate) fn vendor(name: &str) -> Arc<dyn Provider> {
    open(&settings(name)).unwrap()
}

pub(crate) fn wave(dialect: &str) -> Arc<dyn Provider> {
    open(&Settings { dialect: Some(dialect.to_owned()), ..settings("wave") }).unwrap()
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
