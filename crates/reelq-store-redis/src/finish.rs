//! The end of a load: its lines become the batch's manifest. What becomes of single jobs is worked out here, part by
//! part, and done by `commit_import.lua` if they still stand as they did.

use std::collections::BTreeMap;

use reelq_model::{AccountName, IllegalTransition, Job, JobId, Money, Stage};

use super::{
    asked::{Kind, write_fields},
    caller::Caller,
    change,
    codec::{Packer, Unpacker},
    facts,
    record::{Record, write_state},
};
use reelq_store::{
    Error, Import, Imported, Result,
    transition::{self, LineTerms, StoredJob},
};

script!(
    COMMIT_IMPORT,
    "commit_import",
    ["job_keys", "load_keys", "record", "writes", "later", "save", "books", "queues", "leases", "journals"]
);

/// At most about this many jobs are looked at in one call: it holds up the server while it runs.
const VISITS: i64 = 1_000;

pub(super) async fn finish(caller: &Caller, load: &Import) -> Result<Imported> {
    let mut verdicts = BTreeMap::new();
    loop {
        let reply = caller.call(&COMMIT_IMPORT, &arguments(load, &verdicts)).await?;
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
            caller.unreadable.report(id, &error);
            return Ok((id, left_alone(id, Record::version_of(record).unwrap_or(0))));
        }
    };
    let (now, stored) = (caller.server_clock.now(), record.stored());
    let bug = |illegal: IllegalTransition| Error::broken(illegal.to_string());
    if what == 1 {
        let withdrawn = transition::withdraw(now, &stored).map_err(bug)?;
        return Ok((record.job.id, verdict(&record, Some(&withdrawn.job), None)?));
    }
    let terms = LineTerms {
        account: AccountName::new(account).map_err(|error| Error::broken(error.to_string()))?,
        price: (price != facts::NO_PRICE).then(|| Money::from_micros(price)),
        priority: i32::try_from(priority).unwrap_or(0),
        // What cannot be read is not taken over.
        fields: serde_json::from_slice(fields).ok(),
    };
    let taken = transition::take_over(&record.job, terms);
    let taken_job = taken.as_ref().unwrap_or(&record.job);
    if !matches!(record.job.stage, Stage::Cancelled { .. }) {
        return Ok((record.job.id, verdict(&record, taken.as_ref(), taken.as_ref())?));
    }
    let revived = transition::line_is_back(now, &StoredJob { job: taken_job, ..stored }).map_err(bug)?;
    Ok((record.job.id, verdict(&record, revived.as_ref().map(|change| &*change.job), taken.as_ref())?))
}

/// The verdict on a job that cannot be read: it stays as it is.
fn left_alone(id: JobId, version: u64) -> Vec<u8> {
    Packer::new().list(5).bytes(id.as_bytes()).count(version).list(0).bytes(&[]).flag(false).finish()
}

/// `takes`: the job with the terms of its line.
fn verdict(record: &Record, becomes: Option<&Job>, takes: Option<&Job>) -> Result<Vec<u8>> {
    let job = becomes.unwrap_or(&record.job);
    let mut packer = Packer::new();
    packer.list(5).bytes(job.id.as_bytes()).count(record.version);
    facts::write(&mut packer, job, record.parked && becomes.is_none());
    let json = becomes.map(write_state).transpose()?.unwrap_or_default();
    packer.bytes(&json);
    match takes {
        None => packer.flag(false),
        Some(job) => {
            let (kind, content) = Kind::of_job(job).packed();
            packer.list(3).bytes(&kind).bytes(&content).bytes(&write_fields(&job.spec.fields)?)
        }
    };
    Ok(packer.finish())
}
