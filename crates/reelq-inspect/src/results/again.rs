//! Rows of a manifest that asks for the same again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read as _, Write},
    path::Path,
};

use anyhow::Context;
use reelq_console::CommandError;
use reelq_files::Blobs;
use reelq_manifest::{Format, Manifest};
use reelq_model::{Digest, FailureKind, Fields, ImageRef, Status, Timestamp};
use reelq_results::{ManifestColumns, ManifestForm, ManifestLine, ManifestNames, ManifestWriter, header_of};
use reelq_runner::{
    adapters::vocabulary,
    context::CommandContext,
    images,
    paid::{Paid, failure_of},
};
use reelq_store::{BatchDraft, JobView, Page, ResultLine, SharedStore};
use serde_json::Value;

use super::Export;

const PAGE: usize = 1_000;

/// What was seen of the rows that were written, or could not be.
#[derive(Debug, Default)]
struct Seen {
    paid: u64,
    unreadable: u64,
}

impl Export<'_> {
    /// Writes one row for every line that is wanted. A table is gone through twice: its header comes first.
    pub(super) async fn write_manifest(&self, form: ManifestForm, writer: impl Write) -> Result<(), CommandError> {
        let batch = &self.view.batch;
        let (names, mut columns) = (names(batch, form), ManifestColumns::like(header(batch, form)));
        if form != ManifestForm::Jsonl {
            self.for_each_row(|line| {
                columns.see(line, &names);
                Ok(())
            })
            .await?;
        }
        let mut rows = ManifestWriter::new(form, names, &columns, writer).context(WRITE)?;
        let seen = self.for_each_row(|line| rows.write(line)).await?;
        rows.finish().and_then(|mut writer| writer.flush()).context(WRITE)?;
        self.warn(&seen);
        Ok(())
    }

    async fn for_each_row(
        &self,
        mut take: impl FnMut(&ManifestLine<'_>) -> std::io::Result<()>,
    ) -> Result<Seen, CommandError> {
        let (store, context) = (self.store.shared(), self.store.context());
        let (blobs, now) = (context.blobs()?, store.now().await?);
        let (mut after, mut seen) = (0, Seen::default());
        loop {
            let lines = store.results(&self.request.batch, Page { after, limit: PAGE }).await?;
            if lines.is_empty() {
                return Ok(seen);
            }
            after += u64::try_from(lines.len()).unwrap_or(u64::MAX);
            if context.is_shared() {
                bring_here(&lines, context, store, &blobs).await?;
            }
            for view in lines.iter().map(|line| &line.view).filter(|view| self.is_row(view)) {
                if view.is_unreadable() {
                    seen.unreadable += u64::from(self.may_be_wanted(view));
                } else if self.wants(&view.job.id, view.status(), failure_of(&view.job)) {
                    seen.paid += u64::from(may_still_come(view, now));
                    with_row(view, &blobs, &mut take).context(WRITE)?;
                }
            }
        }
    }

    /// A job that no row asks for is asked for again only where a person picked it.
    fn is_row(&self, view: &JobView) -> bool {
        view.line.is_some() || self.picked.is_some()
    }

    /// Whether what cannot be read may be one that is wanted.
    fn may_be_wanted(&self, view: &JobView) -> bool {
        let failed = !self.request.failed || view.status().is_none_or(|status| status == Status::Failed);
        failed && self.picked.as_ref().is_none_or(|picked| picked.has(&view.job.id))
    }

    fn warn(&self, seen: &Seen) {
        let (batch, flags) = (&self.request.batch, self.store.context().flags());
        if seen.paid > 0 {
            tracing::warn!(
                "{} of these rows may still get the clips that were paid for: `reelq retry {batch} --look{flags}` fetches \
                 them; run as another batch they are bought again",
                seen.paid
            );
        }
        if seen.unreadable > 0 {
            tracing::warn!(
                "{} rows are left out, for their records cannot be read: `reelq doctor{flags}` names them",
                seen.unreadable
            );
        }
    }
}

const WRITE: &str = "write the manifest";

/// Which names the reader of manifests takes in this form.
fn names(batch: &BatchDraft, form: ManifestForm) -> ManifestNames {
    let carried = batch.passthrough.iter().filter(|name| is_carried(name, form)).cloned().collect();
    ManifestNames { fields: vocabulary().fields.into_iter().collect(), carried }
}

/// Whether the reader carries a column of this name as it is: it is asked, by a row that has one.
fn is_carried(name: &str, form: ManifestForm) -> bool {
    let (no_fields, value) = (Fields::new(), BTreeMap::from([(name.to_owned(), "x".to_owned())]));
    let line = ManifestLine {
        label: Some("x"),
        account: None,
        provider: None,
        model: None,
        mode: None,
        priority: None,
        fields: &no_fields,
        passthrough: &value,
    };
    let names = ManifestNames { fields: BTreeSet::new(), carried: BTreeSet::from([name.to_owned()]) };
    let mut columns = ManifestColumns::default();
    columns.see(&line, &names);
    let written = ManifestWriter::new(form, names, &columns, Vec::new()).and_then(|mut writer| {
        writer.write(&line)?;
        writer.finish()
    });
    let format = match form {
        ManifestForm::Csv => Format::Csv,
        ManifestForm::Tsv => Format::Tsv,
        ManifestForm::Jsonl => Format::Jsonl,
    };
    let Ok(bytes) = written else { return false };
    let read = Manifest::from_bytes(Path::new("row"), format, &bytes, &vocabulary());
    read.is_ok_and(|manifest| manifest.rows().any(|row| row.is_ok_and(|row| row.passthrough.contains_key(name))))
}

/// Enough of a table for its header.
const BEGINNING: u64 = 64 * 1024;

/// The header that the rows came under, where the manifest is a table and still there.
fn header(batch: &BatchDraft, form: ManifestForm) -> Vec<String> {
    let path = batch.manifest_path.as_deref().unwrap_or(&batch.manifest);
    let separator = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("csv") => None,
        Some("tsv" | "tab") => Some(b'\t'),
        _ => return Vec::new(),
    };
    if form == ManifestForm::Jsonl {
        return Vec::new();
    }
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    read.map(|_| header_of(&beginning, separator)).unwrap_or_default()
}

/// Whether a row that failed was, or may have been, paid for, so that running it as another batch would pay for it twice.
fn may_still_come(view: &JobView, now: Timestamp) -> bool {
    let changes = failure_of(&view.job).is_none_or(|kind| matches!(kind, FailureKind::Content | FailureKind::Invalid));
    !changes && Paid::of(&view.job, now) != Paid::Nothing
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

/// Hands over the row that asks for the same as this job.
fn with_row<T>(view: &JobView, blobs: &Blobs, take: impl FnOnce(&ManifestLine<'_>) -> T) -> T {
    let (spec, line) = (&view.job.spec, view.line.as_ref());
    let none = BTreeMap::new();
    let mut fields = spec.fields.clone();
    // Where the request carries its mode, the row's own `mode` would say it twice.
    fields.remove("mode");
    fields.values_mut().for_each(|value| with_paths(value, blobs));
    take(&ManifestLine {
        label: line.and_then(|line| line.label.as_deref()),
        account: Some(spec.account.as_str()),
        provider: None,
        model: Some(spec.model.as_str()),
        mode: mode_of(&spec.fields),
        priority: Some(view.job.priority).filter(|priority| *priority != 0),
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
