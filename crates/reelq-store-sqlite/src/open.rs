//! Opening the file: checks its format, brings an older one up to date, and never touches a foreign one.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{format, heal, split, tasks};
use crate::error::Result;
use reelq_files::private;
use reelq_store::Error;

/// How long a statement waits for another process before it gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How a file is brought to the next format.
enum Migration {
    Sql(&'static str),
    Step(fn(&Connection) -> Result<()>),
}

/// Each entry brings a file from the format before it (its index) to the next.
const MIGRATIONS: [Migration; 11] = [
    Migration::Sql(include_str!("schema_1.sql")),
    Migration::Sql(include_str!("schema_2.sql")),
    Migration::Sql(include_str!("schema_3.sql")),
    Migration::Sql(include_str!("schema_time.sql")),
    Migration::Sql(include_str!("schema_cancelling.sql")),
    Migration::Sql(include_str!("schema_requests.sql")),
    Migration::Sql(include_str!("schema_ticks.sql")),
    Migration::Step(split::migrate),
    Migration::Sql(include_str!("schema_walks.sql")),
    Migration::Sql(include_str!("schema_follow.sql")),
    Migration::Sql(include_str!("schema_held.sql")),
];

/// Opens the file for the writer, creating or migrating it.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private::folder(folder)
            .map_err(|error| Error::broken(format!("create folder {}: {error}", folder.display())))?;
    }
    // A new file is this user's alone from its first byte; SQLite gives its log and the log's index the same rights.
    drop(private::options().create(true).append(true).open(path));
    let mut conn = connect(path)?;
    format::check_owner(&conn, path)?;
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        private::narrow(Path::new(&name));
    }
    // Has an effect on a new file only; the end of a load gives back what staging took.
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(|error| format::explain(path, &error))?;
    // A large load leaves a large log behind; it is cut back to this at the next checkpoint.
    conn.pragma_update(None, "journal_size_limit", 16_777_216)?;
    // The pages that each transaction writes are copied to the file once for so many, not once for a few.
    conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    migrate(&mut conn)?;
    conn.execute_batch(tasks::TABLE)?;
    heal::sums(&mut conn)?;
    Ok(conn)
}

/// Opens the file for reading, after a writer has opened it. It keeps few pages: what is read once is not read soon again, and
/// there are several such connections.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let conn = connect(path)?;
    conn.pragma_update(None, "cache_size", -2_000)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|error| format::explain(path, &error))?;
    #[cfg(test)]
    let conn = super::steps::watched(conn);
    tune(&conn)?;
    conn.pragma_update(None, "synchronous", "FULL").map_err(|error| format::explain(path, &error))?;
    Ok(conn)
}

/// What every connection is set to.
pub(super) fn tune(conn: &Connection) -> Result<()> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(128);
    // Otherwise every statement with a bound limit is planned anew each time that it runs.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -16_000)?;
    Ok(())
}

pub(super) fn migrate(conn: &mut Connection) -> Result<()> {
    if format::of(conn)? == format::FORMAT {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = format::of(&tx)?;
    if found > format::FORMAT {
        return Err(Error::Format { found, supported: format::FORMAT }.into());
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        match step {
            Migration::Sql(sql) => tx.execute_batch(sql)?,
            Migration::Step(step) => step(&tx)?,
        }
    }
    tx.pragma_update(None, "application_id", format::APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", format::FORMAT)?;
    Ok(tx.commit()?)
}
