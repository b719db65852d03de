//! A state file that is only read: no file is made beside it, nothing is migrated, and no one who writes is held up.

use std::{
    fs::Metadata,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::{format, open};
use crate::error::{Result, StepError};
use reelq_store::Error;

/// How often a file that changes under a reader is read anew.
const TRIES: usize = 20;

/// Where reads come from.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// A private copy in today's format, where the file has an older one.
    copy: Option<Mutex<Connection>>,
    /// Connections to the file as it stood at this moment: whoever reads page after page opens it once.
    idle: Mutex<Vec<(Stamp, Connection)>>,
}

impl Source {
    /// Looks whether the file can be read.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let source = Self { path: path.to_owned(), copy: None, idle: Mutex::default() };
        let format = source.read(|conn| {
            format::check_owner(conn, path)?;
            format::of(conn)
        })?;
        match format {
            format::FORMAT => Ok(source),
            found if found > format::FORMAT => Err(Error::Format { found, supported: format::FORMAT }.into()),
            _ => {
                let copy = source.read(|conn| {
                    // A file of no name lies where temporary files lie, and is gone with its connection.
                    let mut copy = Connection::open("")?;
                    copy_whole(conn, &mut copy)?;
                    open::migrate(&mut copy)?;
                    Ok(copy)
                })?;
                Ok(Self { copy: Some(Mutex::new(copy)), ..source })
            }
        }
    }

    /// Runs `read`. Where it was run on a file that others changed meanwhile, it is run again.
    pub(super) fn read<T>(&self, read: impl Fn(&Connection) -> Result<T>) -> Result<T> {
        if let Some(copy) = &self.copy {
            return read(&copy.lock().unwrap_or_else(PoisonError::into_inner));
        }
        for _ in 0..TRIES {
            let before = self.stamp()?;
            if before.has_log {
                // Whoever wrote last left an index of the log; a reader needs no more than to read it.
                return read(&connect(&self.path, false)?);
            }
            // Without a log all is in the file itself. An ordinary connection would make a log and its index, as whoever
            // happens to look; this one makes nothing, and does not see that someone writes: so it is looked at after.
            let conn = self.spare(before).map_or_else(|| connect(&self.path, true), Ok);
            let answer = conn.and_then(|conn| Ok((read(&conn)?, conn)));
            if self.stamp()? == before {
                let (answer, conn) = answer?;
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((before, conn));
                return Ok(answer);
            }
        }
        Err(Error::unavailable(format!("{} changes all the time while it is read", self.path.display())).into())
    }

    /// A connection that has read nothing but the file of this moment.
    fn spare(&self, stamp: Stamp) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(of, _)| *of == stamp);
        idle.pop().map(|(_, conn)| conn)
    }

    /// A number that changes with the file.
    pub(super) fn mark(&self) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        self.stamp()?.hash(&mut hasher);
        Ok(hasher.finish().max(1))
    }

    fn stamp(&self) -> Result<Stamp> {
        let of = |metadata: &Metadata| [metadata.mtime(), metadata.mtime_nsec(), metadata.size().cast_signed()];
        let path = &self.path;
        let file = std::fs::metadata(path)
            .map_err(|error| Error::broken(format!("{} cannot be read: {error}", path.display())))?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let log = std::fs::metadata(log).ok().filter(|log| log.len() > 0);
        Ok(Stamp { file: of(&file), has_log: log.is_some(), log: log.as_ref().map(of) })
    }
}

/// What shows that a file was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Stamp {
    file: [i64; 3],
    log: Option<[i64; 3]>,
    /// Whether a part of the state is in the log beside it.
    has_log: bool,
}

fn connect(path: &Path, alone: bool) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let encoded = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC).to_string().replace("%2F", "/");
    let uri = format!("file:{encoded}{}", if alone { "?immutable=1" } else { "" });
    let explain = |error: rusqlite::Error| {
        match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen) => format::shut(path).unwrap_or_else(|| Error::broken(format!(
            "{} cannot be read here ({error}): a part of it is in the log beside it, and the log's index is missing; copy \
             the folder to where it may be written, and read it there",
            path.display()
        ))),
        _ => StepError::from(error).into(),
    }
    };
    let conn = Connection::open_with_flags(uri, flags).map_err(explain)?;
    open::tune(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(explain)?;
    Ok(conn)
}

/// Copies a whole database, as it stands at one moment.
pub(super) fn copy_whole(from: &Connection, to: &mut Connection) -> Result<()> {
    let copy = Backup::new(from, to)?;
    // In one step: others may write, and a copy in several would begin anew with each of their commits.
    while copy.step(-1)? != rusqlite::backup::StepResult::Done {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok(())
}
