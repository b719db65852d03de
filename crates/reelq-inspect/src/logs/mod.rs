//! The history of a batch as lines, the oldest first, and on demand what happens from then on.
//!
//! A store keeps the history of each job by itself. All of it is put in order by runs in temporary files, so that memory
//! does not grow with the batch.

mod recent;
mod runs;

use std::{collections::BTreeSet, io, time::Duration};

use anyhow::Context;
use reelq_console::{CommandError, Out, stdout};
use reelq_model::{BatchName, JobId, Status, Timestamp};
use reelq_runner::{jobs::named::shown_name, signals::Signals};
use reelq_store::{BatchView, Error, JobFilter, JobView, Store, Walk};
use serde::{Deserialize, Serialize};

use crate::events::events;
use recent::Recent;
use runs::Runs;

/// One line of the log of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When, by the store's time.
    pub at: Timestamp,
    /// The row as it is named everywhere.
    pub row: String,
    /// The row's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The job.
    pub job: JobId,
    /// The job's status after it.
    pub status: Status,
    /// The event's name.
    pub event: String,
    /// What happened, and why.
    pub what: String,
}

impl LogLine {
    fn draw(&self) -> String {
        format!("{}  {:<8}  {:<11}  {}", self.at.with_millis(), self.row, self.status.to_string(), one_line(&self.what))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes the history of a batch, and with `follow` what happens from then on, until the batch has finished, the reader is
/// gone, or a signal comes.
///
/// # Errors
/// The store or a temporary file fails.
pub async fn write(store: &dyn Store, batch: &BatchView, follow: bool, out: Out) -> Result<(), CommandError> {
    let mut signals = Signals::take().context("listen for signals")?;
    let name = &batch.batch.name;
    let mut mark = store.watch(0, Duration::ZERO).await?;
    let mut log = Log { store, name, recent: Recent::default(), active: BTreeSet::new() };
    log.all(None, out).await?;
    while follow && !stdout::is_gone() {
        let Some(view) = store.batch(name).await? else { return Ok(()) };
        log.news(&view, out).await?;
        if view.finished_at.is_some() {
            return Ok(());
        }
        tokio::select! {
            () = signals.next() => return Ok(()),
            seen = wait(store, mark) => mark = seen.unwrap_or(mark),
        }
    }
    Ok(())
}

/// How often it is looked where nothing is heard of.
const EVERY: Duration = Duration::from_secs(2);
/// News come by the hundred: they are read together.
const TOGETHER: Duration = Duration::from_millis(300);

async fn wait(store: &dyn Store, mark: u64) -> Result<u64, Error> {
    let seen = store.watch(mark, EVERY).await;
    tokio::time::sleep(TOGETHER).await;
    seen
}

/// Where a job stands that something happens to.
const ACTIVE: [Status; 4] = [Status::Submitting, Status::Unconfirmed, Status::Running, Status::Fetching];
/// A batch of so many jobs is looked through whole for news; of a larger one, what moves is.
const SMALL: u64 = 2_000;

/// The log of a batch, and what of it was written.
struct Log<'a> {
    store: &'a dyn Store,
    name: &'a BatchName,
    recent: Recent,
    /// The jobs that something happened to when it was looked last.
    active: BTreeSet<JobId>,
}

impl Log<'_> {
    /// Writes everything that happened, or what happened since.
    async fn all(&mut self, since: Option<Timestamp>, out: Out) -> Result<(), CommandError> {
        let filter = JobFilter { batch: Some(self.name.clone()), ..JobFilter::default() };
        let (mut walk, mut runs) = (Walk::new(self.store, &filter), Runs::default());
        while let Some(part) = walk.part().await?.filter(|_| !stdout::is_gone()) {
            for view in part {
                self.add(&view, since, &mut runs).await?;
            }
        }
        self.say(runs, out)
    }

    /// Writes what happened since it was looked last.
    async fn news(&mut self, batch: &BatchView, out: Out) -> Result<(), CommandError> {
        let since = self.recent.since();
        if batch.counts.total() + batch.others.total() <= SMALL {
            return self.all(since, out).await;
        }
        let moving = JobFilter { batch: Some(self.name.clone()), statuses: ACTIVE.to_vec(), ..JobFilter::default() };
        let (mut walk, mut runs, mut active) = (Walk::new(self.store, &moving), Runs::default(), BTreeSet::new());
        while let Some(part) = walk.part().await? {
            for view in part {
                active.insert(view.job.id);
                self.add(&view, since, &mut runs).await?;
            }
        }
        let ended: Vec<_> = self.active.difference(&active).copied().collect();
        for job in ended {
            if let Some(view) = self.store.job(job).await? {
                self.add(&view, since, &mut runs).await?;
            }
        }
        self.active = active;
        self.say(runs, out)
    }

    async fn add(&self, view: &JobView, since: Option<Timestamp>, runs: &mut Runs) -> Result<(), CommandError> {
        if view.is_unreadable() {
            return Ok(());
        }
        let history = self.store.history(view.job.id).await?;
        let label = view.line.as_ref().and_then(|line| line.label.clone());
        for event in events(&view.job, history) {
            if since.is_none_or(|since| event.at >= since) {
                let line = LogLine {
                    at: event.at,
                    row: shown_name(view),
                    id: label.clone(),
                    job: view.job.id,
                    status: event.status,
                    what: event.told(),
                    event: event.event,
                };
                runs.add(line).context(ORDER)?;
            }
        }
        Ok(())
    }

    fn say(&mut self, runs: Runs, out: Out) -> Result<(), CommandError> {
        let written = runs.in_order(|line| {
            if stdout::is_gone() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if self.recent.is_new(&line) {
                if out.is_json() { out.json_line(&line) } else { out.data(&line.draw()) }
            }
            Ok(())
        });
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::from(error).context(ORDER).into())
            }
            _ => Ok(()),
        }
    }
}

const ORDER: &str = "put the history in order";
