//! Which requests were asked for in which batch.

use std::cmp::Reverse;

use async_trait::async_trait;
use reelq_model::{BatchName, RequestKey};
use reelq_store::{ImportsSeen, NotedRequest, Noting, RequestNote, Requests, Result, Unnoted};

use super::{MemoryStore, batch::Batch, state::State};

#[async_trait]
impl Requests for MemoryStore {
    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        self.step(|state| {
            let is_unnoted = |batch: &&Batch| batch.whole && !batch.purging && batch.load != batch.noted;
            let unnoted = state.batches.values().filter(is_unnoted);
            unnoted.map(|batch| Unnoted { batch: batch.draft.name.clone(), generation: batch.load }).collect()
        })
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        self.step(|state| {
            for RequestNote { key, noting } in notes {
                let job = match noting {
                    Noting::Job(job) => Some(Some(*job)),
                    Noting::Bought => Some(None),
                    Noting::Nothing => None,
                };
                let place = (*key, batch.clone());
                state.requests.remove(&place);
                state.requests.extend(job.map(|job| (place, (job, state.now))));
            }
        })
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        self.step(|state| {
            if let Some(batch) = state.batches.get_mut(&noted.batch).filter(|batch| batch.load == noted.generation) {
                batch.noted = noted.generation;
            }
        })
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        self.step(|state| {
            let noted = |key: &RequestKey| {
                let found = state.requests.iter().filter(|((noted, _), _)| noted == key);
                found.map(|((_, batch), (job, _))| NotedRequest { batch: batch.clone(), job: *job }).collect()
            };
            keys.iter().map(noted).collect()
        })
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        self.step(|state| state.imports_seen())
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        self.step(|state| {
            let bought = state.requests.iter().filter(|(_, (job, _))| job.is_none());
            let mut bought: Vec<_> = bought.map(|(place, (_, at))| (Reverse(*at), place.clone())).collect();
            bought.sort_unstable();
            for (_, place) in bought.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)) {
                state.requests.remove(&place);
            }
        })
    }
}

impl State {
    /// Loads are finished in one step: none is half made. A batch's serial tells it from one of that name before.
    pub(super) fn imports_seen(&self) -> ImportsSeen {
        let whole = || self.batches.values().filter(|batch| batch.whole);
        let each = whole().map(|batch| (batch.draft.name.clone(), batch.load)).collect();
        let marks: Vec<String> = whole().map(|batch| format!("{}:{}", batch.serial, batch.load)).collect();
        ImportsSeen { each, mark: marks.join(" ") }
    }
}
