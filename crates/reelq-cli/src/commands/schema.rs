//! `reelq schema`: prints the JSON Schema of manifests (their TOML and JSONL forms), or of the configuration.

use clap::ValueEnum;
use reelq_console::{Exit, Out};
use reelq_runner::adapters::vocabulary;

/// Flags of `reelq schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value = "manifest")]
    of: Of,
}

/// Of what a schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Manifests
    Manifest,
    /// reelq.toml
    Config,
}

pub(crate) fn run(args: &SchemaArgs, out: Out) -> Exit {
    match args.of {
        Of::Manifest => out.foreign_json(&reelq_manifest::schema(&vocabulary())),
        Of::Config => out.foreign_json(&reelq_config::schema()),
    }
    Exit::Done
}
