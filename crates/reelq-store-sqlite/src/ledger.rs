//! Counters: what each change of a row adds to its batch's and its account's sums, written once a verb.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, named_params, params};

use super::{code, row::Row, tx::Tx};
use crate::error::Result;
use reelq_store::{
    rules::{
        hold,
        ledger::{AccountSums, BatchSums, LedgerDelta},
    },
    transition::StoredJob,
};

/// What is to be added to the sums when the verb ends.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    batches: BTreeMap<i64, BatchSums>,
    counts: BTreeMap<(i64, bool, i64), i64>,
    accounts: BTreeMap<i64, AccountSums>,
    /// What accounts spent, by the day on which it was charged.
    days: BTreeMap<(i64, i64), i64>,
    /// Batches of which a job ended.
    ends: BTreeSet<i64>,
}

impl Ledger {
    /// Adds the change of one row; `None` stands for a row that is not there.
    pub(super) fn note(&mut self, row: &Row, before: Option<&StoredJob<'_>>, after: Option<&StoredJob<'_>>) {
        let delta = LedgerDelta::between(before, after);
        *self.batches.entry(row.batch).or_default() += delta.batch;
        *self.accounts.entry(row.account).or_default() += delta.account;
        for (key, jobs) in delta.counts() {
            *self.counts.entry((row.batch, key.listed, code::status(key.status))).or_default() += jobs;
        }
        for (day, spent) in delta.days {
            *self.days.entry((row.account, day)).or_default() += spent;
        }
        if delta.ends {
            self.ends.insert(row.batch);
        }
    }

    /// Writes the sums.
    pub(super) fn close(self, tx: &Tx<'_>) -> Result<()> {
        let (conn, today) = (tx.conn, tx.now.day());
        for (batch, sums) in self.batches.iter().filter(|(_, sums)| **sums != BatchSums::default()) {
            conn.prepare_cached(ADD_TO_BATCH)?.execute(named_params! {
                ":spent": sums.spent, ":reserved": sums.reserved, ":claimed": sums.claimed, ":to_spend": sums.to_spend,
                ":unpriced": sums.unpriced, ":orphans": sums.orphans, ":overdue": sums.overdue, ":held": sums.held,
                ":id": batch,
            })?;
        }
        for batch in &self.ends {
            let sql = "UPDATE batches SET ended_at = ?1 WHERE id = ?2";
            conn.prepare_cached(sql)?.execute([tx.now.millis(), *batch])?;
        }
        for ((batch, listed, status), jobs) in self.counts.iter().filter(|(_, jobs)| **jobs != 0) {
            conn.prepare_cached(ADD_TO_COUNT)?.execute(params![batch, listed, status, jobs])?;
        }
        for (account, sums) in &self.accounts {
            let spent_today = self.days.get(&(*account, today)).copied().unwrap_or(0);
            if spent_today != 0 || *sums != AccountSums::default() {
                add_to_account(tx, *account, sums, spent_today)?;
            }
        }
        Ok(())
    }
}

/// A cast saturates, so that a sum never becomes a float that cannot be read.
const ADD_TO_BATCH: &str = "UPDATE batches SET spent = CAST(spent + :spent AS INTEGER), \
    reserved = CAST(reserved + :reserved AS INTEGER), claimed = CAST(claimed + :claimed AS INTEGER), \
    to_spend = CAST(to_spend + :to_spend AS INTEGER), unpriced = unpriced + :unpriced, \
    orphans = orphans + :orphans, overdue = overdue + :overdue, held = held + :held WHERE id = :id";

const ADD_TO_COUNT: &str = "INSERT INTO batch_counts (batch, listed, status, jobs) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs";

fn add_to_account(tx: &Tx<'_>, account: i64, sums: &AccountSums, spent_today: i64) -> Result<()> {
    tx.conn.prepare_cached(ADD_TO_ACCOUNT)?.execute(named_params! {
        ":in_flight": sums.in_flight, ":spent": sums.spent, ":reserved": sums.reserved, ":claimed": sums.claimed,
        ":today": tx.now.day(), ":spent_today": spent_today, ":id": account,
    })?;
    Ok(())
}

/// The first change of a day starts its sum anew, as in [`reelq_limits::DayTotal`].
const ADD_TO_ACCOUNT: &str = "UPDATE accounts SET in_flight = in_flight + :in_flight, \
    spent = CAST(spent + :spent AS INTEGER), reserved = CAST(reserved + :reserved AS INTEGER), \
    claimed = CAST(claimed + :claimed AS INTEGER), \
    day_spent = CAST(CASE WHEN day = :today THEN day_spent ELSE 0 END + :spent_today AS INTEGER), day = :today \
    WHERE id = :id";

/// The condition that a row is shown, as [`figures::shown`](reelq_store::rules::figures::shown) says of its job.
macro_rules! shown {
    ($table:literal) => {
        concat!("(", $table, "position IS NOT NULL OR ", $table, "bought OR ", $table, "status < 5)")
    };
}

/// Adds a batch's sums up from its rows; what [`Ledger`] keeps must always equal this.
pub(super) fn recount(conn: &Connection, batch: i64) -> Result<()> {
    conn.prepare_cached(RECOUNT_SUMS)?.execute(params![batch, hold::HELD_MOST])?;
    conn.prepare_cached("DELETE FROM batch_counts WHERE batch = ?1")?.execute([batch])?;
    conn.prepare_cached(RECOUNT_STATUSES)?.execute([batch])?;
    Ok(())
}

const RECOUNT_SUMS: &str = concat!(
    "UPDATE batches SET (spent, reserved, claimed, to_spend, unpriced, orphans, overdue, held) = ( \
    SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0), \
        coalesce(sum(max(price, 0)) FILTER (WHERE status = 0 AND lease_until IS NOT NULL), 0), \
        coalesce(sum(max(price, 0)) FILTER (WHERE status = 0), 0), \
        coalesce(sum(unpriced) FILTER (WHERE ",
    shown!(""),
    "), 0), \
        count(orphan_of), coalesce(sum(overdue), 0), \
        count(*) FILTER (WHERE status = 0 AND priority <= ?2) \
    FROM jobs WHERE batch = batches.id) WHERE id = ?1"
);

const RECOUNT_STATUSES: &str = concat!(
    "INSERT INTO batch_counts (batch, listed, status, jobs) \
    SELECT batch, position IS NOT NULL, status, count(*) FROM jobs WHERE batch = ?1 AND ",
    shown!(""),
    " GROUP BY 1, 2, 3"
);
