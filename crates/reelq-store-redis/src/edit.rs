//! What people do to single jobs: retry, resolve, name a task, cancel. And the withdrawals that scripts ask for.

use reelq_model::{Event, IllegalTransition, JobId, Stage, Status};

use super::{
    caller::Caller,
    change::{self, Answer, Change, Entry, Guard, Token},
    facts,
    idempotency_tokens::IdempotencyTokens,
    record::Record,
    unreadable,
};
use reelq_store::rules::figures;
use reelq_store::{Edited, Error, Result};

pub(super) async fn edit(caller: &Caller, marks: &IdempotencyTokens, job: JobId, event: &Event) -> Result<Edited> {
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
        let record = match known(caller, job).await {
            Err(Error::Unreadable { .. }) => return Ok(Edited::unreadable(event.name())),
            record => record?,
        };
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

pub(super) fn plan(record: &Record, event: &Event, token: Token, caller: &Caller) -> Result<Change, IllegalTransition> {
    let (job, version) = (&record.job, record.version);
    // A row that is given up is taken from whoever has it in hand: their lease is of an earlier version then.
    if record.in_hand() && !figures::is_give_up(event) {
        return Err(IllegalTransition { stage: job.status().as_str(), event: event.name() });
    }
    let unpark = record.parked && matches!(event, Event::Retry { .. }) && !job.stage.is_terminal();
    let mut change = if unpark {
        Change::nothing(job, version, token)
    } else {
        Change::by(job, version, event, caller.server_clock.now(), token)?
    };
    if matches!(event, Event::Retry { .. }) {
        change.wishes = facts::CANCEL_ASKED + facts::CANCEL_GONE;
    }
    change.guard = if record.in_hand() { Guard::At } else { Guard::Free };
    change.history = Some(Entry::of(event, None));
    Ok(change)
}

/// Cancels jobs that wait to be submitted and that are not wanted any more; whoever was first has done it.
pub(super) async fn withdraw(caller: &Caller, ids: &[JobId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let (mut unwanted, mut damaged) = (Vec::new(), Vec::new());
    for (found, id) in change::read_each(caller, ids).await?.into_iter().zip(ids) {
        match found {
            Some(Ok((record, _))) => unwanted.push(record),
            Some(Err(error)) => damaged.push((*id, error)),
            None => {}
        }
    }
    unreadable::set_aside_present(caller, &damaged).await?;
    let unwanted = unwanted.into_iter().filter(|record| record.cancel_is_due() && !record.in_hand());
    let changes = unwanted.map(|record| withdrawal(caller, &record)).collect::<Result<Vec<_>, _>>();
    let changes = changes.map_err(|illegal| Error::broken(illegal.to_string()))?;
    if !changes.is_empty() {
        change::apply(caller, &changes).await?;
    }
    Ok(())
}

pub(super) fn withdrawal(caller: &Caller, record: &Record) -> Result<Change, IllegalTransition> {
    let event = Event::Cancelled { settlement: None };
    let token = change::token(&[b"withdraw", record.job.id.as_bytes(), &record.version.to_be_bytes()]);
    let change = Change::by(&record.job, record.version, &event, caller.server_clock.now(), token)?;
    let why = if record.cancel == facts::CANCEL_GONE { "its line is gone" } else { "" };
    let entry = Entry { reason: why.to_owned(), ..Entry::of(&event, None) };
    Ok(Change { guard: Guard::Free, history: Some(entry), ..change })
}

pub(super) fn refused(stage: &Stage) -> Edited {
    let status: Status = stage.status();
    Edited::Refused(IllegalTransition { stage: status.as_str(), event: "cancelled" })
}
