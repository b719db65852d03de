//! Opening the file: checks its format, brings an older one up to date, and never touches a foreign one.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use super::{heal, tasks};
use crate::error::Result;
use reelq_files::private;
use reelq_store::Error;

/// Marks the file as reelq's ("reel" in ASCII).
const APPLICATION_ID: i64 = 0x7265_656c;

/// How long a statement waits for another process before it gives up.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Each entry brings a file from the format before it (its index) to the next.
const MIGRATIONS: [&str; 7] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_time.sql"),
    include_str!("schema_cancelling.sql"),
    include_str!("schema_requests.sql"),
    include_str!("schema_ticks.sql"),
];

/// The newest format that this version reads and writes.
pub(super) const FORMAT: u32 = 7;

/// Opens the file for the writer, creating or migrating it.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private::folder(folder)
            .map_err(|error| Error::broken(format!("create folder {}: {error}", folder.display())))?;
    }
    // A new file is this user's alone from its first byte; SQLite gives its log and the log's index the same rights.
    drop(private::options().create(true).append(true).open(path));
    let mut conn = connect(path)?;
    check_owner(&conn, path)?;
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        private::narrow(Path::new(&name));
    }
    // Has an effect on a new file only; the end of a load gives back what staging took.
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(|error| explain(path, &error))?;
    // A large load leaves a large log behind; it is cut back to this at the next checkpoint.
    conn.pragma_update(None, "journal_size_limit", 16_777_216)?;
    migrate(&mut conn)?;
    conn.execute_batch(tasks::TABLE)?;
    heal::sums(&mut conn)?;
    Ok(conn)
}

/// Opens the file for reading, after a writer has opened it.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let conn = connect(path)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|error| explain(path, &error))?;
    tune(&conn)?;
    conn.pragma_update(None, "synchronous", "FULL").map_err(|error| explain(path, &error))?;
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

/// Refuses a file that some other program made.
pub(super) fn check_owner(conn: &Connection, path: &Path) -> Result<()> {
    let read = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let owner = read("application_id").map_err(|error| explain(path, &error))?;
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| explain(path, &error))?;
    if owner == APPLICATION_ID || (owner == 0 && tables == 0) {
        return Ok(());
    }
    Err(Error::broken(format!("{} is a database of another program", path.display())).into())
}

pub(super) fn migrate(conn: &mut Connection) -> Result<()> {
    if format(conn)? == FORMAT {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = format(&tx)?;
    if found > FORMAT {
        return Err(Error::Format { found, supported: FORMAT }.into());
    }
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX)) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", FORMAT)?;
    Ok(tx.commit()?)
}

/// A number that moves when another connection commits.
pub(super) fn data_version(conn: &Connection) -> Result<i64> {
    Ok(conn.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

pub(super) fn format(conn: &Connection) -> Result<u32> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Says which file the system does not let this process read, of those that make up the state; `None` where it is not that.
pub(super) fn shut(path: &Path) -> Option<Error> {
    ["", "-wal", "-shm"].iter().find_map(|beside| {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let error = std::fs::File::open(&name).err().filter(|error| error.kind() != std::io::ErrorKind::NotFound)?;
        Some(Error::broken(format!("{} cannot be read: {error}", Path::new(&name).display())))
    })
}

fn explain(path: &Path, error: &rusqlite::Error) -> Error {
    if let (Some(rusqlite::ErrorCode::CannotOpen), Some(shut)) = (error.sqlite_error_code(), shut(path)) {
        return shut;
    }
    Error::broken(format!("{}: {error}", path.display()))
}
