//! Accounts: their limits and pauses as the writer needs them, and as people see them.

use reelq_model::{AccountName, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::ValueRef};

use super::{code, remaining_budget};
use crate::error::Result;
use reelq_limits::DayTotal;
use reelq_store::{
    AccountBalance, AccountLimits, AccountView, Error, Pace, Pause, PauseReason, rules::ledger::AccountSums,
};

/// An account's row.
#[derive(Debug)]
pub(super) struct Account {
    pub id: i64,
    pub limits: Option<AccountLimits>,
    /// Why the limits cannot be read: until they are set anew, nothing is bought.
    pub unread: Option<String>,
    pub pace: Pace,
    pub submit_tat: i64,
    pub poll_tat: i64,
    pub sums: AccountSums,
    /// What was charged on the last day on which anything was.
    pub day: DayTotal,
    /// The virtual time of its batches' turns.
    pub turn: i64,
}

impl Account {
    /// Whether it has limits, be it that they cannot be read.
    pub(super) const fn is_bounded(&self) -> bool {
        self.limits.is_some() || self.unread.is_some()
    }

    pub(super) const fn balance(&self, now: Timestamp) -> AccountBalance {
        AccountBalance { sums: self.sums, spent_today: self.day.on(now.day()) }
    }
}

const COLUMNS: &str =
    "id, name, limits, pace, submit_tat, poll_tat, in_flight, spent, reserved, claimed, day, day_spent, turn";

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
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE name = ?1"))?;
    let mut rows = statement.query([name.as_str()])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<Account> {
    let (limits, unread) = match read_limits(bytes(row, "limits")?) {
        Ok(limits) => (limits, None),
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(Account {
        id: row.get("id")?,
        limits,
        unread,
        pace: read_pace(bytes(row, "pace")?),
        submit_tat: code::total(row, "submit_tat")?,
        poll_tat: code::total(row, "poll_tat")?,
        sums: AccountSums {
            in_flight: code::total(row, "in_flight")?,
            spent: code::total(row, "spent")?,
            reserved: code::total(row, "reserved")?,
            claimed: code::total(row, "claimed")?,
        },
        day: DayTotal { day: code::total(row, "day")?, spent: code::total(row, "day_spent")? },
        turn: code::total(row, "turn")?,
    })
}

/// The bytes of a column, whatever type a hand gave it; a number has none that mean anything.
pub(super) fn bytes<'a>(row: &'a Row<'_>, column: &str) -> Result<Option<&'a [u8]>> {
    let value = row.get_ref(column)?;
    Ok(if value == ValueRef::Null { None } else { Some(value.as_bytes().unwrap_or_default()) })
}

fn read_limits(text: Option<&[u8]>) -> Result<Option<AccountLimits>> {
    Ok(text
        .map(serde_json::from_slice)
        .transpose()
        .map_err(|error| Error::broken(format!("its limits cannot be read: {error}")))?)
}

/// What is learned must never keep an account from working: what cannot be read is learned again.
pub(super) fn read_pace(text: Option<&[u8]>) -> Pace {
    let Some(text) = text else { return Pace::default() };
    serde_json::from_slice(text).unwrap_or_else(|error| {
        tracing::warn!(%error, "what was learned of an account's limits cannot be read, and is learned again");
        Pace::default()
    })
}

/// The pauses that stand at `now`.
pub(super) fn pauses(conn: &Connection, account: i64, now: Timestamp) -> Result<Vec<(i64, Pause)>> {
    let sql = "SELECT kind, reason, since, until FROM pauses WHERE account = ?1 AND (until IS NULL OR until > ?2) ORDER BY kind";
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(params![account, now.millis()])?;
    let mut pauses = Vec::new();
    while let Some(row) = rows.next()? {
        let reason = read_reason(row.get_ref(1)?.as_bytes().unwrap_or_default());
        // An end that cannot be read is none: a person ends the pause.
        let until = code::whole(row, "until")?;
        let since = Timestamp::from_millis(code::total(row, "since")?);
        pauses.push((row.get(0)?, Pause { reason, since, until: until.map(Timestamp::from_millis) }));
    }
    Ok(pauses)
}

/// A pause whose reason cannot be read holds until a person ends it.
fn read_reason(text: &[u8]) -> PauseReason {
    serde_json::from_slice(text).unwrap_or_else(|error| {
        tracing::warn!(%error, "the reason of an account's pause cannot be read: it counts as a person's");
        PauseReason::Operator
    })
}

/// An account and its name; nothing where it cannot be read at all, which is no reason to show none.
fn named(row: &Row<'_>) -> Result<Option<(AccountName, Account)>> {
    let name = code::text(row, "name")?.and_then(|name| AccountName::new(name).ok());
    Ok(match (name, read(row)) {
        (Some(name), Ok(account)) => Some((name, account)),
        (name, account) => {
            let error = account.err().map(|error| error.to_string());
            tracing::error!(?name, error, "an account is passed over: its record cannot be read");
            None
        }
    })
}

const EACH: &str = "SELECT name, limits, EXISTS (SELECT 1 FROM pauses WHERE account = accounts.id AND \
    (NOT json_valid(reason) OR typeof(until) NOT IN ('integer', 'null'))) AS pauses FROM accounts ORDER BY name";

/// The names of accounts of whose records something cannot be read, and what.
pub(super) fn unreadable(conn: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = conn.prepare(EACH)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let name = String::from_utf8_lossy(bytes(row, "name")?.unwrap_or_default()).into_owned();
        if AccountName::new(name.clone()).is_err() {
            found.push((name.clone(), "its name is none".to_owned()));
        }
        if let Err(error) = read_limits(bytes(row, "limits")?) {
            found.push((name.clone(), error.to_string()));
        }
        if code::total(row, "pauses")? != 0 {
            found.push((name, "a pause of it cannot be read, and holds until a person ends it".to_owned()));
        }
    }
    Ok(found)
}

pub(super) fn views(conn: &Connection, now: Timestamp) -> Result<Vec<AccountView>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts ORDER BY name"))?;
    let mut rows = statement.query([])?;
    let mut views = Vec::new();
    while let Some(row) = rows.next()? {
        let Some((name, account)) = named(row)? else { continue };
        views.push(AccountView {
            held: remaining_budget::held(conn, &account, now)?,
            pauses: pauses(conn, account.id, now)?.into_iter().map(|(_, pause)| pause).collect(),
            unread: account.unread.clone(),
            limits: account.limits,
            pace: account.pace.clone(),
            ..account.balance(now).view(name, now)
        });
    }
    Ok(views)
}
