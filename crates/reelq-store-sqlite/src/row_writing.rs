//! Writing a job's row, with its history, its task and its part of the ledger.

use reelq_model::{Stage, Timestamp};
use rusqlite::{Connection, ToSql, params};

use super::{code, history, ledger::Ledger, record, row::Row, tasks, tx::Tx};
use crate::error::Result;
use reelq_store::{
    rules::{
        bounds,
        figures::{bought, overdue, unpriced},
        queue::Queue,
    },
    transition::{Change, LeaseStep, StoredJob},
};

/// SQLite writes an index entry anew wherever a statement sets one of its columns, whether that changes or not: so the usual
/// steps leave out what they do not change.
mod update {
    use super::history;

    /// What every step sets. No index but those of queues and leases has one of these columns, and they hold no entry of a job
    /// that is neither before nor after it in their queue.
    macro_rules! step {
        ($more:literal) => {
            concat!(
                "UPDATE jobs SET version = ?2, amended = ?3, entries = ?4, ",
                history::appended!("?5"),
                ", state = ?6, failure = ?7, queue = ?8, due = ?9, lease_until = ?10, cancel = ?11, parked = ?12, bought = ?13, \
                spent = ?14, reserved = ?15, unpriced = ?16, overdue = ?17",
                $more,
                " WHERE seq = ?1"
            )
        };
    }

    /// A step that leaves the job where it stands: one more look.
    pub(super) const STAY: &str = step!(", worker = ?18");
    /// A step to another status.
    pub(super) const MOVE: &str = step!(", worker = ?18, status = ?19, deadline = ?20");
    /// A step to another status whose worker keeps its lease.
    pub(super) const KEEP: &str = step!(", status = ?19, deadline = ?20");
    /// All that there is.
    pub(super) const ALL: &str =
        step!(", worker = ?18, status = ?19, deadline = ?20, position = ?21, priority = ?22, price = ?23");
}

const LEASE: &str = "UPDATE jobs SET queue = 0, version = ?2, worker = ?3, lease_until = ?4 WHERE seq = ?1";

/// Which columns a step sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Stay,
    Move,
    Keep,
    All,
}

impl Form {
    /// The narrowest form that sets all in which the rows differ.
    fn of(row: &Row, before: Option<&Row>) -> Self {
        let Some(before) = before else { return Self::All };
        let of_line = |row: &Row| (row.position, row.job.priority, bounds::price(row.job.price));
        let of_stage = |row: &Row| (row.job.status(), row.job.link_deadline());
        if of_line(row) != of_line(before) {
            Self::All
        } else if row.worker == before.worker && row.worker.is_some() {
            Self::Keep
        } else if of_stage(row) == of_stage(before) {
            Self::Stay
        } else {
            Self::Move
        }
    }

    /// Its statement, and how many of the values that takes.
    const fn sql(self) -> (&'static str, usize) {
        match self {
            Self::Stay => (update::STAY, 18),
            Self::Move => (update::MOVE, 20),
            Self::Keep => (update::KEEP, 20),
            Self::All => (update::ALL, 23),
        }
    }
}

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
        // Whoever has it in hand does not know of it.
        let is_beside = matches!(change.lease, LeaseStep::Untouched) && lease_until.is_some();
        let amended = if is_beside { version } else { self.amended };
        let noted = String::new();
        let mut row = Self { due, version, worker, lease_until, cancel, parked, amended, noted, job, ..*self };
        for note in &change.history {
            history::note(&mut row, note, tx.now);
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
        self.write(conn, now, failure, before)
    }

    fn write(&self, conn: &Connection, now: Timestamp, failure: Option<&str>, before: Option<&Self>) -> Result<()> {
        let (state, status, deadline) = (record::state(&self.job)?, self.job.status(), self.job.link_deadline());
        let (status, deadline) = (code::status(status), deadline.map(|at| bounds::time(at).millis()));
        let (queue, due) = (Queue::of(&self.stored(), now).code(), self.due.map(|due| bounds::time(due).millis()));
        let until = self.lease_until.map(|until| bounds::lease_end(until).millis());
        let (bought, unpriced, overdue) = (bought(&self.job), unpriced(&self.job), overdue(&self.job));
        let (spent, reserved) = (bounds::amount(self.job.spent()), bounds::amount(self.job.reserved()));
        let (cancel, noted) = (self.cancel.code(), Some(&self.noted).filter(|noted| !noted.is_empty()));
        let price = bounds::price(self.job.price);
        let values: [&dyn ToSql; 23] = [
            &self.seq,
            &self.version,
            &self.amended,
            &self.entries,
            &noted,
            &state,
            &failure,
            &queue,
            &due,
            &until,
            &cancel,
            &self.parked,
            &bought,
            &spent,
            &reserved,
            &unpriced,
            &overdue,
            &self.worker,
            &status,
            &deadline,
            &self.position,
            &self.job.priority,
            &price,
        ];
        let (sql, taken) = Form::of(self, before).sql();
        conn.prepare_cached(sql)?.execute(&values[..taken])?;
        history::trim(conn, self.seq, self.entries, self.entries - before.map_or(0, |before| before.entries))
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
        let until = bounds::time(until).millis();
        conn.prepare_cached(LEASE)?.execute(params![self.seq, self.version, worker, until])?;
        Ok(())
    }
}
