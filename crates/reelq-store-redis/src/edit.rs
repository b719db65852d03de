//! What people do to single jobs: retry, resolve, name a task, cancel. And the withdrawals that scripts ask for.

use reelq_model::{Event, IllegalTransition, JobId, Timestamp};

use super::{
    caller::Caller,
    change::{self, Answer, Guard, Guarded, Token},
    idempotency_tokens::IdempotencyTokens,
    record::Record,
    unreadable,
};
use reelq_store::{
    Edited, Error, Result,
    rules::cancel::CancelWish,
    transition::{self, Change, StoredJob},
};

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
        let (now, stored) = (caller.server_clock.now(), judged(&record));
        let change = match transition::apply_event(now, &stored, event) {
            Ok(change) => guarded(&stored, change, token, now),
            Err(illegal) => return Ok(Edited::Refused(illegal)),
        };
        let done = change::apply(caller, &[&change]).await?;
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

/// The job as a person's change is judged by: a withdrawal that becomes due with it is a step of its own, which the script
/// asks for.
pub(super) const fn judged(record: &Record) -> StoredJob<'_> {
    StoredJob { cancel: CancelWish::NONE, ..record.stored() }
}

/// A person's change. One that takes the job from its worker is done under the version alone.
pub(super) fn guarded<'a>(stored: &StoredJob<'_>, change: Change<'a>, token: Token, now: Timestamp) -> Guarded<'a> {
    let guard = if stored.is_leased() { Guard::At } else { Guard::Free };
    Guarded::new(guard, stored, change, token, now)
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
    let unwanted = unwanted.iter().map(Record::stored).filter(|stored| stored.cancel_is_due() && !stored.is_leased());
    let changes = unwanted.map(|stored| withdrawal(caller, &stored)).collect::<Result<Vec<_>, _>>();
    let changes = changes.map_err(|illegal| Error::broken(illegal.to_string()))?;
    if !changes.is_empty() {
        change::apply(caller, &changes.iter().collect::<Vec<_>>()).await?;
    }
    Ok(())
}

fn withdrawal<'a>(caller: &Caller, stored: &StoredJob<'a>) -> Result<Guarded<'a>, IllegalTransition> {
    let now = caller.server_clock.now();
    let change = transition::withdraw(now, stored)?;
    Ok(Guarded::new(Guard::Free, stored, change, withdrawal_token(stored), now))
}

pub(super) fn withdrawal_token(stored: &StoredJob<'_>) -> Token {
    change::token(&[b"withdraw", stored.job.id.as_bytes(), &stored.version.to_be_bytes()])
}
