//! Tasks on disk, one JSON line each, so that a simulator that was killed still knows what it sold.
//!
//! A later line about a task replaces an earlier one; a line cut short by a kill was never answered, and is passed over.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use crate::task::SimTask;

#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal, and reads what it holds.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<SimTask>)> {
        make_folder(path)?;
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

    /// Writes a task before it is told to anyone.
    pub(crate) fn append(&mut self, task: &SimTask) {
        let written = serde_json::to_vec(task).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            self.file.write_all(&line)
        });
        if let Err(error) = written {
            tracing::error!(%error, task = %task.id, "failed to write the simulator's journal");
        }
    }
}

fn port_file(journal: &Path) -> PathBuf {
    journal.with_extension("port")
}

/// The port that the simulator on this journal had the last time.
pub(crate) fn last_port(journal: &Path) -> Option<u16> {
    std::fs::read_to_string(port_file(journal)).ok()?.trim().parse().ok()
}

/// Notes the port beside the journal, so that links told earlier lead to the next simulator as well.
pub(crate) fn keep_port(journal: &Path, port: u16) -> io::Result<()> {
    make_folder(journal)?;
    std::fs::write(port_file(journal), format!("{port}\n"))
}

fn make_folder(journal: &Path) -> io::Result<()> {
    journal.parent().map_or(Ok(()), std::fs::create_dir_all)
}
