//! Counters: what each change of a row adds to its batch's and its account's sums, written once a verb.

use std::collections::BTreeMap;

use reelq_model::{Stage, Timestamp};
use rusqlite::{Connection, named_params, params};

use super::{code, row::Row, writer::Tx};
use crate::error::Result;
use reelq_store::rules::bounds;
use reelq_store::rules::figures::{overdue, unpriced};

/// What is to be added to the sums when the verb ends.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    batches: BTreeMap<i64, Sums>,
    counts: BTreeMap<(i64, bool, i64), i64>,
    accounts: BTreeMap<i64, Purchases>,
    ends: BTreeMap<i64, Timestamp>,
}

/// What is to be added to an account's sums.
#[derive(Debug, Default, PartialEq, Eq)]
struct Purchases {
    in_flight: i64,
    spent: i64,
    reserved: i64,
    claimed: i64,
    /// What was spent, by the day on which it was charged.
    days: BTreeMap<i64, i64>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    spent: i64,
    reserved: i64,
    claimed: i64,
    to_spend: i64,
    unpriced: i64,
    orphans: i64,
    overdue: i64,
}

impl Ledger {
    /// Ledger the change of one row; `None` stands for a row that is not there.
    pub(super) fn note(&mut self, before: Option<&Row>, after: Option<&Row>) {
        for (row, sign) in [(before, -1), (after, 1)] {
            if let Some(row) = row {
                self.add(row, sign);
            }
        }
    }

    /// Notes that a job of the batch ended.
    pub(super) fn end(&mut self, batch: i64, now: Timestamp) {
        self.ends.insert(batch, now);
    }

    fn add(&mut self, row: &Row, sign: i64) {
        let job = &row.job;
        let ready = matches!(job.stage, Stage::Ready);
        let claimed = ready && row.in_hand();
        let price = bounds::price(job.price).max(0);
        let (spent, reserved) = (bounds::amount(job.spent()), bounds::amount(job.reserved()));
        let shown = shown(row);
        let sums = self.batches.entry(row.batch).or_default();
        sums.spent += sign * spent;
        sums.reserved += sign * reserved;
        sums.claimed += sign * if claimed { price } else { 0 };
        sums.to_spend += sign * if ready { price } else { 0 };
        sums.unpriced += sign * i64::from(shown && unpriced(job));
        sums.orphans += sign * i64::from(job.orphan_of.is_some());
        sums.overdue += sign * i64::from(overdue(job));
        if shown {
            let key = (row.batch, row.position.is_some(), code::status(job.status()));
            *self.counts.entry(key).or_default() += sign;
        }
        let account = self.accounts.entry(row.account).or_default();
        account.in_flight += sign * i64::from(claimed || job.in_flight());
        account.spent += sign * spent;
        account.reserved += sign * reserved;
        account.claimed += sign * if claimed { price } else { 0 };
        for (day, spent) in job.spent_by_day() {
            *account.days.entry(day).or_default() += sign * bounds::amount(spent);
        }
    }

    /// Writes the sums.
    pub(super) fn close(self, tx: &Tx<'_>) -> Result<()> {
        let (conn, today) = (tx.conn, tx.now.day());
        for (batch, sums) in self.batches.iter().filter(|(_, sums)| **sums != Sums::default()) {
            conn.prepare_cached(ADD_TO_BATCH)?.execute(named_params! {
                ":spent": sums.spent, ":reserved": sums.reserved, ":claimed": sums.claimed, ":to_spend": sums.to_spend,
                ":unpriced": sums.unpriced, ":orphans": sums.orphans, ":overdue": sums.overdue, ":id": batch,
            })?;
        }
        for (batch, at) in &self.ends {
            conn.prepare_cached("UPDATE batches SET ended_at = ?1 WHERE id = ?2")?.execute([at.millis(), *batch])?;
        }
        for ((batch, listed, status), jobs) in self.counts.iter().filter(|(_, jobs)| **jobs != 0) {
            conn.prepare_cached(ADD_TO_COUNT)?.execute(params![batch, listed, status, jobs])?;
        }
        for (account, mut sums) in self.accounts {
            let today = sums.days.remove(&today).unwrap_or(0);
            sums.days.clear();
            if today != 0 || sums != Purchases::default() {
                sums.add_to(tx, account, today)?;
            }
        }
        Ok(())
    }
}

/// A cast saturates, so that a sum never becomes a float that cannot be read.
const ADD_TO_BATCH: &str = "UPDATE batches SET spent = CAST(spent + :spent AS INTEGER), \
    reserved = CAST(reserved + :reserved AS INTEGER), claimed = CAST(claimed + :claimed AS INTEGER), \
    to_spend = CAST(to_spend + :to_spend AS INTEGER), unpriced = unpriced + :unpriced, \
    orphans = orphans + :orphans, overdue = overdue + :overdue WHERE id = :id";

const ADD_TO_COUNT: &str = "INSERT INTO batch_counts (batch, listed, status, jobs) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs";

impl Purchases {
    fn add_to(&self, tx: &Tx<'_>, account: i64, spent_today: i64) -> Result<()> {
        tx.conn.prepare_cached(ADD_TO_ACCOUNT)?.execute(named_params! {
            ":in_flight": self.in_flight, ":spent": self.spent, ":reserved": self.reserved, ":claimed": self.claimed,
            ":today": tx.now.day(), ":spent_today": spent_today, ":id": account,
        })?;
        Ok(())
    }
}

/// The first change of a day starts its sum anew.
const ADD_TO_ACCOUNT: &str = "UPDATE accounts SET in_flight = in_flight + :in_flight, \
    spent = CAST(spent + :spent AS INTEGER), reserved = CAST(reserved + :reserved AS INTEGER), \
    claimed = CAST(claimed + :claimed AS INTEGER), \
    day_spent = CAST(CASE WHEN day = :today THEN day_spent ELSE 0 END + :spent_today AS INTEGER), day = :today \
    WHERE id = :id";

/// A job whose line is gone is shown for as long as it moves, and for good where it was bought.
fn shown(row: &Row) -> bool {
    row.position.is_some() || row.bought() || !row.job.stage.is_terminal()
}

/// Adds a batch's sums up from its rows; what [`Ledger`] keeps must always equal this.
pub(super) fn recount(conn: &Connection, batch: i64) -> Result<()> {
    conn.prepare_cached(RECOUNT_SUMS)?.execute([batch])?;
    conn.prepare_cached("DELETE FROM batch_counts WHERE batch = ?1")?.execute([batch])?;
    conn.prepare_cached(RECOUNT_STATUSES)?.execute([batch])?;
    Ok(())
}

const RECOUNT_SUMS: &str = "UPDATE batches SET (spent, reserved, claimed, to_spend, unpriced, orphans, overdue) = ( \
    SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0), \
        coalesce(sum(max(price, 0)) FILTER (WHERE status = 0 AND lease_until IS NOT NULL), 0), \
        coalesce(sum(max(price, 0)) FILTER (WHERE status = 0), 0), \
        coalesce(sum(unpriced) FILTER (WHERE position IS NOT NULL OR bought OR status < 5), 0), \
        count(orphan_of), coalesce(sum(overdue), 0) \
    FROM jobs WHERE batch = batches.id) WHERE id = ?1";

const RECOUNT_STATUSES: &str = "INSERT INTO batch_counts (batch, listed, status, jobs) \
    SELECT batch, position IS NOT NULL, status, count(*) FROM jobs \
    WHERE batch = ?1 AND (position IS NOT NULL OR bought OR status < 5) GROUP BY 1, 2, 3";
