//! The jobs that a batch has already, by id, by what they ask for, and by their place in its manifest.

use std::{
    cmp::Reverse,
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use reelq_model::{BatchName, Job, JobId, JobSpec, RequestKey, Status};
use reelq_provider::{Catalogue, Identity};
use reelq_store::{Line, Page, Store};

use crate::{Accounts, error::Result};

/// Lines are read in pages of this size.
pub(crate) const PAGE: usize = 1_000;

/// The two keys of a request: see [`Identity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestKeys {
    pub(crate) left_out: RequestKey,
    pub(crate) written_out: RequestKey,
}

impl RequestKeys {
    /// The keys of a request, by the catalogue of its vendor as it is configured now.
    pub(crate) fn of(accounts: &Accounts, spec: &JobSpec) -> Self {
        match accounts.iter().find(|account| *account.provider.name() == spec.provider) {
            Some(account) => Self::by(account.provider.catalogue(), spec),
            None => Self::by(&Catalogue::default(), spec),
        }
    }

    fn by(catalogue: &Catalogue, spec: &JobSpec) -> Self {
        let identity = Identity::of(catalogue, spec);
        Self { left_out: (&identity.left_out).into(), written_out: (&identity.written_out).into() }
    }

    /// Each different one.
    pub(crate) fn each(self) -> impl Iterator<Item = RequestKey> {
        let other = (self.written_out != self.left_out).then_some(self.written_out);
        [Some(self.left_out), other].into_iter().flatten()
    }
}

/// Whether a job was, or may have been, bought.
pub(crate) fn may_be_bought(job: &Job) -> bool {
    job.submissions > 0 || !matches!(job.status(), Status::Queued | Status::Cancelled)
}

/// One job of the batch. About 70 bytes.
#[derive(Debug)]
struct JobEntry {
    id: JobId,
    keys: RequestKeys,
    /// Digest of its line's place: its label where it has one, else its number; nothing where no line asks for it.
    place: Option<u64>,
    may_be_bought: bool,
}

/// The jobs of a batch as a plan found them; 100 bytes a job.
#[derive(Debug, Default)]
pub(crate) struct BatchJobs {
    /// In the order of their lines; bought ones whose line is gone behind them.
    jobs: Vec<JobEntry>,
    by_id: Vec<u32>,
    /// By key; of equal ones, what was bought first.
    by_left_out: Vec<u32>,
    by_written_out: Vec<u32>,
    by_place: Vec<u32>,
    /// Those whose record cannot be read, or is gone: what became of them is not known.
    unread: HashSet<JobId>,
    /// Those that were submitted before and wait to be bought again, for a person had them queued.
    queued_again: Vec<(u32, Job)>,
}

impl BatchJobs {
    /// Reads the jobs of `batch`; none where the store does not know it.
    pub(crate) async fn read(store: &dyn Store, batch: &BatchName, accounts: &Accounts) -> Result<Self> {
        let (mut jobs, mut queued_again, mut unread) = (Vec::new(), Vec::new(), HashSet::new());
        if store.batch(batch).await?.is_none() {
            return Ok(Self::default());
        }
        loop {
            let after = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
            let lines = store.results(batch, Page { after, limit: PAGE }).await?;
            if lines.is_empty() {
                return Ok(Self { unread, queued_again, ..Self::of(jobs) });
            }
            for (line, number) in lines.iter().zip(after..) {
                let job = &line.view.job;
                if job.submissions > 0 && job.status() == Status::Queued {
                    queued_again.push((u32::try_from(number).unwrap_or(u32::MAX), job.clone()));
                }
            }
            unread.extend(lines.iter().filter(|line| line.view.is_unreadable()).map(|line| line.view.job.id));
            jobs.extend(lines.iter().map(|line| {
                let job = &line.view.job;
                let place = line.view.line.as_ref().map(place_of);
                JobEntry {
                    id: job.id,
                    keys: RequestKeys::of(accounts, &job.spec),
                    place,
                    may_be_bought: may_be_bought(job),
                }
            }));
        }
    }

    fn of(jobs: Vec<JobEntry>) -> Self {
        let sorted = |by: &dyn Fn(&u32, &u32) -> std::cmp::Ordering| {
            let mut order: Vec<u32> = (0..u32::try_from(jobs.len()).unwrap_or(u32::MAX)).collect();
            order.sort_unstable_by(by);
            order
        };
        let entry = |index: &u32| &jobs[at(*index)];
        let by_key = |key: fn(&RequestKeys) -> RequestKey| {
            let rank = move |index: &u32| (key(&entry(index).keys), Reverse(entry(index).may_be_bought), *index);
            sorted(&|one, other| rank(one).cmp(&rank(other)))
        };
        Self {
            by_id: sorted(&|one, other| entry(one).id.cmp(&entry(other).id)),
            by_left_out: by_key(|keys| keys.left_out),
            by_written_out: by_key(|keys| keys.written_out),
            by_place: sorted(&|one, other| (entry(one).place, one).cmp(&(entry(other).place, other))),
            jobs,
            unread: HashSet::new(),
            queued_again: Vec::new(),
        }
    }

    /// Whether the job's record could not be read, or is gone.
    pub(crate) fn is_unread(&self, id: JobId) -> bool {
        self.unread.contains(&id)
    }

    /// The jobs that a person had queued again, each with its number.
    pub(crate) fn queued_again(&self) -> &[(u32, Job)] {
        &self.queued_again
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.jobs.len()
    }

    /// The job's number.
    pub(crate) fn find(&self, id: JobId) -> Option<u32> {
        let found = self.by_id.binary_search_by(|index| self.id(*index).cmp(&id)).ok()?;
        Some(self.by_id[found])
    }

    pub(crate) fn id(&self, index: u32) -> JobId {
        self.jobs[at(index)].id
    }

    pub(crate) fn may_be_bought(&self, index: u32) -> bool {
        self.jobs[at(index)].may_be_bought
    }

    /// Whether a line of the present manifest asks for it.
    pub(crate) fn is_listed(&self, index: u32) -> bool {
        self.jobs[at(index)].place.is_some()
    }

    /// Where in one of the two orders the jobs with this key begin, and that order.
    pub(crate) fn with_key(&self, spelling: Spelling, key: RequestKey) -> (&[u32], usize) {
        let order = match spelling {
            Spelling::LeftOut => &self.by_left_out,
            Spelling::WrittenOut => &self.by_written_out,
        };
        (order, order.partition_point(|index| self.key(spelling, *index) < key))
    }

    pub(crate) fn key(&self, spelling: Spelling, index: u32) -> RequestKey {
        let keys = &self.jobs[at(index)].keys;
        match spelling {
            Spelling::LeftOut => keys.left_out,
            Spelling::WrittenOut => keys.written_out,
        }
    }

    /// The job whose line stands in the same place.
    pub(crate) fn in_place_of(&self, line: &Line) -> Option<u32> {
        let place = Some(place_of(line));
        let first = self.by_place.partition_point(|index| self.jobs[at(*index)].place < place);
        self.by_place.get(first).copied().filter(|index| self.jobs[at(*index)].place == place)
    }
}

/// Which of a request's two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Spelling {
    LeftOut,
    WrittenOut,
}

/// A job's number as an index.
pub(crate) fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// A line's place: its label where it has one, else its number.
fn place_of(line: &Line) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &line.label {
        Some(label) => (label, line.copy).hash(&mut hasher),
        None => (line.row, line.copy).hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    /// Jobs by id, left-out key, written-out key, and whether they were bought.
    pub(crate) fn present(jobs: &[(JobId, RequestKey, RequestKey, bool)]) -> BatchJobs {
        let entry =
            |(number, (id, left_out, written_out, may_be_bought)): (usize, &(JobId, RequestKey, RequestKey, bool))| {
                let keys = RequestKeys { left_out: *left_out, written_out: *written_out };
                JobEntry { id: *id, keys, place: Some(u64::try_from(number).unwrap()), may_be_bought: *may_be_bought }
            };
        BatchJobs::of(jobs.iter().enumerate().map(entry).collect())
    }
}
