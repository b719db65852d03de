//! A job's row: the job, and what the store alone knows of it. The one place that writes the table's columns.

use std::sync::LazyLock;

use reelq_model::{Job, JobId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, named_params, params, types::ValueRef};

use super::{code, record, record::Parts};
use crate::error::{Result, StepError};
use reelq_store::Error;
use reelq_store::{rules::cancel::CancelWish, transition::StoredJob};

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
    /// The version at which the job was changed beside the lease of that version, whose holder does not know of it.
    pub amended: i64,
    /// Entries that are still to be written.
    pub noted: String,
    pub job: Job,
}

/// The columns of a job that is known otherwise.
macro_rules! small {
    () => {
        "j.seq AS seq, j.batch AS batch, j.account AS account, j.position AS position, j.due AS due, j.version AS version, \
        j.worker AS worker, j.lease_until AS lease_until, j.cancel AS cancel, j.parked AS parked, j.entries AS entries, \
        j.amended AS amended"
    };
}

/// What [`Row::read`] reads, of a table called `j`: first in a query, and in this order, for it goes by [the number](at).
pub(super) const COLUMNS: &str =
    concat!(small!(), ", s.id AS id, j.priority AS priority, j.price AS price, s.spec AS spec, j.state AS state");

/// Where [`COLUMNS`] come from. A record without its other half is one that cannot be read.
pub(super) const FROM: &str = "FROM jobs j LEFT JOIN specs s ON s.seq = j.seq";

/// Where each of [`COLUMNS`] stands.
mod at {
    pub(super) const SEQ: usize = 0;
    pub(super) const BATCH: usize = 1;
    pub(super) const ACCOUNT: usize = 2;
    pub(super) const POSITION: usize = 3;
    pub(super) const DUE: usize = 4;
    pub(super) const VERSION: usize = 5;
    pub(super) const WORKER: usize = 6;
    pub(super) const LEASE_UNTIL: usize = 7;
    pub(super) const CANCEL: usize = 8;
    pub(super) const PARKED: usize = 9;
    pub(super) const ENTRIES: usize = 10;
    pub(super) const AMENDED: usize = 11;
    pub(super) const ID: usize = 12;
    pub(super) const PRIORITY: usize = 13;
    pub(super) const PRICE: usize = 14;
    pub(super) const SPEC: usize = 15;
    pub(super) const STATE: usize = 16;
}

/// Where the last of [`COLUMNS`] stands.
pub(super) const LAST: usize = at::STATE;
/// Where a job's place in its batch's manifest stands among [`COLUMNS`].
pub(super) const POSITION: usize = at::POSITION;

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = ?1"));
static BY_SEQ: LazyLock<String> = LazyLock::new(|| format!("SELECT {COLUMNS} {FROM} WHERE j.seq = ?1"));

const SMALL_BY_ID: &str = concat!("SELECT ", small!(), " FROM specs s JOIN jobs j ON j.seq = s.seq WHERE s.id = ?1");

/// A spec that is there without its job is what is left of a record that was lost.
const INSERT_SPEC: &str = "INSERT INTO specs (id, spec) VALUES (?1, ?2) \
    ON CONFLICT (id) DO UPDATE SET spec = excluded.spec RETURNING seq";
const INSERT: &str = "INSERT INTO jobs (seq, batch, account, position, status, queue, due, priority, price, version, \
    orphan_of, state) VALUES (:seq, :batch, :account, NULL, -1, 0, NULL, 0, 0, 0, :orphan_of, '')";

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
        let id = read_id(row).unwrap_or(JobId::from_bytes([0; 16]));
        let unreadable = |error: StepError| Error::Unreadable { job: id, reason: error.to_string() };
        let job = read_job(row, id).map_err(unreadable)?;
        Ok(Self::around(row, job).map_err(unreadable)?)
    }

    /// The row as its own columns say, around a job that is known otherwise.
    fn around(row: &rusqlite::Row<'_>, job: Job) -> Result<Self> {
        Ok(Self {
            seq: row.get(at::SEQ)?,
            batch: row.get(at::BATCH)?,
            account: row.get(at::ACCOUNT)?,
            position: code::whole(row, at::POSITION)?,
            due: code::whole(row, at::DUE)?.map(Timestamp::from_millis),
            version: code::whole(row, at::VERSION)?.unwrap_or(0),
            worker: code::whole(row, at::WORKER)?,
            lease_until: code::whole(row, at::LEASE_UNTIL)?.map(Timestamp::from_millis),
            cancel: code::whole(row, at::CANCEL)?.map_or(CancelWish::NONE, CancelWish::from_code),
            parked: code::whole(row, at::PARKED)?.unwrap_or(0) != 0,
            entries: code::whole(row, at::ENTRIES)?.unwrap_or(0),
            amended: code::whole(row, at::AMENDED)?.unwrap_or(0),
            noted: String::new(),
            job,
        })
    }

    /// The row that a lease is of. Where the lease holds, its job is the row's: it is not read again.
    pub(super) fn of_lease(conn: &Connection, lease: &reelq_store::Lease, now: Timestamp) -> Result<Option<Self>> {
        let known = Self::as_leased(conn, lease)?;
        let is_so = |row: &Self| row.stored().holds(lease.version, now) && row.amended != row.version;
        match known.filter(is_so) {
            None => Self::by_id(conn, lease.job.id),
            known => Ok(known),
        }
    }

    /// The row of a job that cannot be read, as whoever holds the lease of its present version has it.
    pub(super) fn as_leased(conn: &Connection, lease: &reelq_store::Lease) -> Result<Option<Self>> {
        let around = |row: &rusqlite::Row<'_>| Ok(Self::around(row, (*lease.job).clone()));
        let found =
            conn.prepare_cached(SMALL_BY_ID)?.query_row([lease.job.id.as_bytes()], around).optional()?.transpose()?;
        Ok(found.filter(|row| code::count(row.version) == lease.version))
    }

    /// Puts a record into the table that no manifest asked for.
    pub(super) fn insert(conn: &Connection, batch: i64, account: i64, job: Job) -> Result<Self> {
        let orphan_of = job.orphan_of.map(|id| id.as_bytes().to_vec());
        let spec = params![job.id.as_bytes(), record::spec(&job)?];
        let seq = conn.prepare_cached(INSERT_SPEC)?.query_row(spec, |row| row.get(0))?;
        conn.prepare_cached(INSERT)?
            .execute(named_params! {":seq": seq, ":batch": batch, ":account": account, ":orphan_of": orphan_of})?;
        Ok(Self {
            seq,
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
            amended: 0,
            noted: String::new(),
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
}

fn read_id(row: &rusqlite::Row<'_>) -> Option<JobId> {
    Some(JobId::from_bytes(row.get_ref(at::ID).ok()?.as_blob().ok()?.try_into().ok()?))
}

fn read_job(row: &rusqlite::Row<'_>, id: JobId) -> Result<Job> {
    let state = match row.get_ref(at::STATE)? {
        // Nothing has happened to it: then no entry says that something did.
        ValueRef::Null if code::whole(row, at::ENTRIES)?.is_none_or(|entries| entries == 0) => None,
        state => Some(state.as_bytes().unwrap_or_default()),
    };
    let price = code::whole(row, at::PRICE)?.unwrap_or(code::NO_PRICE);
    let priority = code::whole(row, at::PRIORITY)?.unwrap_or(0);
    let spec = row.get_ref(at::SPEC)?.as_bytes().unwrap_or_default();
    Parts { id, price, priority, spec, state }.job()
}
