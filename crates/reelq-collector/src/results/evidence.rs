//! What an output place itself records of purchases, whatever has become of the state: the batch that was loaded for it, and rows
//! of its result manifest that the store does not know.
//!
//! The result manifest is written anew from a store that may have been put back to an earlier time. What it recorded and the
//! store does not know is kept beside it, until a person has said what becomes of it.

use std::{
    collections::{BTreeSet, HashSet},
    fs::File,
    io::{self, BufRead as _, BufReader},
};

use bytes::Bytes;
use reelq_model::{BatchName, JobId, Status};
use reelq_store::Store;
use serde::Deserialize;

use super::report::ResultsError;
use crate::{Place, PlaceError};

const RESULTS: &str = "results.jsonl";
/// Lines of older result manifests that the store did not know when newer ones were written.
const UNKNOWN: &str = ".reelq/unknown.jsonl";
/// Jobs of such lines of which a person said that they may be bought again.
const ACCEPTED: &str = ".reelq/accepted";
/// The batch that was loaded for this place last.
const LOADED: &str = ".reelq/loaded";
/// Rows are looked up in the store in pages of this size.
const PAGE: usize = 1_000;

/// One line of a result manifest, as far as it records a purchase.
#[derive(Debug, Deserialize)]
struct PurchaseLine {
    job: Option<JobId>,
    #[serde(default)]
    remote_task: Option<String>,
}

/// Bought rows that the place records and that the store does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unknown {
    jobs: BTreeSet<JobId>,
    lines: Vec<u8>,
}

impl Unknown {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.jobs.len()
    }

    /// Looks them up. May be repeated.
    ///
    /// # Errors
    /// Where the place or the store cannot be read.
    pub async fn find(store: &dyn Store, batch: &BatchName, place: &Place) -> Result<Self, ResultsError> {
        let accepted = place.read(ACCEPTED).await?.unwrap_or_default();
        let accepted: HashSet<&[u8]> = accepted.split(|byte| *byte == b'\n').collect();
        let mut found = Self::default();
        for name in [UNKNOWN, RESULTS] {
            let mut page = Vec::with_capacity(PAGE);
            for line in lines(place, name).await? {
                let line = line?;
                let recorded = bought(&line).filter(|job| !accepted.contains(job.to_string().as_bytes()));
                page.extend(recorded.map(|job| (job, line)));
                if page.len() == PAGE {
                    found.add(store, batch, &page).await?;
                    page.clear();
                }
            }
            found.add(store, batch, &page).await?;
        }
        Ok(found)
    }

    async fn add(
        &mut self,
        store: &dyn Store,
        batch: &BatchName,
        page: &[(JobId, Vec<u8>)],
    ) -> Result<(), ResultsError> {
        let ids: Vec<JobId> = page.iter().map(|(job, _)| *job).collect();
        let known = store.lookup(batch, &ids).await?;
        for ((job, line), known) in page.iter().zip(known) {
            let has =
                known.is_some_and(|known| known.bought || !matches!(known.status, Status::Queued | Status::Cancelled));
            if !has && self.jobs.insert(*job) {
                self.lines.extend_from_slice(line);
                self.lines.push(b'\n');
            }
        }
        Ok(())
    }

    /// Keeps them beside the result manifest, which is about to be written without them. May be repeated.
    pub(super) async fn keep(self, place: &Place) -> Result<(), PlaceError> {
        if self.jobs.is_empty() { Ok(()) } else { place.write(UNKNOWN, Bytes::from(self.lines)).await }
    }

    /// Notes that a person knows of them: no one is asked about these again. May be repeated.
    ///
    /// # Errors
    /// Where the place cannot be written.
    pub async fn accept(&self, place: &Place) -> Result<(), ResultsError> {
        let mut all = place.read(ACCEPTED).await?.unwrap_or_default().to_vec();
        all.extend(self.jobs.iter().flat_map(|job| format!("{job}\n").into_bytes()));
        Ok(place.write(ACCEPTED, Bytes::from(all)).await?)
    }
}

type Lines = Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>;

/// The lines of a file of the place, one after the other where it lies on this machine; none where there is none.
async fn lines(place: &Place, name: &str) -> Result<Lines, ResultsError> {
    let Some(path) = place.local(name) else {
        let text = place.read(name).await?.unwrap_or_default();
        let lines: Vec<_> = text.split(|byte| *byte == b'\n').map(|line| Ok(line.to_vec())).collect();
        return Ok(Box::new(lines.into_iter()));
    };
    match File::open(path) {
        Ok(file) => Ok(Box::new(BufReader::new(file).split(b'\n'))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Box::new(std::iter::empty())),
        Err(error) => Err(error.into()),
    }
}

fn bought(line: &[u8]) -> Option<JobId> {
    let recorded: PurchaseLine = serde_json::from_slice(line).ok()?;
    recorded.job.filter(|_| recorded.remote_task.is_some_and(|task| !task.is_empty()))
}

/// Notes which batch is about to be bought for the place; no one where it was purged. May be repeated.
///
/// # Errors
/// Where the place cannot be written.
pub async fn note_loaded(place: &Place, batch: Option<&BatchName>) -> Result<(), PlaceError> {
    let text = batch.map(|batch| format!("{batch}\n")).unwrap_or_default();
    place.write(LOADED, Bytes::from(text)).await
}

/// The batch that was loaded for the place last, where one was and it was not purged.
///
/// # Errors
/// Where the place cannot be read.
pub async fn loaded(place: &Place) -> Result<Option<String>, PlaceError> {
    let text = place.read(LOADED).await?.unwrap_or_default();
    let name = String::from_utf8_lossy(&text).trim().to_owned();
    Ok((!name.is_empty()).then_some(name))
}
