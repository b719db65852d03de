//! Which request was asked for in which batch.

use std::cmp::Reverse;

use reelq_model::{BatchName, RequestKey};
use reelq_store::{NotedRequest, Noting, RequestNote, Result, Unnoted};

use super::state::{Batch, State};

impl State {
    pub(super) fn unnoted(&self) -> Result<Vec<Unnoted>> {
        let is_unnoted = |batch: &&Batch| {
            let record = &batch.record;
            record.whole && !record.purging && batch.loaded != batch.noted
        };
        let unnoted = self.batches.values().filter(is_unnoted);
        let of = |batch: &Batch| Unnoted { batch: batch.record.draft.name.clone(), generation: batch.loaded };
        Ok(unnoted.map(of).collect())
    }

    pub(super) fn note_requests(&mut self, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
        for RequestNote { key, noting } in notes {
            let place = (*key, batch.clone());
            match noting {
                Noting::Job(job) => self.requests.insert(place, (Some(*job), self.now)),
                Noting::Bought => self.requests.insert(place, (None, self.now)),
                Noting::Nothing => self.requests.remove(&place),
            };
        }
        Ok(())
    }

    pub(super) fn finish_noting(&mut self, noted: &Unnoted) -> Result<()> {
        if let Some(batch) = self.batches.get_mut(&noted.batch).filter(|batch| batch.loaded == noted.generation) {
            batch.noted = noted.generation;
        }
        Ok(())
    }

    pub(super) fn noted(&self, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
        let noted = |key: &RequestKey| {
            let found = self.requests.iter().filter(|((noted, _), _)| noted == key);
            found.map(|((_, batch), (job, _))| NotedRequest { batch: batch.clone(), job: *job }).collect()
        };
        Ok(keys.iter().map(noted).collect())
    }

    pub(super) fn trim_bought(&mut self, most: u64) -> Result<()> {
        let bought = self.requests.iter().filter(|(_, (job, _))| job.is_none());
        let mut bought: Vec<_> = bought.map(|(place, (_, at))| (Reverse(*at), place.clone())).collect();
        bought.sort_unstable();
        for (_, place) in bought.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)) {
            self.requests.remove(&place);
        }
        Ok(())
    }
}
