//! Which requests were asked for in which batch.

use std::{cmp::Reverse, fmt::Write as _};

use async_trait::async_trait;
use reelq_model::{BatchName, RequestKey};
use reelq_store::{ImportsSeen, NotedRequest, Noting, RequestNote, Requests, Result, Unnoted};

use super::{MemoryStore, state::State};

#[async_trait]
impl Requests for MemoryStore {
    async fn unnoted(&self) -> Result<Vec<Unnoted>> {
        Ok(self.step(|state| state.unnoted()))
    }

    async fn note_requests(&self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        self.step(|state| notes.iter().for_each(|note| state.note_request(batch, note)));
        Ok(())
    }

    async fn finish_noting(&self, noted: &Unnoted) -> Result<()> {
        self.step(|state| {
            if let Some(batch) = state.batches.get_mut(&noted.batch).filter(|batch| batch.load == noted.generation) {
                batch.noted = noted.generation;
            }
        });
        Ok(())
    }

    async fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        Ok(self.step(|state| keys.iter().map(|key| state.noted(*key)).collect()))
    }

    async fn imports_seen(&self) -> Result<ImportsSeen> {
        Ok(self.step(|state| state.imports_seen()))
    }

    async fn trim_bought(&self, most: u64) -> Result<()> {
        self.step(|state| state.trim_bought(most));
        Ok(())
    }
}

impl State {
    fn unnoted(&self) -> Vec<Unnoted> {
        let open = self.batches.iter().filter(|(_, batch)| batch.whole && !batch.purging && batch.load != batch.noted);
        open.map(|(name, batch)| Unnoted { batch: name.clone(), generation: batch.load }).collect()
    }

    fn note_request(&mut self, batch: &BatchName, note: &RequestNote) {
        let place = (note.key, batch.clone());
        match note.noting {
            Noting::Job(job) => drop(self.requests.insert(place, (Some(job), self.now))),
            Noting::Bought => drop(self.requests.insert(place, (None, self.now))),
            Noting::Nothing => drop(self.requests.remove(&place)),
        }
    }

    fn noted(&self, key: RequestKey) -> Vec<NotedRequest> {
        let found = self.requests.iter().filter(|((noted, _), _)| *noted == key);
        found.map(|((_, batch), (job, _))| NotedRequest { batch: batch.clone(), job: *job }).collect()
    }

    pub(super) fn imports_seen(&self) -> ImportsSeen {
        let whole: Vec<_> = self.batches.iter().filter(|(_, batch)| batch.whole).collect();
        let mut mark = String::new();
        for (_, batch) in &whole {
            // Writing to a text cannot fail.
            _ = write!(mark, "{}:{} ", batch.serial, batch.load);
        }
        ImportsSeen { each: whole.into_iter().map(|(name, batch)| (name.clone(), batch.load)).collect(), mark }
    }

    fn trim_bought(&mut self, most: u64) {
        let bought = self.requests.iter().filter(|(_, (job, _))| job.is_none());
        let mut bought: Vec<_> = bought.map(|(place, (_, at))| (Reverse(*at), place.clone())).collect();
        bought.sort_unstable();
        for (_, place) in bought.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)) {
            self.requests.remove(&place);
        }
    }
}
