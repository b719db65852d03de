//! Writing a job's row, with its history, its task and its part of the ledger.

use reelq_model::{Stage, Timestamp};
use rusqlite::{Connection, ToSql, named_params};

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
        ($($more:literal)*) => {
            concat!(
                "UPDATE jobs SET version = :version, amended = :amended, entries = :entries, state = :state, failure = :failure, queue = :queue, \
                due = :due, lease_until = :lease_until, cancel = :cancel, parked = :parked, bought = :bought, spent = :spent, \
                reserved = :reserved, unpriced = :unpriced, overdue = :overdue, ",
                history::appended!(":noted"),
                $($more,)*
                " WHERE seq = :seq"
            )
        };
    }

    /// A step that leaves the job where it stands: one more look.
    pub(super) const STAY: &str = step!(", worker = :worker");
    /// A step to another status.
    pub(super) const MOVE: &str = step!(", worker = :worker, status = :status, deadline = :deadline");
    /// A step to another status whose worker keeps its lease.
    pub(super) const KEEP: &str = step!(", status = :status, deadline = :deadline");
    /// All that there is.
    pub(super) const ALL: &str = step!(
        ", worker = :worker, status = :status, deadline = :deadline, position = :position, priority = :priority, price = :price"
    );
}

const LEASE: &str = "UPDATE jobs SET queue = 0, version = :version, worker = :worker, lease_until = :lease_until \
    WHERE seq = :seq";

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

    const fn sql(self) -> &'static str {
        match self {
            Self::Stay => update::STAY,
            Self::Move => update::MOVE,
            Self::Keep => update::KEEP,
            Self::All => update::ALL,
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
        let until = self.lease_until.map(|until| bounds::time(until).millis());
        let (bought, unpriced, overdue) = (bought(&self.job), unpriced(&self.job), overdue(&self.job));
        let (spent, reserved) = (bounds::amount(self.job.spent()), bounds::amount(self.job.reserved()));
        let (cancel, noted) = (self.cancel.code(), Some(&self.noted).filter(|noted| !noted.is_empty()));
        let mut values: Vec<(&str, &dyn ToSql)> = vec![
            (":version", &self.version),
            (":amended", &self.amended),
            (":entries", &self.entries),
            (":noted", &noted),
            (":state", &state),
            (":failure", &failure),
            (":queue", &queue),
            (":due", &due),
            (":lease_until", &until),
            (":cancel", &cancel),
            (":parked", &self.parked),
            (":bought", &bought),
            (":spent", &spent),
            (":reserved", &reserved),
            (":unpriced", &unpriced),
            (":overdue", &overdue),
            (":seq", &self.seq),
        ];
        let price = bounds::price(self.job.price);
        let form = Form::of(self, before);
        if form != Form::Keep {
            values.push((":worker", &self.worker));
        }
        if form != Form::Stay {
            values.extend([(":status", &status as &dyn ToSql), (":deadline", &deadline)]);
        }
        if form == Form::All {
            values.extend([
                (":position", &self.position as &dyn ToSql),
                (":priority", &self.job.priority),
                (":price", &price),
            ]);
        }
        conn.prepare_cached(form.sql())?.execute(&*values)?;
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
        conn.prepare_cached(LEASE)?.execute(named_params! {
            ":version": self.version,
            ":worker": worker,
            ":lease_until": bounds::time(until).millis(),
            ":seq": self.seq,
        })?;
        Ok(())
    }
}
