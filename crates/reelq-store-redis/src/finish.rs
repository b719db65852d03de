//! The end of a load: its lines become the batch's manifest. What becomes of single jobs is worked out here, part by
//! part, and done by `commit_import.lua` if they still stand as they did.

use std::collections::BTreeMap;

use reelq_model::{AccountName, Event, Fields, Job, JobId, Money, Stage};

use super::{
    caller::Caller,
    change,
    codec::{Packer, Unpacker},
    facts,
    record::{Record, write_job},
    scripts,
};
use reelq_store::{Error, Import, Imported, Result};

/// At most about this many jobs are looked at in one call: it holds up the server while it runs.
const VISITS: i64 = 1_000;

pub(super) async fn finish(caller: &Caller, load: &Import) -> Result<Imported> {
    let mut verdicts = BTreeMap::new();
    loop {
        let reply = caller.call(&scripts::FINISH_LOAD, &arguments(load, &verdicts)).await?;
        let mut unpacker = reply.unpack();
        let (word, lines) = (unpacker.int()?, unpacker.count()?);
        let (cancelled, revived) = (unpacker.count()?, unpacker.count()?);
        match word {
            0 => return Ok(Imported { lines, cancelled, revived }),
            1 => return Err(Error::ImportSuperseded),
            3 => return Err(Error::ImportedMeanwhile),
            _ => {}
        }
        let open = unpacker.each(|unpacker| judge(caller, unpacker))?;
        if open.is_empty() {
            verdicts.clear();
        }
        verdicts.extend(open);
    }
}

fn arguments(load: &Import, verdicts: &BTreeMap<JobId, Vec<u8>>) -> Vec<u8> {
    let mut packer = Packer::new();
    packer.list(5).text(load.batch.as_str()).count(load.generation).list(verdicts.len());
    for verdict in verdicts.values() {
        packer.raw(verdict);
    }
    packer.int(VISITS).text(load.seen.as_ref().map_or("", |seen| &seen.mark)).finish()
}

/// What the job's line now says of it.
struct Ask {
    account: AccountName,
    price: Option<Money>,
    priority: i32,
    fields: Option<Fields>,
}

/// What becomes of a job whose line is gone (1) or there (2); packed for the script.
fn judge(caller: &Caller, unpacker: &mut Unpacker<'_>) -> Result<(JobId, Vec<u8>)> {
    unpacker.list()?;
    let (what, record) = (unpacker.int()?, unpacker.bytes()?);
    let (account, price, priority) = (unpacker.text()?, unpacker.int()?, unpacker.int()?);
    let id = change::read_id(unpacker)?;
    let fields = unpacker.bytes()?;
    let record = match Record::of(id, record) {
        Ok(record) => record,
        Err(error) => {
            caller.unreadable.tell(id, &error);
            return Ok((id, left_alone(id, Record::version_of(record).unwrap_or(0))));
        }
    };
    let now = caller.server_clock.now();
    let apply = |job: &Job, event| {
        let applied = job.apply(event, now).map_err(|illegal| Error::broken(illegal.to_string()))?;
        Ok::<_, Error>(applied.job)
    };
    if what == 1 {
        let withdrawn = apply(&record.job, Event::Cancelled { settlement: None })?;
        return Ok((record.job.id, verdict(&record, Some(&withdrawn), false)?));
    }
    let ask = Ask {
        account: AccountName::new(account).map_err(|error| Error::broken(error.to_string()))?,
        price: (price != facts::NO_PRICE).then(|| Money::from_micros(price)),
        priority: i32::try_from(priority).unwrap_or(0),
        // What cannot be read is not taken over.
        fields: serde_json::from_slice(fields).ok(),
    };
    let taken = take_over(&record.job, ask);
    let takes = taken.is_some();
    let back = matches!(record.job.stage, Stage::Cancelled { .. });
    // A line that is back is no agreement to buy again what was bought: its task is looked at first.
    let retry = Event::Retry { buy: record.job.stage.task().is_none() };
    let becomes = if back { Some(apply(taken.as_ref().unwrap_or(&record.job), retry)?) } else { taken };
    Ok((record.job.id, verdict(&record, becomes.as_ref(), takes)?))
}

/// The verdict on a job that cannot be read: it stays as it is.
fn left_alone(id: JobId, version: u64) -> Vec<u8> {
    Packer::new().list(5).bytes(id.as_bytes()).count(version).list(0).bytes(&[]).flag(false).finish()
}

/// The job with what its line says of it; nothing where it was submitted before, and so keeps what it has.
fn take_over(job: &Job, ask: Ask) -> Option<Job> {
    (job.submissions == 0).then(|| {
        let mut taken = job.clone();
        taken.spec.account = ask.account;
        (taken.price, taken.priority) = (ask.price, ask.priority);
        taken.spec.fields = ask.fields.unwrap_or(taken.spec.fields);
        taken
    })
}

fn verdict(record: &Record, becomes: Option<&Job>, takes: bool) -> Result<Vec<u8>> {
    let job = becomes.unwrap_or(&record.job);
    let mut packer = Packer::new();
    packer.list(5).bytes(job.id.as_bytes()).count(record.version);
    facts::write(&mut packer, job, record.parked && becomes.is_none());
    let json = becomes.map(write_job).transpose()?.unwrap_or_default();
    Ok(packer.bytes(&json).flag(takes).finish())
}
