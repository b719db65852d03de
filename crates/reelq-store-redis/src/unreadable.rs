//! Jobs whose record cannot be read: a process reports each once, however often it is met.

use reelq_model::{BatchName, JobId};

use super::{
    caller::Caller,
    change,
    codec::Packer,
    limits,
    listing::{Quota, Walk},
    record::Record,
    scripts, views,
};
use reelq_store::{Error, JobFilter, JobView, RecordOf, Result, Unread, UnreadableRecord};

script!(SET_ASIDE, "set_aside", ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "room"]);

/// A job whose header can be read, and the job itself cannot.
#[derive(Debug)]
pub(super) struct Damaged {
    pub job: JobId,
    pub version: u64,
    pub error: Error,
}

/// Takes such jobs out of all queues and hands, if they still are at that version.
pub(super) async fn set_aside(caller: &Caller, damaged: &[Damaged]) -> Result<()> {
    let mut packer = Packer::new();
    packer.list(damaged.len());
    for Damaged { job, version, error } in damaged {
        caller.unreadable.report(*job, error);
        packer.list(3).bytes(job.as_bytes()).count(*version).text(&error.to_string());
    }
    caller.call(&SET_ASIDE, &packer.finish()).await.map(drop)
}

/// The same for jobs as they stand now.
pub(super) async fn set_aside_present(caller: &Caller, found: &[(JobId, Error)]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let ids: Vec<JobId> = found.iter().map(|(job, _)| *job).collect();
    let versions = versions(caller, &ids).await?;
    let damaged = found.iter().zip(versions).filter_map(|((job, error), version)| {
        let error = Error::Unreadable { job: *job, reason: error.to_string() };
        Some(Damaged { job: *job, version: version?, error })
    });
    set_aside(caller, &damaged.collect::<Vec<_>>()).await
}

async fn versions(caller: &Caller, ids: &[JobId]) -> Result<Vec<Option<u64>>> {
    let reply = caller.call(&scripts::READ, &change::pack_ids(ids)).await?;
    reply.unpack().each(|unpacker| {
        unpacker.list()?;
        let (record, _line) = (unpacker.bytes()?, unpacker.bytes()?);
        Ok(Record::version_of(record))
    })
}

/// Every record that cannot be read, or not whole. Reads all jobs that are shown, part by part.
pub(super) async fn list(caller: &Caller) -> Result<Vec<UnreadableRecord>> {
    let (filter, mut all) = (JobFilter::default(), accounts_and_batches(caller).await?);
    for batch in &views::names(caller).await? {
        for listed in [true, false] {
            let walk = Walk { batch: Some(batch), alone: true, filter: &filter, bought: false, orphans: false };
            let mut found = Vec::new();
            match walk.go(caller, listed, &mut Quota { skip: 0, left: usize::MAX }, &mut found, true).await {
                Ok(()) | Err(Error::NoBatch(_)) => {}
                Err(error) => return Err(error),
            }
            all.extend(found.into_iter().filter_map(|found| of(batch, found.view, found.is_gone)));
        }
    }
    Ok(all)
}

fn of(batch: &BatchName, view: JobView, is_gone: bool) -> Option<UnreadableRecord> {
    let row = view.line.as_ref().map_or(0, |line| line.row);
    let (of, reason) = match view.unread? {
        Unread::Job { reason, .. } if is_gone => (RecordOf::Gone(row), reason),
        Unread::Job { reason, .. } => (RecordOf::Job(view.job.id), reason),
        Unread::Line(reason) => (RecordOf::Line(row), reason),
    };
    Some(UnreadableRecord { of, batch: Some(batch.clone()), reason })
}

async fn accounts_and_batches(caller: &Caller) -> Result<Vec<UnreadableRecord>> {
    let mut all = Vec::new();
    for view in limits::accounts(caller).await? {
        let name = view.name.to_string();
        all.extend(view.unread.map(|reason| UnreadableRecord { of: RecordOf::Account(name), batch: None, reason }));
    }
    for (name, error) in views::unread(caller).await? {
        let (batch, reason) = (BatchName::new(name.clone()).ok(), error.to_string());
        all.push(UnreadableRecord { of: RecordOf::Batch(name), batch, reason });
    }
    Ok(all)
}
