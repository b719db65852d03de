//! Looks requests up in the other batches of the store: another name for a manifest must not buy it again unasked.

use std::collections::{BTreeMap, HashMap};

use reelq_model::{BatchName, JobId, RequestKey, Status};
use reelq_store::{Known, LineDraft, NotedRequest, Noting, Page, RequestNote, Store, Unnoted};
use reelq_store_scratch::RequestCounts;

use crate::{
    Accounts, Elsewhere,
    batch_jobs::{PAGE, RequestKeys, may_be_bought},
    error::Result,
};

/// What became of the records of what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gone {
    No,
    Purged,
    Removed,
}

/// A job's own id stands in for its request where its record could not be read.
const fn in_place_of_request(job: JobId) -> RequestKey {
    RequestKey::from_bytes(*job.as_bytes())
}

/// Notes that a job may have been bought whose record is about to be taken out, for no one can read it: a load that brings it
/// again asks first. May be repeated.
pub async fn keep_removed(store: &dyn Store, batch: &BatchName, job: JobId) -> Result<()> {
    let note = RequestNote { key: in_place_of_request(job), noting: Noting::Bought };
    Ok(store.note_requests(batch, &[note]).await?)
}

/// Counts the lines that other batches have.
#[derive(Debug)]
pub(crate) struct Lookup<'a> {
    store: &'a dyn Store,
    accounts: &'a Accounts,
    batch: &'a BatchName,
    /// The store's own notes count.
    asks: bool,
    /// What is not noted in the store yet.
    in_mind: HashMap<RequestKey, Vec<NotedRequest>>,
    found: BTreeMap<(BatchName, Gone), u64>,
}

impl<'a> Lookup<'a> {
    /// Prepares to look up lines of `batch`. Requests that are not noted yet are noted first, which reads their batches;
    /// who only reads keeps them in mind instead.
    pub(crate) async fn over(
        store: &'a dyn Store,
        accounts: &'a Accounts,
        batch: &'a BatchName,
        reads_only: bool,
    ) -> Result<Self> {
        let mut lookup = Self { store, accounts, batch, asks: true, in_mind: HashMap::new(), found: BTreeMap::new() };
        for unnoted in store.unnoted().await? {
            if unnoted.batch == *batch {
                continue;
            }
            if reads_only {
                lookup.keep_in_mind(&unnoted.batch).await?;
            } else {
                note(store, accounts, &unnoted).await?;
            }
        }
        Ok(lookup)
    }

    /// Prepares to look up lines of `batch` in these batches only.
    pub(crate) async fn among(
        store: &'a dyn Store,
        accounts: &'a Accounts,
        batch: &'a BatchName,
        batches: impl Iterator<Item = &BatchName>,
    ) -> Result<Self> {
        let mut lookup = Self { store, accounts, batch, asks: false, in_mind: HashMap::new(), found: BTreeMap::new() };
        for batch in batches {
            lookup.keep_in_mind(batch).await?;
        }
        Ok(lookup)
    }

    /// Whether one of the batches in mind asked for this.
    pub(crate) fn has_in_mind(&self, line: &LineDraft) -> bool {
        RequestKeys::of(self.accounts, &line.job.spec).each().any(|key| self.in_mind.contains_key(&key))
    }

    async fn keep_in_mind(&mut self, batch: &BatchName) -> Result<()> {
        let mut reader = RequestReader::default();
        while let Some(notes) = reader.next(self.store, self.accounts, batch, |_, job| Noting::Job(job)).await? {
            for RequestNote { key, noting } in notes {
                let Noting::Job(job) = noting else { continue };
                let noted = NotedRequest { batch: batch.clone(), job: Some(job) };
                self.in_mind.entry(key).or_default().push(noted);
            }
        }
        Ok(())
    }

    /// Looks up lines that would be bought and that the batch itself does not know.
    pub(crate) async fn add(&mut self, lines: &[&LineDraft]) -> Result<()> {
        let keys: Vec<_> = lines.iter().map(|line| self.keys_of(line)).collect();
        let flat: Vec<_> = keys.iter().flatten().copied().collect();
        if flat.is_empty() {
            return Ok(());
        }
        let noted = if self.asks { self.store.noted(&flat).await? } else { vec![Vec::new(); flat.len()] };
        let mut noted = noted.into_iter();
        let (mut of_lines, mut removed) = (Vec::new(), Vec::new());
        for keys in &keys {
            // Behind those of its request stands what is noted of the job itself.
            let mut of_keys: Vec<_> = noted.by_ref().take(keys.len()).collect();
            removed.push(of_keys.pop().unwrap_or_default().into_iter().next());
            let mut of_line: Vec<NotedRequest> = of_keys.into_iter().flatten().collect();
            of_line.extend(keys.iter().filter_map(|key| self.in_mind.get(key)).flatten().cloned());
            // What this batch bought before it was purged is no news to its own jobs, but to a new load of it.
            of_line.retain(|noted| noted.batch != *self.batch || noted.job.is_none());
            of_lines.push(of_line);
        }
        let standing = self.standing(&of_lines).await?;
        for (of_line, removed) in of_lines.into_iter().zip(removed) {
            let there = of_line.into_iter().find(|noted| noted.job.is_none_or(|job| standing.contains_key(&job)));
            let gone = |noted: &NotedRequest| if noted.job.is_none() { Gone::Purged } else { Gone::No };
            let there = there.map(|noted| (gone(&noted), noted));
            if let Some((gone, there)) = there.or_else(|| Some((Gone::Removed, removed?))) {
                *self.found.entry((there.batch, gone)).or_insert(0) += 1;
            }
        }
        Ok(())
    }

    /// What a line is looked up by.
    fn keys_of(&self, line: &LineDraft) -> Vec<RequestKey> {
        let of_request = RequestKeys::of(self.accounts, &line.job.spec).each();
        of_request.chain(std::iter::once(in_place_of_request(line.id()))).collect()
    }

    /// Counts lines of the batch's own whose record is gone, or cannot be read: they may have been bought.
    pub(crate) fn add_lost(&mut self, lines: u64) {
        if lines > 0 {
            *self.found.entry((self.batch.clone(), Gone::Removed)).or_insert(0) += lines;
        }
    }

    /// Those of the noted jobs that were bought, or still may be.
    async fn standing(&self, lines: &[Vec<NotedRequest>]) -> Result<BTreeMap<JobId, Known>> {
        let jobs: Vec<JobId> = lines.iter().flatten().filter_map(|noted| noted.job).collect();
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let known = self.store.lookup(self.batch, &jobs).await?;
        let counts = |known: &Known| known.bought || known.status != Status::Cancelled;
        Ok(jobs.into_iter().zip(known).filter_map(|(job, known)| known.filter(counts).map(|it| (job, it))).collect())
    }

    /// The batches, those with the most lines first.
    pub(crate) fn finish(self) -> Vec<Elsewhere> {
        let one = |((batch, gone), lines)| {
            let (purged, removed) = (gone == Gone::Purged, gone == Gone::Removed);
            Elsewhere { batch, lines, purged, removed }
        };
        let mut found: Vec<_> = self.found.into_iter().map(one).collect();
        found.sort_by_key(|there| std::cmp::Reverse(there.lines));
        found
    }
}

/// Notes every request of a batch's last load.
async fn note(store: &dyn Store, accounts: &Accounts, unnoted: &Unnoted) -> Result<()> {
    tracing::info!(batch = %unnoted.batch, "the requests of the batch are noted, once a load");
    note_each(store, accounts, &unnoted.batch, |_, job| Noting::Job(job)).await?;
    Ok(store.finish_noting(unnoted).await?)
}

/// Keeps what a batch bought beyond its purge, so that running its manifest again asks first; at most `most` requests of
/// purged batches are kept, the newest. To be done before the purge; may be repeated.
pub async fn keep_bought(store: &dyn Store, accounts: &Accounts, batch: &BatchName, most: u64) -> Result<()> {
    let keeps = |bought: bool, _: JobId| if bought { Noting::Bought } else { Noting::Nothing };
    note_each(store, accounts, batch, keeps).await?;
    Ok(store.trim_bought(most).await?)
}

async fn note_each(
    store: &dyn Store,
    accounts: &Accounts,
    batch: &BatchName,
    noting: fn(bool, JobId) -> Noting,
) -> Result<()> {
    let mut reader = RequestReader::default();
    while let Some(notes) = reader.next(store, accounts, batch, noting).await? {
        store.note_requests(batch, &notes).await?;
    }
    Ok(())
}

/// How far a batch's lines were read.
#[derive(Debug, Default)]
struct RequestReader {
    after: u64,
    /// Of equal requests one note stands: what was bought is not to be hidden by what was not.
    bought: RequestCounts,
}

impl RequestReader {
    /// What is to be noted of the next lines; nothing at their end.
    async fn next(
        &mut self,
        store: &dyn Store,
        accounts: &Accounts,
        batch: &BatchName,
        noting: fn(bool, JobId) -> Noting,
    ) -> Result<Option<Vec<RequestNote>>> {
        let lines = store.results(batch, Page { after: self.after, limit: PAGE }).await?;
        if lines.is_empty() {
            return Ok(None);
        }
        self.after += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let mut notes = Vec::with_capacity(2 * lines.len());
        for job in lines.iter().map(|line| &line.view.job) {
            let may_be_bought = may_be_bought(job);
            for key in RequestKeys::of(accounts, &job.spec).each() {
                if may_be_bought {
                    self.bought.count(key, 0)?;
                } else if self.bought.has(key)? {
                    continue;
                }
                notes.push(RequestNote { key, noting: noting(may_be_bought, job.id) });
            }
        }
        Ok(Some(notes))
    }
}
