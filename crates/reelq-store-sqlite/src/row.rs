//! A job's row: the job, and what the store alone knows of it. The one place that writes the table's columns.

use std::sync::LazyLock;

use reelq_model::{Job, JobId, Stage, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, named_params};

use super::{code, history, ledger::Ledger, tasks, writer::Tx};
use crate::error::{Result, StepError};
use reelq_store::Error;
use reelq_store::{
    rules::{
        bounds,
        cancel::CancelWish,
        figures::{bought, overdue, unpriced},
        queue::Queue,
    },
    transition::{Change, StoredJob},
};

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
    pub cancel: CancelWish,
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
            cancel: code::whole(row, "cancel")?.map_or(CancelWish::NONE, CancelWish::from_code),
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
            cancel: CancelWish::NONE,
            parked: false,
            entries: 0,
            job,
        })
    }

    /// What the rules need of it.
    pub(super) fn stored(&self) -> StoredJob<'_> {
        StoredJob {
            job: &self.job,
            version: code::count(self.version),
            due: self.due,
            lease_until: self.lease_until,
            cancel: self.cancel,
            parked: self.parked,
            listed: self.position.is_some(),
        }
    }

    /// Whether a worker holds it.
    pub(super) const fn in_hand(&self) -> bool {
        self.lease_until.is_some()
    }

    /// Writes what a change makes of the row, with its history and its part of the ledger; the row as it then stands.
    pub(super) fn change(&self, tx: &Tx<'_>, ledger: &mut Ledger, change: Change<'_>) -> Result<Self> {
        self.written(tx, ledger, Some(self), change)
    }

    /// The same of a row that was just put into the table.
    pub(super) fn begin(&self, tx: &Tx<'_>, ledger: &mut Ledger, change: Change<'_>) -> Result<Self> {
        self.written(tx, ledger, None, change)
    }

    fn written(&self, tx: &Tx<'_>, ledger: &mut Ledger, before: Option<&Self>, change: Change<'_>) -> Result<Self> {
        let StoredJob { version, due, lease_until, cancel, parked, .. } = change.leaves(&self.stored(), tx.now);
        let (version, worker) = (code::int(version), self.worker.filter(|_| lease_until.is_some()));
        let job = change.job.into_owned();
        let mut row = Self { due, version, worker, lease_until, cancel, parked, job, ..*self };
        for note in &change.history {
            history::note(tx.conn, &mut row, note, tx.now)?;
        }
        row.save(tx, ledger, before)?;
        Ok(row)
    }

    /// Writes the row as it stands now and adds the difference to `before` to the ledger.
    fn save(&mut self, tx: &Tx<'_>, ledger: &mut Ledger, before: Option<&Self>) -> Result<()> {
        let (conn, now) = (tx.conn, tx.now);
        tasks::note(conn, self, before, now)?;
        ledger.note(self, before.map(Self::stored).as_ref(), Some(&self.stored()));
        let failure = match &self.job.stage {
            Stage::Failed { failure, .. } => Some(failure.kind.as_str()),
            _ => None,
        };
        conn.prepare_cached(UPDATE)?.execute(named_params! {
            ":position": self.position,
            ":status": code::status(self.job.status()),
            ":failure": failure,
            ":queue": Queue::of(&self.stored(), now).code(),
            ":due": self.due.map(|due| bounds::time(due).millis()),
            ":deadline": self.job.link_deadline().map(|at| bounds::time(at).millis()),
            ":priority": self.job.priority,
            ":price": bounds::price(self.job.price),
            ":version": self.version,
            ":worker": self.worker,
            ":lease_until": self.lease_until.map(|until| bounds::time(until).millis()),
            ":cancel": self.cancel.code(),
            ":parked": self.parked,
            ":bought": bought(&self.job),
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

    /// Gives a lease to a worker; the job itself does not change.
    pub(super) fn lease(
        &mut self,
        conn: &Connection,
        ledger: &mut Ledger,
        worker: i64,
        until: Timestamp,
    ) -> Result<()> {
        let before = self.stored();
        ledger.note(self, Some(&before), Some(&StoredJob { lease_until: Some(until), ..before }));
        (self.worker, self.lease_until) = (Some(worker), Some(until));
        self.version += 1;
        conn.prepare_cached(LEASE)?.execute(named_params! {
            ":version": self.version,
            ":worker": worker,
            ":lease_until": bounds::time(until).millis(),
            ":seq": self.seq,
        })?;
        Ok(())
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
