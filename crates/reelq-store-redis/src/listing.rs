//! Jobs by filter, in the order of their batches and lines; walked part by part, so that no call reads much.

use std::collections::BTreeMap;

use reelq_model::{BatchName, Job, Status};

use super::{
    caller::Caller,
    change,
    codec::{Packer, Unpacker},
    facts, reading,
    record::{self, Record},
};
use reelq_store::{Cursor, Error, JobFilter, JobView, Result, Scanned};

script!(SELECT, "select", ["job_keys", "record"]);

/// At most this many jobs are read whole in one call.
const AT_ONCE: usize = 250;

/// What is said of a job whose record is gone.
const GONE: &str = "it was removed, or lost";

/// One job that a walk came to.
pub(super) struct Found {
    pub view: JobView,
    /// Records of unexpected charges, where they were asked for.
    pub orphans: Vec<Job>,
    /// Its record is gone, and only its line is there.
    pub is_gone: bool,
}

/// A walk over the lines of a batch or over its jobs without one, or over all of them.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    /// All batches where it is left out.
    pub batch: Option<&'a BatchName>,
    /// Only the lines, or only the jobs without one, as the cursor has it.
    pub alone: bool,
    pub filter: &'a JobFilter,
    /// Only what was bought and follows no unexpected charge.
    pub bought: bool,
    pub orphans: bool,
}

/// What a walk passes over, and how many jobs it brings at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quota {
    pub skip: u64,
    pub left: usize,
}

/// One call's part of a walk.
pub(super) struct Part {
    pub found: Vec<Found>,
    /// Where to go on, where there are more.
    pub next: Option<Cursor>,
    /// What is still to be passed over.
    skip: u64,
}

impl Walk<'_> {
    /// Walks the lines, or the jobs without one, until the quota is met or there are no more; `NoBatch` where there is no
    /// such batch. With `unread`, only those of which something cannot be read are kept.
    pub(super) async fn go(
        &self,
        caller: &Caller,
        listed: bool,
        quota: &mut Quota,
        found: &mut Vec<Found>,
        unread: bool,
    ) -> Result<()> {
        let mut at = Some(Cursor { unlisted: !listed, ..Cursor::default() });
        while let Some(from) = at.filter(|_| quota.left > 0) {
            let part = self.part(caller, from, quota.skip, quota.left).await?;
            (quota.skip, at) = (part.skip, part.next);
            let kept = part.found.into_iter().filter(|job| !unread || job.view.unread.is_some());
            let before = found.len();
            found.extend(kept);
            quota.left -= found.len() - before;
        }
        Ok(())
    }

    /// One call's part of the walk, from a place on, with at most `limit` jobs.
    pub(super) async fn part(&self, caller: &Caller, from: Cursor, skip: u64, limit: usize) -> Result<Part> {
        let reply = caller.call(&SELECT, &self.arguments(from, skip, limit.clamp(1, AT_ONCE))).await?;
        let mut unpacker = reply.unpack();
        if !unpacker.flag()? {
            return Err(Error::NoBatch(self.batch.map(ToString::to_string).unwrap_or_default()));
        }
        let is_last = unpacker.list()? == 0;
        let next = if is_last { None } else { Some(read_cursor(&mut unpacker)?) };
        let skip = unpacker.count()?;
        // What no batch can be called is passed over.
        let name = BatchName::new(unpacker.text()?);
        let found =
            unpacker.each(|unpacker| name.as_ref().ok().map(|name| read_found(caller, name, unpacker)).transpose());
        let mut found: Vec<Found> = if name.is_ok() { found?.into_iter().flatten().collect() } else { Vec::new() };
        found.retain(|found| self.filter.fails_as_wanted(&found.view));
        Ok(Part { found, next, skip })
    }

    fn arguments(&self, from: Cursor, skip: u64, limit: usize) -> Vec<u8> {
        let filter = self.filter;
        let account = filter.account.as_ref().map_or("", |account| account.as_str());
        let mut packer = Packer::new();
        packer.list(12).text(self.batch.map_or("", |batch| batch.as_str()));
        packer.int(from.batch).flag(!from.unlisted).int(from.at).count(skip);
        packer.int(i64::try_from(limit).unwrap_or(i64::MAX));
        let statuses = statuses(filter);
        packer.list(statuses.len());
        for status in statuses {
            packer.int(facts::status(status));
        }
        packer.text(account).list(filter.rows.len());
        for row in &filter.rows {
            packer.count(*row);
        }
        packer.flag(self.bought).flag(self.orphans).flag(self.alone).finish()
    }
}

/// Only failed jobs have a kind of failure.
fn statuses(filter: &JobFilter) -> Vec<Status> {
    if filter.failures.is_empty() {
        return filter.statuses.clone();
    }
    let failed = filter.statuses.is_empty() || filter.statuses.contains(&Status::Failed);
    // Where the two exclude each other, any status does: no job passes the second look.
    if failed { vec![Status::Failed] } else { filter.statuses.clone() }
}

fn read_cursor(unpacker: &mut Unpacker<'_>) -> Result<Cursor> {
    let (batch, listed, at) = (unpacker.int()?, unpacker.flag()?, unpacker.int()?);
    Ok(Cursor { batch, unlisted: !listed, at })
}

fn read_found(caller: &Caller, batch: &BatchName, unpacker: &mut Unpacker<'_>) -> Result<Found> {
    unpacker.list()?;
    let (record, line) = (record::bytes(unpacker)?, unpacker.bytes()?);
    let orphans = unpacker.each(|unpacker| Ok(Record::read(unpacker.bytes()?)))?;
    let id = change::read_id(unpacker)?;
    let orphans = orphans.into_iter().filter_map(|orphan| match orphan {
        Ok(orphan) => Some(orphan.job),
        Err(error) => {
            tracing::error!(job = %id, %error, "the record of a second charge is passed over");
            None
        }
    });
    let orphans = orphans.collect();
    if record.is_empty() {
        let view = reading::stand_in(id, batch.clone(), record, line, GONE)?;
        return Ok(Found { view, orphans, is_gone: true });
    }
    match Record::read(record) {
        Ok(record) => Ok(Found { view: reading::view(record, line), orphans, is_gone: false }),
        Err(error) => {
            caller.unreadable.report(id, &error);
            let reason = error.to_string();
            let view = reading::stand_in(id, batch.clone(), record, line, &reason)?;
            Ok(Found { view, orphans, is_gone: false })
        }
    }
}

/// A part of the jobs that a filter means, in the order of the walk.
pub(super) async fn scan(caller: &Caller, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
    if !filter.ids.is_empty() {
        return named(caller, filter, from, limit).await;
    }
    let walk = Walk { batch: filter.batch.as_ref(), alone: false, filter, bought: false, orphans: false };
    match walk.part(caller, *from, 0, limit).await {
        Ok(part) => Ok(Scanned { views: part.found.into_iter().map(|found| found.view).collect(), next: part.next }),
        // It was purged meanwhile.
        Err(Error::NoBatch(_)) => Ok(Scanned::default()),
        Err(error) => Err(error),
    }
}

/// The jobs of a list of ids that also pass the rest of the filter.
async fn named(caller: &Caller, filter: &JobFilter, from: &Cursor, limit: usize) -> Result<Scanned> {
    let mut found = BTreeMap::new();
    for chunk in filter.ids.chunks(AT_ONCE) {
        for (each, id) in change::read_each(caller, chunk).await?.into_iter().zip(chunk) {
            match each {
                Some(Ok((record, line))) => {
                    found.insert(place(&record), reading::view(record, &line));
                }
                // Named by its id alone, no one knows to which batch it belongs.
                Some(Err(error)) => caller.unreadable.report(*id, &error),
                None => {}
            }
        }
    }
    let mut meant = found.into_iter().filter(|(place, view)| place >= from && filter.passes(view));
    let views = meant.by_ref().take(limit).map(|(_, view)| view).collect();
    Ok(Scanned { views, next: meant.next().map(|(place, _)| place) })
}

/// Where a job stands among all that are named.
fn place(record: &Record) -> Cursor {
    let at = if record.position == 0 { record.seq } else { record.position };
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    Cursor { batch: number(record.batch), unlisted: record.position == 0, at: number(at) }
}
