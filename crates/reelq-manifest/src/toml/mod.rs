//! TOML manifests: `[batch]`, `[defaults]`, `[[jobs]]` with `vars` and `matrix`, `[[sources]]`.

mod context;
mod document;
mod head;
mod jobs;
mod section;
mod sources;

pub(crate) use document::read;
pub(crate) use jobs::{Expansion, JobTemplate};
