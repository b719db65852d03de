//! What `SQLite`'s errors mean to callers.

use rusqlite::ErrorCode;

use reelq_store::Error;

/// The result of a step on the file. It becomes the contract's where a verb answers.
pub(crate) type Result<T, E = StepError> = std::result::Result<T, E>;

/// Why a step on the file failed, as the contract will say it.
#[derive(Debug)]
pub(crate) struct StepError(pub(crate) Error);

impl std::ops::Deref for StepError {
    type Target = Error;

    fn deref(&self) -> &Error {
        &self.0
    }
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<StepError> for Error {
    fn from(error: StepError) -> Self {
        error.0
    }
}

impl From<rusqlite::Error> for StepError {
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
        Self(if passes { Error::unavailable(source) } else { Error::broken(source.to_string()) })
    }
}
