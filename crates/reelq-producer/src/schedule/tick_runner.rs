//! Runs a tick that was won: plans and loads its batch, and records the outcome in the store.

use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use reelq_model::{BatchName, ScheduleName, Timestamp};
use reelq_store::{BatchView, SharedStore, TickLease, TickOutcome, TickState};

use super::{Overlap, Schedule, overlap::in_the_way};
use crate::{Error, KeepImages, Order, Plan, error::Result, load, plan};

/// At most so many ticks of a schedule wait; further ones are skipped.
const WAITING: usize = 1_000;

/// Puts together what a tick's batch is made from.
#[async_trait]
pub trait Orders: Send + Sync + std::fmt::Debug {
    /// The order of the tick at `at`, under the batch's name; an error is told to people and ends the tick.
    fn order(&self, schedule: &Schedule, at: Timestamp, batch: &BatchName) -> std::result::Result<Order, String>;

    /// Where the batch's images are kept; an error is told, and the tick is tried again.
    async fn images(&self, plan: &Plan) -> io::Result<Box<dyn KeepImages>>;
}

/// A tick that this process fired.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fired {
    /// The schedule.
    pub schedule: ScheduleName,
    /// The tick.
    pub at: Timestamp,
    /// It was missed, and is fired now.
    pub late: bool,
    /// Where it stands.
    pub state: TickState,
    /// Its batch.
    pub batch: Option<BatchName>,
    /// Lines of the batch's manifest.
    pub lines: u64,
    /// Why, for people.
    pub reason: String,
}

/// Runs ticks.
#[derive(Debug, Clone)]
pub(super) struct TickRunner<'a> {
    pub(super) store: SharedStore,
    pub(super) orders: &'a dyn Orders,
    pub(super) lease: Duration,
}

/// What a run came to, before it is recorded.
struct TickRun {
    outcome: TickOutcome,
    lines: u64,
}

impl TickRunner<'_> {
    /// Fires a won tick, keeping its lease; `None` where the tick passed to another, or its store is unreachable.
    ///
    /// `forced` ticks, which a person asked for, do not make way for others.
    pub(super) async fn fire(&self, schedule: &Schedule, lease: &TickLease, forced: bool) -> Result<Option<Fired>> {
        let run = tokio::select! {
            run = self.run_tick(schedule, lease, forced) => run,
            () = self.keep(lease) => return Ok(None),
        };
        let run = match run {
            Ok(run) => run,
            // Who superseded the load has won the tick, and finishes it.
            Err(Error::Store(reelq_store::Error::ImportSuperseded)) => return Ok(None),
            Err(error) => {
                self.store.release_tick(lease).await?;
                return Err(error);
            }
        };
        if !self.store.finish_tick(lease, &run.outcome).await? {
            return Ok(None);
        }
        let TickOutcome { state, batch, reason } = run.outcome;
        let (schedule, at, late) = (schedule.name.clone(), lease.at, lease.late);
        Ok(Some(Fired { schedule, at, late, state, batch, lines: run.lines, reason }))
    }

    /// Extends the lease for as long as it is polled; ends once the tick is lost.
    async fn keep(&self, lease: &TickLease) {
        loop {
            tokio::time::sleep(self.lease / 3).await;
            match self.store.extend_tick(lease, self.lease).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(schedule = %lease.schedule, %error, "a tick's lease was not extended"),
            }
        }
    }

    async fn run_tick(&self, schedule: &Schedule, lease: &TickLease, forced: bool) -> Result<TickRun> {
        let batch = match schedule.batch(lease.at) {
            Ok(batch) => batch,
            Err(error) => return Ok(failed(error.to_string())),
        };
        let begun = self.store.batch(&batch).await?;
        if let Some(view) = begun.as_ref().filter(|view| view.whole) {
            return Ok(found(schedule, batch, view));
        }
        let way = if forced { None } else { in_the_way(&*self.store, &schedule.name, lease.at).await? };
        let waits = match (way, schedule.overlap) {
            (None, _) => None,
            // What was begun before its winner died was not in anyone's way.
            (Some(_), Overlap::Skip) if begun.is_some() => None,
            (Some(way), Overlap::Skip) => return Ok(skipped(way.reason)),
            (Some(way), Overlap::Queue) => Some(way.reason),
        };
        if waits.is_some() && self.store.open_ticks(&schedule.name).await?.len() > WAITING {
            return Ok(skipped(format!("{WAITING} ticks wait already")));
        }
        self.load(schedule, lease.at, batch, waits).await
    }

    async fn load(
        &self,
        schedule: &Schedule,
        at: Timestamp,
        batch: BatchName,
        waits: Option<String>,
    ) -> Result<TickRun> {
        let order = match self.orders.order(schedule, at, &batch) {
            Ok(order) => Arc::new(order),
            Err(reason) => return Ok(failed(reason)),
        };
        let plan = match plan(Some(&*self.store), &order).await {
            Ok(plan) => plan,
            Err(Error::Refused(refused)) => return Ok(failed(first_problem(&refused.0))),
            Err(error) => return Err(error),
        };
        if schedule.overlap == Overlap::Queue {
            self.hold_back(&plan, waits.is_some()).await?;
        }
        let images = self.orders.images(&plan).await.map_err(Error::Images)?;
        let report = load(&*self.store, &*images, &order, &plan).await?;
        let state = if waits.is_some() { TickState::Waiting } else { TickState::Fired };
        let outcome = TickOutcome { state, batch: Some(batch), reason: waits.unwrap_or_default() };
        Ok(TickRun { outcome, lines: report.loaded.lines })
    }

    /// Pauses the batch before a row of it can be claimed.
    async fn hold_back(&self, plan: &Plan, waits: bool) -> Result<()> {
        self.store.begin_import(&plan.batch).await?;
        Ok(self.store.pause_batch(&plan.batch.name, waits).await?)
    }

    /// Lets a batch go that waited.
    pub(super) async fn let_go(&self, lease: &TickLease, batch: &BatchName) -> Result<Option<Fired>> {
        self.store.pause_batch(batch, false).await?;
        let outcome = TickOutcome { state: TickState::Fired, batch: Some(batch.clone()), reason: String::new() };
        if !self.store.finish_tick(lease, &outcome).await? {
            return Ok(None);
        }
        let lines = self.store.batch(batch).await?.map_or(0, |view| view.counts.total());
        let (schedule, at, late) = (lease.schedule.clone(), lease.at, lease.late);
        let (state, reason) = (TickState::Fired, "the batch before it has ended".to_owned());
        Ok(Some(Fired { schedule, at, late, state, batch: Some(batch.clone()), lines, reason }))
    }
}

/// The batch is whole: its winner died between the load and the record of it.
fn found(schedule: &Schedule, batch: BatchName, view: &BatchView) -> TickRun {
    let waits = schedule.overlap == Overlap::Queue && view.paused;
    let state = if waits { TickState::Waiting } else { TickState::Fired };
    TickRun { outcome: TickOutcome { state, batch: Some(batch), reason: String::new() }, lines: view.counts.total() }
}

fn skipped(reason: String) -> TickRun {
    TickRun { outcome: TickOutcome { state: TickState::Skipped, batch: None, reason }, lines: 0 }
}

fn failed(reason: String) -> TickRun {
    TickRun { outcome: TickOutcome { state: TickState::Failed, batch: None, reason }, lines: 0 }
}

fn first_problem(problems: &reelq_manifest::Problems) -> String {
    let more = match problems.error_count() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let first = problems.errors().first();
    first.map_or_else(|| "the manifest was refused".to_owned(), |problem| format!("{problem}{more}"))
}
