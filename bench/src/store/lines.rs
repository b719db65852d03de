//! Lines to load: as large as those of a real evaluation set.

use std::{collections::BTreeMap, num::NonZeroU32};

use anyhow::Result;
use reelq_model::{AccountName, BatchName, Fields, JobDraft, JobId, JobSpec, ModelName, Money, ProviderName};
use reelq_store::{AccountLimits, BatchDraft, Line, LineDraft};

/// Limits that hold nothing back: without any, nothing is bought on an account.
pub(crate) const fn no_limits() -> AccountLimits {
    AccountLimits {
        requests_per_second: 1e9,
        burst: NonZeroU32::MAX,
        polls_per_second: 1e9,
        max_in_flight: NonZeroU32::MAX,
        budget: None,
        daily_budget: None,
        open_rate: false,
        open_in_flight: false,
    }
}

/// The one account.
pub(crate) fn account() -> Result<AccountName> {
    Ok(AccountName::new("wave")?)
}

/// A batch without a budget.
pub(super) fn batch(name: &str) -> Result<BatchDraft> {
    Ok(BatchDraft {
        name: BatchName::new(name)?,
        output: "out".to_owned(),
        file_name: "{row:06}.mp4".to_owned(),
        budget: None,
        priority: 0,
        manifest: "set.csv".to_owned(),
        manifest_path: None,
        passthrough: Vec::new(),
        loaded_with: None,
    })
}

/// `count` lines, each with a prompt of about 200 characters.
pub(super) fn lines(batch: &BatchDraft, count: usize) -> Result<Vec<LineDraft>> {
    (1..=count).map(|row| line(&batch.name, row)).collect()
}

fn line(batch: &BatchName, row: usize) -> Result<LineDraft> {
    let mut fields = Fields::new();
    let prompt = format!("{row:07} {}", "a lighthouse in heavy rain, seen from above ".repeat(4));
    fields.insert("prompt".to_owned(), prompt.into());
    fields.insert("duration".to_owned(), 6.into());
    let spec = JobSpec {
        account: account()?,
        provider: ProviderName::new("wave")?,
        model: ModelName::new("minimax-hailuo-2.3")?,
        mode: "text-to-video".to_owned(),
        fields,
    };
    let id = JobId::derive(batch, &spec.digest(), 1);
    let job = JobDraft { id, spec, price: Some(Money::from_micros(100_000)), priority: 0 };
    let line = Line { row: u64::try_from(row)?, copy: 1, label: None, passthrough: BTreeMap::new() };
    Ok(LineDraft { job, line })
}

/// Bytes of what the user said of one row, as JSON: other queues are given as much.
pub(super) fn payload() -> Result<usize> {
    let line = line(&batch("set")?.name, 1)?;
    Ok(serde_json::to_vec(&line.job.spec)?.len())
}
