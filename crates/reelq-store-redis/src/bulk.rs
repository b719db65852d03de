//! People's changes to many jobs: read together, worked out here, and done together if the jobs still
//! stand as they did.

use reelq_model::{BatchName, Digest, Event, JobId};

use super::{
    caller::Caller,
    change::{self, Answer, Guarded, Token, pack_ids},
    codec::Packer,
    edit, finish,
    idempotency_tokens::IdempotencyTokens,
    record::Record,
};
use reelq_store::transition::{self, Change, EditStep};
use reelq_store::{Edit, Edited, Error, Import, Result};

script!(BEGIN_CANCEL, "begin_cancel", ["job_keys", "load_keys", "record", "clear", "room"]);
script!(CANCEL, "cancel", ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "room"]);
script!(END_CANCEL, "end_cancel", ["room"]);

/// At most this many jobs are read and changed in one call: it holds up the server while it runs.
const AT_ONCE: usize = 250;

pub(super) async fn edit_all(
    caller: &Caller,
    marks: &IdempotencyTokens,
    edits: &[(JobId, Edit)],
) -> Result<Vec<Edited>> {
    let mut answers = Vec::with_capacity(edits.len());
    for part in edits.chunks(AT_ONCE) {
        let request = format!("edits {}", Digest::of(format!("{part:?}").as_bytes()));
        let mark = marks.mark(&request);
        let edited = Editing { caller, mark: &mark }.all(part).await;
        if edited.as_ref().is_err_and(Error::is_transient) {
            marks.keep(request, mark);
        }
        answers.extend(edited?);
    }
    Ok(answers)
}

struct Editing<'a> {
    caller: &'a Caller,
    mark: &'a str,
}

impl Editing<'_> {
    /// Until each is answered: one that moved between the look and the change is looked at again.
    async fn all(&self, edits: &[(JobId, Edit)]) -> Result<Vec<Edited>> {
        let mut answers: Vec<Option<Edited>> = vec![None; edits.len()];
        loop {
            let open: Vec<usize> = (0..edits.len()).filter(|at| answers[*at].is_none()).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            self.once(edits, &open, &mut answers).await?;
        }
    }

    async fn once(&self, edits: &[(JobId, Edit)], open: &[usize], answers: &mut [Option<Edited>]) -> Result<()> {
        let (mut changes, mut whose) = (Vec::new(), Vec::new());
        for (at, step) in self.steps(edits, open).await? {
            match step {
                Decided::Answer(answer) => answers[at] = Some(answer),
                Decided::Change(change) => {
                    whose.push(at);
                    changes.push(*change);
                }
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let done = change::apply(self.caller, &changes.iter().collect::<Vec<_>>()).await?;
        edit::withdraw(self.caller, &done.withdrawn).await?;
        for ((at, answer), change) in whose.into_iter().zip(done.each).zip(&changes) {
            match answer {
                Answer::Done { .. } => answers[at] = Some(Edited::Done),
                Answer::Purging => return Err(Error::BeingPurged(change.change.job.batch.to_string())),
                Answer::Stale | Answer::Unwanted => {}
            }
        }
        Ok(())
    }

    async fn steps(&self, edits: &[(JobId, Edit)], open: &[usize]) -> Result<Vec<(usize, Decided)>> {
        let (cancels, others): (Vec<usize>, Vec<usize>) = open.iter().partition(|at| edits[**at].1 == Edit::Cancel);
        let ids = |whose: &[usize]| whose.iter().map(|at| edits[*at].0).collect::<Vec<_>>();
        let mut steps = Vec::with_capacity(open.len());
        if !others.is_empty() {
            for (at, found) in others.iter().zip(change::read_each(self.caller, &ids(&others)).await?) {
                let (job, edit) = &edits[*at];
                let found = found.ok_or_else(|| Error::NoJob(job.to_string()))?;
                steps.push((*at, self.step(edit, found.map(|(record, _)| record))));
            }
        }
        if !cancels.is_empty() {
            for (at, step) in cancels.iter().zip(wish(self.caller, &ids(&cancels)).await?) {
                steps.push((*at, step));
            }
        }
        Ok(steps)
    }

    fn step(&self, edit: &Edit, found: Result<Record>) -> Decided {
        let Ok(record) = found else { return Decided::Answer(Edited::unreadable(edit.name())) };
        let token = self.token(&record);
        if record.token == token {
            return Decided::Answer(Edited::Done);
        }
        let (now, stored) = (self.caller.server_clock.now(), edit::judged(&record));
        Decided::of(transition::edit(now, &stored, edit), |change| edit::guarded(&stored, change, token, now))
    }

    fn token(&self, record: &Record) -> Token {
        change::token(&[b"edit", self.mark.as_bytes(), record.job.id.as_bytes()])
    }
}

/// What is next for one of the jobs.
enum Decided {
    Answer(Edited),
    Change(Box<Guarded<'static>>),
}

impl Decided {
    fn of(step: EditStep<'_>, guarded: impl FnOnce(Change<'static>) -> Guarded<'static>) -> Self {
        match step {
            EditStep::Change(change) => Self::Change(Box::new(guarded(change.into_owned()))),
            EditStep::Note(_) => Self::Answer(Edited::Requested),
            EditStep::Refused(illegal) => Self::Answer(Edited::Refused(illegal)),
        }
    }
}

/// Notes the wish to cancel, and withdraws what waits to be submitted.
async fn wish(caller: &Caller, ids: &[JobId]) -> Result<Vec<Decided>> {
    let reply = caller.call(&CANCEL, &pack_ids(ids)).await?;
    let answers = reply.unpack().each(|unpacker| {
        unpacker.list()?;
        Ok((unpacker.int()?, unpacker.bytes()?.to_vec()))
    })?;
    ids.iter().zip(answers).map(|(job, (word, record))| noted(caller, *job, word, &record)).collect()
}

fn noted(caller: &Caller, job: JobId, word: i64, record: &[u8]) -> Result<Decided> {
    Ok(match (word, Record::of(job, record)) {
        (0, _) => return Err(Error::NoJob(job.to_string())),
        (2, _) => Decided::Answer(Edited::Requested),
        (_, Err(_)) => Decided::Answer(Edited::unreadable(Event::Cancelled { settlement: None }.name())),
        (_, Ok(record)) => {
            let (now, stored) = (caller.server_clock.now(), record.stored());
            let token = edit::withdrawal_token(&stored);
            Decided::of(transition::cancel(now, &stored), |change| edit::guarded(&stored, change, token, now))
        }
    })
}

pub(super) async fn begin_cancel(caller: &Caller, batch: &BatchName) -> Result<()> {
    let arguments = Packer::new().list(1).text(batch.as_str()).finish();
    loop {
        let reply = caller.call(&BEGIN_CANCEL, &arguments).await?;
        let mut unpacker = reply.unpack();
        let (word, generation) = (unpacker.int()?, unpacker.count()?);
        match word {
            0 => return Ok(()),
            1 => {}
            // Its lines are half in their place: they are cancelled with the others.
            2 => match finish::finish(caller, &Import { batch: batch.clone(), generation, seen: None }).await {
                Ok(_) | Err(Error::ImportSuperseded) => {}
                Err(error) => return Err(error),
            },
            3 => return Err(Error::BeingPurged(batch.to_string())),
            _ => return Err(Error::NoBatch(batch.to_string())),
        }
    }
}

pub(super) async fn end_cancel(caller: &Caller, batch: &BatchName) -> Result<()> {
    caller.call(&END_CANCEL, &Packer::new().list(1).text(batch.as_str()).finish()).await.map(drop)
}
