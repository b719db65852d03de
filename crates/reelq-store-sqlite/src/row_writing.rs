//! Writing a job's row, with its history, its task and its part of the ledger.

use reelq_model::{Stage, Timestamp};
use rusqlite::{Connection, named_params};

use super::{
    code, history,
    ledger::Ledger,
    row::{Row, write_state},
    tasks,
    tx::Tx,
};
use crate::error::Result;
use reelq_store::{
    rules::{
        bounds,
        figures::{bought, overdue, unpriced},
        queue::Queue,
    },
    transition::{Change, StoredJob},
};

const UPDATE: &str = "UPDATE jobs SET position = :position, status = :status, failure = :failure, queue = :queue, \
    due = :due, deadline = :deadline, priority = :priority, price = :price, version = :version, worker = :worker, \
    lease_until = :lease_until, cancel = :cancel, parked = :parked, bought = :bought, spent = :spent, \
    reserved = :reserved, unpriced = :unpriced, overdue = :overdue, entries = :entries, state = :state \
    WHERE seq = :seq";

const LEASE: &str = "UPDATE jobs SET queue = 0, version = :version, worker = :worker, lease_until = :lease_until \
    WHERE seq = :seq";

impl Row {
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
