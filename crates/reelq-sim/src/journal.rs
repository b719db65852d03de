//! Tasks on disk, one JSON line each, so that a simulator that was killed still knows what it sold.
//!
//! A later line about a task replaces an earlier one; a line cut short by a kill was never answered, and is passed over.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::Path,
};

use crate::task::Task;

#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal, and reads what it holds.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Task>)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut tasks = Vec::new();
        let mut ends_whole = true;
        for line in BufReader::new(&file).split(b'\n') {
            let line = line?;
            ends_whole = line.is_empty() || serde_json::from_slice(&line).map(|task| tasks.push(task)).is_ok();
        }
        if !ends_whole {
            file.write_all(b"\n")?;
        }
        Ok((Self { file }, tasks))
    }

    /// Writes a task before it is told to anybody.
    pub(crate) fn append(&mut self, task: &Task) {
        let written = serde_json::to_vec(task).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            self.file.write_all(&line)
        });
        if let Err(error) = written {
            tracing::error!(%error, task = %task.id, "failed to write the simulator's journal");
        }
    }
}
