//! Reads which clips a person picked: the file that a contact sheet saves.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use reelq_model::JobId;

/// What a person said of one clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// It is wanted.
    Picked,
    /// It is not.
    Rejected,
}

/// The picks of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picks(BTreeMap<JobId, (Pick, u64)>);

/// Why a file of picks cannot be taken: its place, the field, what stands there, and the rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PicksError {
    /// The file cannot be read.
    #[error("failed to read {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is no file of picks.
    #[error("{}, line 1: there is no column `{column}`; a file of picks begins with `{HEADER}`", .file.display())]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The column that is missing.
        column: &'static str,
    },
    /// One of its lines cannot be taken.
    #[error("{}, line {line}: {field} is `{value}`: {rule}", .file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        rule: String,
    },
    /// It is no CSV.
    #[error("{}, line {line}: this is no CSV: {reason}", .file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
}

/// The header of a file of picks.
pub const HEADER: &str = "job,row,copy,id,pick,note";

impl Picks {
    /// Reads a file of picks.
    ///
    /// # Errors
    /// [`PicksError`], for the first line that cannot be taken.
    pub fn read(file: &Path) -> Result<Self, PicksError> {
        let bytes = std::fs::read(file).map_err(|error| PicksError::Read(file.to_owned(), error))?;
        Self::from_bytes(file, &bytes)
    }

    /// Reads the content of a file of picks; `file` is only its name.
    ///
    /// # Errors
    /// [`PicksError`], for the first line that cannot be taken.
    pub fn from_bytes(file: &Path, bytes: &[u8]) -> Result<Self, PicksError> {
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        // Behind two-byte line ends the reader counts lines wrongly.
        let text = text.replace("\r\n", "\n");
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).delimiter(separator(&text)).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| no_csv(file, &error))?.clone();
        let column = |column: &'static str| {
            let found = header.iter().position(|name| name.trim() == column);
            found.ok_or_else(|| PicksError::NoColumn { file: file.to_owned(), column })
        };
        let (job, pick) = (column("job")?, column("pick")?);
        let mut picks = Self::default();
        for record in reader.records() {
            let record = record.map_err(|error| no_csv(file, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |at: usize| record.get(at).unwrap_or_default().trim();
            picks.take((cell(job), cell(pick)), line).map_err(|(field, value, rule)| PicksError::Line {
                file: file.to_owned(),
                line,
                field,
                value,
                rule,
            })?;
        }
        Ok(picks)
    }

    fn take(&mut self, (job, pick): (&str, &str), line: u64) -> Result<(), (&'static str, String, String)> {
        let Ok(id) = job.parse::<JobId>() else {
            return Err(("job", job.to_owned(), "it must be a job's id, 32 hexadecimal digits".to_owned()));
        };
        let said = match pick {
            "picked" => Pick::Picked,
            "rejected" => Pick::Rejected,
            // A clip that was looked at and left open.
            "" => return Ok(()),
            other => return Err(("pick", other.to_owned(), "it must be `picked` or `rejected`".to_owned())),
        };
        if let Some((before, at)) = self.0.insert(id, (said, line))
            && before != said
        {
            return Err(("pick", pick.to_owned(), format!("line {at} says otherwise of the same job")));
        }
        Ok(())
    }

    /// Whether this job was picked.
    pub fn is_picked(&self, job: &JobId) -> bool {
        self.0.get(job).is_some_and(|(pick, _)| *pick == Pick::Picked)
    }

    /// The jobs that were picked, each with the line that says so.
    pub fn picked(&self) -> impl Iterator<Item = (JobId, u64)> {
        self.0.iter().filter(|(_, (pick, _))| *pick == Pick::Picked).map(|(job, (_, line))| (*job, *line))
    }
}

/// A spreadsheet may have saved it with another one.
fn separator(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let used = |sign: &u8| line.bytes().filter(|byte| byte == sign).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(used).unwrap_or(b',')
}

fn no_csv(file: &Path, error: &csv::Error) -> PicksError {
    let line = error.position().map_or(1, csv::Position::line);
    PicksError::Form { file: file.to_owned(), line, reason: error.to_string() }
}
