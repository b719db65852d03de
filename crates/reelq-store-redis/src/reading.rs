//! Single jobs, histories and workers, as people see them.

use reelq_model::{BatchName, JobId, Timestamp, WorkerId};

use super::{
    caller::{Caller, other_format},
    change,
    codec::Packer,
    codec::Unpacker,
    history, lines,
    memory::FORMAT,
    moving,
    record::Record,
};
use reelq_store::rules::unreadable;
use reelq_store::{Error, HistoryEntry, JobView, Result, Unread, WorkerView};

script!(HISTORY, "history", ["job_keys", "record"]);
script!(NOW, "now");
script!(OPEN, "open");
script!(WORKERS, "workers", ["job_keys"]);

/// Begins the namespace, or takes over one of an earlier format; refused where a newer one was found.
pub(super) async fn open(caller: &Caller) -> Result<Timestamp> {
    let arguments = Packer::new().list(1).int(i64::from(FORMAT)).finish();
    let reply = caller.call_any_format(&OPEN, &arguments).await?;
    let mut unpacker = reply.unpack();
    let (found, is_to_be_moved) = (unpacker.int()?, unpacker.flag()?);
    if found != i64::from(FORMAT) {
        return Err(other_format(found));
    }
    if is_to_be_moved {
        moving::to_the_end(caller).await?;
    }
    Ok(reply.now)
}

/// Looks at the format without noting anything, as every script does: for whoever may only read.
pub(super) async fn look(caller: &Caller) -> Result<Timestamp> {
    now(caller).await
}

pub(super) async fn now(caller: &Caller) -> Result<Timestamp> {
    Ok(caller.call(&NOW, &Packer::new().list(0).finish()).await?.now)
}

/// What the server's clock shows, which may have been set back.
pub(super) async fn calendar(caller: &Caller) -> Result<Timestamp> {
    let reply = caller.call(&NOW, &Packer::new().list(0).finish()).await?;
    Ok(Timestamp::from_millis(reply.unpack().int()?))
}

pub(super) async fn job(caller: &Caller, job: JobId) -> Result<Option<JobView>> {
    let found = change::read(caller, &[job]).await?.into_iter().next().flatten();
    Ok(found.map(|(record, line)| view(record, &line)))
}

/// A job with what is known around it; `line` is packed, and empty where it has none.
pub(super) fn view(record: Record, line: &[u8]) -> JobView {
    let (line, unread) = lines::shown_line(line, record.position);
    JobView {
        line,
        unread: unread.map(Unread::Line),
        due: record.due.filter(|_| !record.in_hand()),
        cancel_requested: record.stored().cancel_is_requested() && !record.job.stage.is_terminal(),
        parked: record.parked,
        worker: record.worker,
        job: record.job,
    }
}

/// What is shown of a job whose record cannot be read.
pub(super) fn stand_in(job: JobId, batch: BatchName, record: &[u8], line: &[u8], reason: &str) -> Result<JobView> {
    let status = Record::status_of(record);
    Ok(JobView {
        line: lines::shown_line(line, 0).0,
        unread: Some(Unread::Job { reason: reason.to_owned(), status }),
        due: None,
        cancel_requested: false,
        parked: true,
        worker: None,
        job: unreadable::stand_in(job, Some(batch), None, None, reason)?,
    })
}

pub(super) async fn history(caller: &Caller, job: JobId) -> Result<Vec<HistoryEntry>> {
    let reply = caller.call(&HISTORY, &change::pack_ids(&[job])).await?;
    Ok(history::entries(reply.unpack().bytes()?))
}

pub(super) async fn workers(caller: &Caller) -> Result<Vec<WorkerView>> {
    let reply = caller.call(&WORKERS, &Packer::new().list(0).finish()).await?;
    let mut views = reply.unpack().each(worker)?;
    views.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(views)
}

fn worker(unpacker: &mut Unpacker<'_>) -> Result<WorkerView> {
    unpacker.list()?;
    Ok(WorkerView {
        id: WorkerId::new(unpacker.text()?).map_err(|error| Error::broken(error.to_string()))?,
        seen_at: Timestamp::from_millis(unpacker.int()?),
        leases: unpacker.count()?,
    })
}
