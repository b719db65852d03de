//! What people do to single jobs: retry, resolve, name a task, cancel. And the withdrawals that scripts ask for.

use reelq_model::{Event, IllegalTransition, JobId, Stage, Status};

use super::{
    caller::Caller,
    change::{self, Answer, Change, Entry, Guard, Token},
    facts,
    pack::Packer,
    record::Record,
    scripts,
    unanswered::Unanswered,
};
use crate::{Edited, Error, Result};

pub(super) async fn edit(caller: &Caller, marks: &Unanswered, job: JobId, event: &Event) -> Result<Edited> {
    let request = format!("edit {job} {event:?}");
    let mark = marks.mark(&request);
    let token = change::token(&[b"edit", mark.as_bytes()]);
    let edited = edit_as(caller, job, event, token).await;
    if edited.as_ref().is_err_and(Error::is_transient) {
        marks.keep(request, mark);
    }
    edited
}

async fn edit_as(caller: &Caller, job: JobId, event: &Event, token: Token) -> Result<Edited> {
    loop {
        let record = known(caller, job).await?;
        if record.token == token {
            return Ok(Edited::Done);
        }
        let change = match plan(&record, event, token, caller) {
            Ok(change) => change,
            Err(illegal) => return Ok(Edited::Refused(illegal)),
        };
        let done = change::apply(caller, &[change]).await?;
        withdraw(caller, &done.withdrawn).await?;
        match done.each.first() {
            Some(Answer::Done { .. }) => return Ok(Edited::Done),
            Some(Answer::Purging) => return Err(Error::BeingPurged(record.job.batch.to_string())),
            _ => {}
        }
    }
}

async fn known(caller: &Caller, job: JobId) -> Result<Record> {
    let found = change::read(caller, &[job]).await?.into_iter().next().flatten();
    found.map(|(record, _)| record).ok_or_else(|| Error::NoJob(job.to_string()))
}

fn plan(record: &Record, event: &Event, token: Token, caller: &Caller) -> Result<Change, IllegalTransition> {
    let (job, version) = (&record.job, record.version);
    if record.in_hand() {
        return Err(IllegalTransition { stage: job.status().as_str(), event: event.name() });
    }
    let unpark = record.parked && matches!(event, Event::Retry { .. }) && !job.stage.is_terminal();
    let mut change = if unpark {
        Change::nothing(job, version, token)
    } else {
        Change::by(job, version, event, caller.hours.now(), token)?
    };
    if matches!(event, Event::Retry { .. }) {
        change.wishes = facts::CANCEL_ASKED + facts::CANCEL_GONE;
    }
    (change.guard, change.history) = (Guard::Free, Some(Entry::of(event, None)));
    Ok(change)
}

/// Cancels jobs that wait to be submitted and that are not wanted any more; whoever was first has done it.
pub(super) async fn withdraw(caller: &Caller, ids: &[JobId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let found = change::read_each(caller, ids).await?.into_iter().zip(ids);
    let unwanted = found.filter_map(|(found, id)| match found? {
        Ok((record, _)) => Some(record),
        Err(error) => {
            caller.unreadable.tell(*id, &error);
            None
        }
    });
    let unwanted = unwanted.filter(|record| record.cancel_is_due() && !record.in_hand());
    let changes = unwanted.map(|record| withdrawal(caller, &record)).collect::<Result<Vec<_>, _>>();
    let changes = changes.map_err(|illegal| Error::broken(illegal.to_string()))?;
    if !changes.is_empty() {
        change::apply(caller, &changes).await?;
    }
    Ok(())
}

fn withdrawal(caller: &Caller, record: &Record) -> Result<Change, IllegalTransition> {
    let event = Event::Cancelled { settlement: None };
    let token = change::token(&[b"withdraw", record.job.id.as_bytes(), &record.version.to_be_bytes()]);
    let change = Change::by(&record.job, record.version, &event, caller.hours.now(), token)?;
    let why = if record.cancel == facts::CANCEL_GONE { "its line is gone" } else { "" };
    let entry = Entry { reason: why.to_owned(), ..Entry::of(&event, None) };
    Ok(Change { guard: Guard::Free, history: Some(entry), ..change })
}

pub(super) async fn cancel(caller: &Caller, job: JobId) -> Result<Edited> {
    loop {
        let reply = caller.call(&scripts::CANCEL, &Packer::new().list(1).bytes(job.as_bytes()).finish()).await?;
        let mut unpacker = reply.unpack();
        let (word, record) = (unpacker.int()?, unpacker.bytes()?);
        match word {
            0 => return Err(Error::NoJob(job.to_string())),
            2 => return Ok(Edited::Requested),
            3 => return Ok(refused(&Record::read(record)?.job.stage)),
            _ => {}
        }
        let withdrawal =
            withdrawal(caller, &Record::read(record)?).map_err(|error| Error::broken(error.to_string()))?;
        if let Some(Answer::Done { .. }) = change::apply(caller, &[withdrawal]).await?.each.first() {
            return Ok(Edited::Done);
        }
    }
}

fn refused(stage: &Stage) -> Edited {
    let status: Status = stage.status();
    Edited::Refused(IllegalTransition { stage: status.as_str(), event: "cancelled" })
}
