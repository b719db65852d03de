//! Rows of a manifest that asks for the same again.

use std::io::Write;

use anyhow::Context;
use reelq_console::CommandError;
use reelq_files::Blobs;
use reelq_model::{Digest, FailureKind, Fields, ImageRef, Status, Timestamp};
use reelq_results::{ManifestLine, manifest_line};
use reelq_runner::{
    context::CommandContext,
    images,
    paid::{Paid, failure_of},
};
use reelq_store::{JobView, Page, ResultLine, SharedStore};
use serde_json::Value;

use super::ResultsArgs;

const PAGE: usize = 1_000;

/// Writes one row for every line of the batch, or for every failed one.
pub(super) async fn write(
    args: &ResultsArgs,
    context: &CommandContext,
    store: &SharedStore,
    mut writer: impl Write,
) -> Result<(), CommandError> {
    let blobs = context.blobs()?;
    let (mut after, mut paid, mut unreadable, now) = (0, 0_u64, 0_u64, store.now().await?);
    loop {
        let lines = store.results(&args.batch, Page { after, limit: PAGE }).await?;
        if lines.is_empty() {
            warn_of_paid(paid, args, &context.flags());
            warn_of_unreadable(unreadable, &context.flags());
            return Ok(writer.flush().context("write the manifest")?);
        }
        after += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if context.is_shared() {
            bring_here(&lines, context, store, &blobs).await?;
        }
        for line in lines.iter().map(|line| &line.view).filter(|view| view.line.is_some()) {
            if line.is_unreadable() {
                unreadable += u64::from(!args.failed || line.status().is_none_or(|status| status == Status::Failed));
            } else if args.wants(line.status(), failure_of(&line.job)) {
                paid += u64::from(may_still_come(line, now));
                writeln!(writer, "{}", row(line, &blobs)).context("write the manifest")?;
            }
        }
    }
}

/// Whether a row that failed was, or may have been, paid for, so that running it as another batch would pay for it twice.
fn may_still_come(view: &JobView, now: Timestamp) -> bool {
    let changes = failure_of(&view.job).is_none_or(|kind| matches!(kind, FailureKind::Content | FailureKind::Invalid));
    !changes && Paid::of(&view.job, now) != Paid::Nothing
}

/// What such a row asked for is not known.
fn warn_of_unreadable(rows: u64, flags: &str) {
    if rows > 0 {
        tracing::warn!("{rows} rows are left out, for their records cannot be read: `reelq doctor{flags}` names them");
    }
}

fn warn_of_paid(rows: u64, args: &ResultsArgs, flags: &str) {
    if rows > 0 {
        let batch = &args.batch;
        tracing::warn!(
            "{rows} of these rows may still get the clips that were paid for: `reelq retry {batch} --look{flags}` fetches them; \
             run as another batch they are bought again"
        );
    }
}

/// Local images lie under the output place: the manifest names copies on this machine.
async fn bring_here(
    lines: &[ResultLine],
    context: &CommandContext,
    store: &SharedStore,
    blobs: &Blobs,
) -> Result<(), CommandError> {
    let images = images::of_outputs(context, store);
    for job in lines.iter().map(|line| &line.view.job) {
        let mut wanted = Vec::new();
        job.spec.fields.values().for_each(|value| digests(value, &mut wanted));
        for digest in wanted.into_iter().filter(|digest| !blobs.path(digest).exists()) {
            let bytes = images.get(&job.batch, &digest).await.context("fetch an image from the output place")?;
            blobs.put(&bytes)?;
        }
    }
    Ok(())
}

fn digests(value: &Value, found: &mut Vec<Digest>) {
    match value {
        Value::String(text) => {
            if let Ok(ImageRef::Blob { sha256, .. }) = text.parse() {
                found.push(sha256);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| digests(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| digests(value, found)),
        _ => {}
    }
}

fn row(view: &JobView, blobs: &Blobs) -> String {
    let (spec, line) = (&view.job.spec, view.line.as_ref());
    let none = std::collections::BTreeMap::new();
    let mut fields = spec.fields.clone();
    // Where the request carries its mode, the row's own `mode` would say it twice.
    fields.remove("mode");
    fields.values_mut().for_each(|value| with_paths(value, blobs));
    manifest_line(&ManifestLine {
        label: line.and_then(|line| line.label.as_deref()),
        account: Some(spec.account.as_str()),
        provider: None,
        model: Some(spec.model.as_str()),
        mode: mode_of(&spec.fields),
        fields: &fields,
        passthrough: line.map_or(&none, |line| &line.passthrough),
    })
}

/// The mode that the request carries; one that its fields imply is left out, as it was.
fn mode_of(fields: &Fields) -> Option<&str> {
    fields.get("mode").and_then(Value::as_str)
}

/// Puts the kept copy of a local image in the place of its reference, wherever that is nested.
fn with_paths(value: &mut Value, blobs: &Blobs) {
    match value {
        Value::String(text) => {
            if let Ok(ImageRef::Blob { sha256, .. }) = text.parse() {
                let path = blobs.path(&sha256);
                *text = std::path::absolute(&path).unwrap_or(path).display().to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| with_paths(item, blobs)),
        Value::Object(fields) => fields.values_mut().for_each(|value| with_paths(value, blobs)),
        _ => {}
    }
}
