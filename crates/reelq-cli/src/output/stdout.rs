//! Standard output: what could not be written there is remembered, and makes the command fail.

use std::{
    io::{self, Write as _},
    sync::OnceLock,
};

use super::Out;
use crate::exit::Exit;

/// The first failure; after it nothing more is written, so that what is there has no gap.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Writes data.
pub(super) fn write(bytes: &[u8]) {
    if FAILED.get().is_some() {
        return;
    }
    let mut stdout = io::stdout().lock();
    note(stdout.write_all(bytes).and_then(|()| stdout.flush()));
}

/// Remembers a failure.
pub(crate) fn note(written: io::Result<()>) {
    if let Err(error) = written {
        drop(FAILED.set(error));
    }
}

/// Whether nobody reads any more, or nothing can be written: whoever goes on writing may end.
pub(crate) fn is_gone() -> bool {
    FAILED.get().is_some()
}

impl Out {
    /// The exit code of a command that would end so: data that was not written is a failure, but for a reader that went away.
    pub(crate) fn end(self, exit: Exit) -> Exit {
        note(io::stdout().lock().flush());
        match FAILED.get() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.error(&format!("failed to write to standard output, what is there is not whole: {error}"));
                Exit::Internal
            }
            _ => exit,
        }
    }
}
