//! Jobs by filter, in the order of their batches and lines; walked part by part, so that no call reads much.

use reelq_model::{BatchName, Job, Status};

use super::{
    caller::Caller,
    change,
    codec::{Packer, Unpacker},
    facts, reading,
    record::Record,
    views,
};
use reelq_store::{Error, JobFilter, JobView, Page, Result};

script!(SELECT, "select");

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

/// A walk over one batch: its lines, or its jobs without one.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    pub batch: &'a BatchName,
    pub listed: bool,
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

impl Walk<'_> {
    /// Walks on until the quota is met or there are no more; `NoBatch` where there is no such batch.
    /// With `unread`, only those of which something cannot be read are kept.
    pub(super) async fn go(
        &self,
        caller: &Caller,
        quota: &mut Quota,
        found: &mut Vec<Found>,
        unread: bool,
    ) -> Result<()> {
        let mut at = 0;
        while quota.left > 0 {
            let reply = caller.call(&SELECT, &self.arguments(at, *quota)).await?;
            let mut unpacker = reply.unpack();
            if !unpacker.flag()? {
                return Err(Error::NoBatch(self.batch.to_string()));
            }
            let next = unpacker.int()?;
            let skip = unpacker.count()?;
            if !self.judged_here() {
                quota.skip = skip;
            }
            let jobs = unpacker.each(|unpacker| read_found(caller, self.batch, unpacker))?;
            for job in jobs.into_iter().filter(|job| !unread || job.view.unread.is_some()) {
                self.take(job, quota, found);
            }
            if next < 0 {
                break;
            }
            at = next;
        }
        Ok(())
    }

    /// One call's part of the walk, from `at` on, with at most `limit` jobs; and where to go on, where there are more.
    pub(super) async fn part(&self, caller: &Caller, at: i64, limit: usize) -> Result<(Vec<Found>, Option<i64>)> {
        let reply = caller.call(&SELECT, &self.arguments(at, Quota { skip: 0, left: limit })).await?;
        let mut unpacker = reply.unpack();
        if !unpacker.flag()? {
            return Err(Error::NoBatch(self.batch.to_string()));
        }
        let (next, _skip) = (unpacker.int()?, unpacker.count()?);
        let mut found = unpacker.each(|unpacker| read_found(caller, self.batch, unpacker))?;
        found.retain(|found| self.filter.fails_as_wanted(&found.view));
        Ok((found, (next >= 0).then_some(next)))
    }

    /// Whether the last word on a job is spoken here, for the script does not understand jobs.
    const fn judged_here(&self) -> bool {
        !self.filter.failures.is_empty()
    }

    fn take(&self, job: Found, quota: &mut Quota, found: &mut Vec<Found>) {
        if quota.left == 0 || !self.filter.fails_as_wanted(&job.view) {
            return;
        }
        if self.judged_here() && quota.skip > 0 {
            quota.skip -= 1;
            return;
        }
        quota.left -= 1;
        found.push(job);
    }

    fn arguments(&self, at: i64, quota: Quota) -> Vec<u8> {
        let filter = self.filter;
        let (skip, limit) = if self.judged_here() { (0, AT_ONCE) } else { (quota.skip, quota.left.min(AT_ONCE)) };
        let account = filter.account.as_ref().map_or("", |account| account.as_str());
        let mut packer = Packer::new();
        packer.list(10).text(self.batch.as_str()).flag(self.listed).int(at).count(skip);
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
        packer.flag(self.bought).flag(self.orphans).finish()
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

fn read_found(caller: &Caller, batch: &BatchName, unpacker: &mut Unpacker<'_>) -> Result<Found> {
    unpacker.list()?;
    let (record, line) = (unpacker.bytes()?, unpacker.bytes()?);
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

/// Jobs by filter, in the order of their batches and lines, those without a line last.
pub(super) async fn jobs(caller: &Caller, filter: &JobFilter, page: Page) -> Result<Vec<JobView>> {
    if !filter.ids.is_empty() {
        return named(caller, filter, page).await;
    }
    let batches = match &filter.batch {
        Some(batch) => vec![batch.clone()],
        None => views::names(caller).await?,
    };
    let (mut quota, mut found) = (Quota { skip: page.after, left: page.limit }, Vec::new());
    for listed in [true, false] {
        for batch in &batches {
            let walk = Walk { batch, listed, filter, bought: false, orphans: false };
            match walk.go(caller, &mut quota, &mut found, false).await {
                Ok(()) | Err(Error::NoBatch(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found.into_iter().map(|found| found.view).collect())
}

/// The jobs of a list of ids that also pass the rest of the filter.
async fn named(caller: &Caller, filter: &JobFilter, page: Page) -> Result<Vec<JobView>> {
    let mut ids = filter.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for chunk in ids.chunks(AT_ONCE) {
        for (each, id) in change::read_each(caller, chunk).await?.into_iter().zip(chunk) {
            match each {
                Some(Ok(each)) => found.push(each),
                // Named by its id alone, no one knows to which batch it belongs.
                Some(Err(error)) => caller.unreadable.report(*id, &error),
                None => {}
            }
        }
    }
    found.sort_by_key(|(record, _)| (record.position == 0, record.batch, record.position, record.seq));
    let views = found.into_iter().map(|(record, line)| reading::view(record, &line));
    let views = views.filter(|view| filter.passes(view));
    let after = usize::try_from(page.after).unwrap_or(usize::MAX);
    Ok(views.skip(after).take(page.limit).collect())
}
