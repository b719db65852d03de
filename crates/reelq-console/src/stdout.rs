//! Standard output: what could not be written there is remembered, and makes the command fail.

use std::{
    io::{self, Write as _},
    sync::OnceLock,
};

/// The first failure; after it nothing more is written, so that what is there has no gap.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Writes data.
pub(crate) fn write(bytes: &[u8]) {
    if FAILED.get().is_some() {
        return;
    }
    let mut stdout = io::stdout().lock();
    note(stdout.write_all(bytes).and_then(|()| stdout.flush()));
}

/// Remembers a failure.
pub fn note(written: io::Result<()>) {
    if let Err(error) = written {
        drop(FAILED.set(error));
    }
}

/// Whether no one reads any more, or nothing can be written: whoever goes on writing may end.
pub fn is_gone() -> bool {
    FAILED.get().is_some()
}

/// Writes what is left, and gives the first failure.
pub(crate) fn finish() -> Option<&'static io::Error> {
    note(io::stdout().lock().flush());
    FAILED.get()
}
