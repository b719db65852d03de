//! A job's row: the job, and what the store alone knows of it. The one place that writes the table's columns.

use std::sync::LazyLock;

use reelq_model::{Event, IllegalTransition, Job, JobId, Settlement, Stage, Timestamp, Wake};
use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{code, ledger::Ledger, tasks};
use crate::error::{Result, StepError};
use reelq_store::Error;
use reelq_store::rules::bounds;
use reelq_store::rules::figures::{bought, overdue, unpriced};

/// One row of `jobs`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub seq: i64,
    pub batch: i64,
    pub account: i64,
    /// Where its line stands in the batch's manifest; `None` where it has none.
    pub position: Option<i64>,
    pub due: Option<Timestamp>,
    pub version: i64,
    pub worker: Option<i64>,
    pub lease_until: Option<Timestamp>,
    pub cancel: i64,
    pub parked: bool,
    /// History entries ever written.
    pub entries: i64,
    pub job: Job,
}

/// What [`Row::read`] reads, of a table called `j`.
pub(super) const COLUMNS: &str = "j.seq AS seq, j.id AS id, j.batch AS batch, j.account AS account, j.position AS position, j.due AS due, j.version AS version, \
    j.worker AS worker, j.lease_until AS lease_until, j.cancel AS cancel, j.parked AS parked, j.entries AS entries, j.state AS state";

static BY_ID: LazyLock<String> = LazyLock::new(|| format!("SELECT {COLUMNS} FROM jobs j WHERE j.id = ?1"));
static BY_SEQ: LazyLock<String> = LazyLock::new(|| format!("SELECT {COLUMNS} FROM jobs j WHERE j.seq = ?1"));

const UPDATE: &str = "UPDATE jobs SET position = :position, status = :status, failure = :failure, queue = :queue, \
    due = :due, deadline = :deadline, priority = :priority, price = :price, version = :version, worker = :worker, \
    lease_until = :lease_until, cancel = :cancel, parked = :parked, bought = :bought, spent = :spent, \
    reserved = :reserved, unpriced = :unpriced, overdue = :overdue, entries = :entries, state = :state \
    WHERE seq = :seq";

const INSERT: &str = "INSERT INTO jobs (id, batch, account, position, status, queue, due, priority, price, version, \
    orphan_of, state) VALUES (:id, :batch, :account, NULL, -1, 0, NULL, 0, 0, 0, :orphan_of, '')";

const LEASE: &str = "UPDATE jobs SET queue = 0, version = :version, worker = :worker, lease_until = :lease_until \
    WHERE seq = :seq";

impl Row {
    pub(super) fn by_id(conn: &Connection, id: JobId) -> Result<Option<Self>> {
        Self::one(conn, &BY_ID, id.as_bytes())
    }

    pub(super) fn by_seq(conn: &Connection, seq: i64) -> Result<Self> {
        let row = Self::one(conn, &BY_SEQ, seq)?;
        Ok(row.ok_or_else(|| Error::broken(format!("job row {seq} vanished")))?)
    }

    /// A row by id that must exist.
    pub(super) fn known(conn: &Connection, id: JobId) -> Result<Self> {
        Ok(Self::by_id(conn, id)?.ok_or_else(|| Error::NoJob(id.to_string()))?)
    }

    fn one(conn: &Connection, sql: &str, key: impl rusqlite::ToSql) -> Result<Option<Self>> {
        conn.prepare_cached(sql)?.query_row([key], |row| Ok(Self::read(row))).optional()?.transpose()
    }

    pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Self> {
        let state = row.get_ref("state")?.as_bytes().unwrap_or_default();
        let unreadable = |error: StepError| Error::Unreadable {
            job: read_id(row).unwrap_or(JobId::from_bytes([0; 16])),
            reason: error.to_string(),
        };
        let job = read_state(state).map_err(unreadable)?;
        Ok(Self::around(row, job).map_err(unreadable)?)
    }

    /// The row as its own columns say, around a job that is known otherwise.
    fn around(row: &rusqlite::Row<'_>, job: Job) -> Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            batch: row.get("batch")?,
            account: row.get("account")?,
            position: code::whole(row, "position")?,
            due: code::whole(row, "due")?.map(Timestamp::from_millis),
            version: code::whole(row, "version")?.unwrap_or(0),
            worker: code::whole(row, "worker")?,
            lease_until: code::whole(row, "lease_until")?.map(Timestamp::from_millis),
            cancel: code::whole(row, "cancel")?.unwrap_or(code::CANCEL_NONE),
            parked: code::whole(row, "parked")?.unwrap_or(0) != 0,
            entries: code::whole(row, "entries")?.unwrap_or(0),
            job,
        })
    }

    /// The row of a job that cannot be read, as whoever holds the lease of its present version has it.
    pub(super) fn as_leased(conn: &Connection, lease: &reelq_store::Lease) -> Result<Option<Self>> {
        let around = |row: &rusqlite::Row<'_>| Ok(Self::around(row, (*lease.job).clone()));
        let found =
            conn.prepare_cached(&BY_ID)?.query_row([lease.job.id.as_bytes()], around).optional()?.transpose()?;
        Ok(found.filter(|row| code::count(row.version) == lease.version))
    }

    /// Puts a record into the table that no manifest asked for.
    pub(super) fn insert(conn: &Connection, batch: i64, account: i64, job: Job) -> Result<Self> {
        let orphan_of = job.orphan_of.map(|id| id.as_bytes().to_vec());
        let key = job.id.as_bytes().to_vec();
        conn.prepare_cached(INSERT)?
            .execute(named_params! {":id": key, ":batch": batch, ":account": account, ":orphan_of": orphan_of})?;
        Ok(Self {
            seq: conn.last_insert_rowid(),
            batch,
            account,
            position: None,
            due: None,
            version: 0,
            worker: None,
            lease_until: None,
            cancel: code::CANCEL_NONE,
            parked: false,
            entries: 0,
            job,
        })
    }

    /// Whether the lease of this version still holds.
    pub(super) fn held(&self, version: u64, now: Timestamp) -> bool {
        code::count(self.version) == version && self.lease_until.is_some_and(|until| until > now)
    }

    /// Whether somebody has it in hand.
    pub(super) fn in_hand(&self) -> bool {
        self.lease_until.is_some()
    }

    /// Whether it was, or may have been, bought.
    pub(super) fn bought(&self) -> bool {
        bought(&self.job)
    }

    /// Applies an event, and the cancellation that was waiting for the job to stand at `ready` again.
    pub(super) fn step(&mut self, event: Event, now: Timestamp) -> Result<(), IllegalTransition> {
        let applied = self.job.apply(event, now)?;
        self.job = applied.job;
        self.due = match applied.wake {
            Wake::Now => Some(now),
            Wake::After(wait) => Some(now.after(wait)),
            Wake::Never => None,
        };
        self.parked = false;
        if self.wish_is_over() {
            self.cancel = code::CANCEL_NONE;
        }
        Ok(())
    }

    /// Whether a wish to cancel it has been granted, or can no longer be.
    fn wish_is_over(&self) -> bool {
        let ended = self.job.stage.is_terminal();
        match self.cancel {
            code::CANCEL_ASKED => ended || matches!(self.job.stage, Stage::Fetching { .. }),
            // A withdrawn job keeps it, so that a line that comes back revives it.
            code::CANCEL_GONE => ended && !matches!(self.job.stage, Stage::Cancelled { task: None }),
            _ => false,
        }
    }

    /// Whether whoever has it in hand is to withdraw it. A task that was bought is kept where only its line is gone.
    pub(super) fn cancel_is_requested(&self) -> bool {
        self.cancel == code::CANCEL_ASKED || self.cancel_is_due()
    }

    /// Whether a wish to cancel it can be granted now.
    pub(super) fn cancel_is_due(&self) -> bool {
        self.cancel != code::CANCEL_NONE && matches!(self.job.stage, Stage::Ready)
    }

    /// Withdraws a job that stands at `ready`.
    pub(super) fn withdraw(&mut self, now: Timestamp) -> Result<(), IllegalTransition> {
        let settlement: Option<Settlement> = None;
        self.step(Event::Cancelled { settlement }, now)
    }

    /// Ends the lease; a job that still has work to be done on it is due at once unless it waits for something.
    pub(super) fn unlease(&mut self, now: Timestamp) {
        (self.worker, self.lease_until) = (None, None);
        if self.due.is_none() && !self.parked && code::queue(&self.job, true) != code::QUEUE_NONE {
            self.due = Some(now);
        }
    }

    /// Writes the row as it stands now and books the difference to `before`.
    pub(super) fn save(
        &mut self,
        conn: &Connection,
        ledger: &mut Ledger,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Result<()> {
        tasks::note(conn, self, before, now)?;
        self.version += 1;
        ledger.note(before, Some(self));
        if self.job.stage.is_terminal() && before.is_none_or(|row| !row.job.stage.is_terminal()) {
            ledger.end(self.batch, now);
        }
        let failure = match &self.job.stage {
            Stage::Failed { failure, .. } => Some(failure.kind.as_str()),
            _ => None,
        };
        conn.prepare_cached(UPDATE)?.execute(named_params! {
            ":position": self.position,
            ":status": code::status(self.job.status()),
            ":failure": failure,
            ":queue": self.queue(now),
            ":due": self.due.map(|due| bounds::time(due).millis()),
            ":deadline": self.job.link_deadline().map(|at| bounds::time(at).millis()),
            ":priority": self.job.priority,
            ":price": bounds::price(self.job.price),
            ":version": self.version,
            ":worker": self.worker,
            ":lease_until": self.lease_until.map(|until| bounds::time(until).millis()),
            ":cancel": self.cancel,
            ":parked": self.parked,
            ":bought": self.bought(),
            ":spent": bounds::amount(self.job.spent()),
            ":reserved": bounds::amount(self.job.reserved()),
            ":unpriced": unpriced(&self.job),
            ":overdue": overdue(&self.job),
            ":entries": self.entries,
            ":state": write_state(&self.job)?,
            ":seq": self.seq,
        })?;
        Ok(())
    }

    /// Writes a lease that was just given; the job itself has not changed.
    pub(super) fn save_lease(&mut self, conn: &Connection, ledger: &mut Ledger, before: &Self) -> Result<()> {
        self.version += 1;
        ledger.note(Some(before), Some(self));
        conn.prepare_cached(LEASE)?.execute(named_params! {
            ":version": self.version,
            ":worker": self.worker,
            ":lease_until": self.lease_until.map(|until| bounds::time(until).millis()),
            ":seq": self.seq,
        })?;
        Ok(())
    }

    fn queue(&self, now: Timestamp) -> i64 {
        match self.due {
            Some(due) if !self.parked && !self.in_hand() => code::queue(&self.job, due <= now),
            _ => code::QUEUE_NONE,
        }
    }
}

fn read_id(row: &rusqlite::Row<'_>) -> Option<JobId> {
    Some(JobId::from_bytes(row.get_ref("id").ok()?.as_blob().ok()?.try_into().ok()?))
}

pub(super) fn read_state(state: &[u8]) -> Result<Job> {
    let job = serde_json::from_slice(state).map(bounds::sound);
    Ok(job.map_err(|error| Error::broken(format!("a job cannot be read: {error}")))?)
}

pub(super) fn write_state(job: &Job) -> Result<String> {
    Ok(serde_json::to_string(job).map_err(|error| Error::broken(format!("a job cannot be written: {error}")))?)
}
