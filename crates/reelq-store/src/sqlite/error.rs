//! What `SQLite`'s errors mean to callers.

use rusqlite::ErrorCode;

use crate::Error;

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Self {
        let passes = matches!(
            source.sqlite_error_code(),
            Some(
                ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DiskFull
                    | ErrorCode::OutOfMemory
                    | ErrorCode::OperationInterrupted
                    // Out of file descriptors, mostly: a file that cannot be opened at first is explained where that is.
                    | ErrorCode::CannotOpen
            )
        );
        if passes { Self::unavailable(source) } else { Self::broken(source.to_string()) }
    }
}

impl Error {
    pub(crate) fn broken(reason: impl Into<String>) -> Self {
        Self::Broken { reason: reason.into() }
    }

    pub(crate) fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { source: source.into() }
    }
}
