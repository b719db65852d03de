//! What was asked for with a job, as a load writes it once: a packed head, and the request's fields as JSON behind it. What many
//! jobs have in common stands apart, by its digest, so that the same bytes always mean the same kind.

use reelq_model::{
    AccountName, BatchName, Digest, Fields, Job, JobDraft, JobId, JobSpec, ModelName, Money, ProviderName, Timestamp,
};

use super::{
    codec::{Packer, Unpacker},
    facts,
};
use reelq_store::{Error, Result, rules::bounds};

/// The newest format of records that this version reads.
pub(super) const FORMAT: i64 = 2;

pub(super) fn other_record(format: i64) -> Error {
    Error::Format { found: u32::try_from(format).unwrap_or(u32::MAX), supported: u32::try_from(FORMAT).unwrap_or(0) }
}

/// The digest of a kind.
pub(super) type KindId = [u8; 8];

/// What jobs have in common that differ only in their words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub batch: BatchName,
    pub account: AccountName,
    pub provider: ProviderName,
    pub model: ModelName,
    pub mode: String,
    pub price: Option<Money>,
    pub priority: i32,
}

impl Kind {
    pub(super) fn of_job(job: &Job) -> Self {
        Self::of(&job.batch, &job.spec, job.price, job.priority)
    }

    pub(super) fn of(batch: &BatchName, spec: &JobSpec, price: Option<Money>, priority: i32) -> Self {
        let JobSpec { account, provider, model, mode, .. } = spec;
        Self {
            batch: batch.clone(),
            account: account.clone(),
            provider: provider.clone(),
            model: model.clone(),
            mode: mode.clone(),
            price,
            priority,
        }
    }

    /// Its bytes, and what they are known by.
    pub(super) fn packed(&self) -> (KindId, Vec<u8>) {
        let mut packer = Packer::new();
        packer.list(7).text(self.batch.as_str()).text(self.account.as_str()).text(self.provider.as_str());
        packer.text(self.model.as_str()).text(&self.mode).int(bounds::price(self.price)).int(i64::from(self.priority));
        let content = packer.finish();
        let mut id = KindId::default();
        id.copy_from_slice(&Digest::of(&content).as_bytes()[..8]);
        (id, content)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let mut unpacker = Unpacker::new(bytes);
        unpacker.list()?;
        Ok(Self {
            batch: BatchName::new(unpacker.text()?).map_err(broken)?,
            account: AccountName::new(unpacker.text()?).map_err(broken)?,
            provider: ProviderName::new(unpacker.text()?).map_err(broken)?,
            model: ModelName::new(unpacker.text()?).map_err(broken)?,
            mode: unpacker.text()?.to_owned(),
            price: Some(unpacker.int()?).filter(|price| *price != facts::NO_PRICE).map(Money::from_micros),
            priority: i32::try_from(unpacker.int()?).unwrap_or_default(),
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn broken(error: impl ToString) -> Error {
    Error::broken(error.to_string())
}

/// What stands of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    pub kind: KindId,
    /// Stands for the batch; later ones have higher numbers.
    pub batch: u64,
    /// The load that brought it.
    pub load: u64,
    /// Its age among all jobs of the namespace.
    pub seq: u64,
    /// Where its line stood when it was loaded.
    pub position: u64,
    pub queued_at: Timestamp,
    /// As JSON.
    pub fields: &'a [u8],
}

impl<'a> Asked<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut unpacker = Unpacker::new(bytes);
        unpacker.list()?;
        let format = unpacker.int()?;
        if format != FORMAT {
            return Err(other_record(format));
        }
        let kind = unpacker.bytes()?.try_into().map_err(|_| Error::broken("no digest of a kind"))?;
        let (batch, load, seq) = (unpacker.count()?, unpacker.count()?, unpacker.count()?);
        let (position, queued_at) = (unpacker.count()?, Timestamp::from_millis(unpacker.int()?));
        Ok(Self { kind, batch, load, seq, position, queued_at, fields: unpacker.rest() })
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut packer = Packer::new();
        packer.list(7).int(FORMAT).bytes(&self.kind).count(self.batch).count(self.load).count(self.seq);
        packer.count(self.position).int(self.queued_at.millis()).raw(self.fields);
        packer.finish()
    }

    /// The job as its load left it.
    pub(super) fn job(&self, id: JobId, kind: &Kind) -> Result<Job> {
        let spec = JobSpec {
            account: kind.account.clone(),
            provider: kind.provider.clone(),
            model: kind.model.clone(),
            mode: kind.mode.clone(),
            fields: read_fields(self.fields)?,
        };
        let draft = JobDraft { id, spec, price: kind.price, priority: kind.priority };
        Ok(Job::new(draft, kind.batch.clone(), self.queued_at))
    }
}

fn read_fields(json: &[u8]) -> Result<Fields> {
    serde_json::from_slice(json).map_err(|error| Error::broken(format!("a job cannot be read: {error}")))
}

pub(super) fn write_fields(fields: &Fields) -> Result<Vec<u8>> {
    serde_json::to_vec(fields).map_err(|error| Error::broken(format!("a job cannot be written: {error}")))
}
