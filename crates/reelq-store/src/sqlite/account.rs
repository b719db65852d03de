//! Accounts: their limits and pauses as the writer needs them, and as people see them.

use reelq_model::{AccountName, Money, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::code;
use crate::{AccountLimits, AccountView, Error, Pause, Result};

/// An account's row.
#[derive(Debug)]
pub(super) struct Account {
    pub id: i64,
    pub limits: Option<AccountLimits>,
    pub submit_tat: i64,
    pub poll_tat: i64,
    pub in_flight: i64,
}

/// The account's number; a new one where it is new.
pub(super) fn id(conn: &Connection, name: &AccountName) -> Result<i64> {
    let found = conn
        .prepare_cached("SELECT id FROM accounts WHERE name = ?1")?
        .query_row([name.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    conn.prepare_cached("INSERT INTO accounts (name) VALUES (?1)")?.execute([name.as_str()])?;
    Ok(conn.last_insert_rowid())
}

pub(super) fn find(conn: &Connection, name: &AccountName) -> Result<Option<Account>> {
    let sql = "SELECT id, limits, submit_tat, poll_tat, in_flight FROM accounts WHERE name = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok((
            row.get::<_, Option<String>>(1)?,
            Account {
                id: row.get(0)?,
                limits: None,
                submit_tat: row.get(2)?,
                poll_tat: row.get(3)?,
                in_flight: row.get(4)?,
            },
        ))
    };
    let Some((limits, account)) = conn.prepare_cached(sql)?.query_row([name.as_str()], read).optional()? else {
        return Ok(None);
    };
    Ok(Some(Account { limits: read_limits(limits.as_deref())?, ..account }))
}

fn read_limits(text: Option<&str>) -> Result<Option<AccountLimits>> {
    text.map(serde_json::from_str).transpose().map_err(|error| Error::broken(format!("limits cannot be read: {error}")))
}

/// The pauses that stand at `now`.
pub(super) fn pauses(conn: &Connection, account: i64, now: Timestamp) -> Result<Vec<(i64, Pause)>> {
    let sql = "SELECT kind, reason, since, until FROM pauses WHERE account = ?1 AND (until IS NULL OR until > ?2) ORDER BY kind";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![account, now.millis()])?;
    let mut pauses = Vec::new();
    while let Some(row) = rows.next()? {
        let reason: String = row.get(1)?;
        let reason =
            serde_json::from_str(&reason).map_err(|error| Error::broken(format!("a pause cannot be read: {error}")))?;
        let until: Option<i64> = row.get(3)?;
        let since = Timestamp::from_millis(row.get(2)?);
        pauses.push((row.get(0)?, Pause { reason, since, until: until.map(Timestamp::from_millis) }));
    }
    Ok(pauses)
}

pub(super) fn views(conn: &Connection, now: Timestamp) -> Result<Vec<AccountView>> {
    let mut statement = conn.prepare_cached("SELECT id, name, limits, in_flight, spent FROM accounts ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let limits: Option<String> = row.get(2)?;
        views.push(AccountView {
            name: AccountName::new(name).map_err(|error| Error::broken(error.to_string()))?,
            limits: read_limits(limits.as_deref())?,
            pauses: pauses(conn, row.get(0)?, now)?.into_iter().map(|(_, pause)| pause).collect(),
            in_flight: code::count(row.get(3)?),
            spent: Money::from_micros(row.get(4)?),
        });
    }
    Ok(views)
}
