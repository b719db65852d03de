//! `reelq schema`: prints the JSON Schema of the TOML and JSONL forms of a manifest.

use reelq_console::{Exit, Out};
use reelq_runner::adapters::vocabulary;

pub(crate) fn run(out: Out) -> Exit {
    out.foreign_json(&reelq_manifest::schema(&vocabulary()));
    Exit::Done
}
