//! The bench's command line.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench [NAME ...] [--all] [--small] [--json FILE] [--markdown] [--workers N] [--rows N,N,...]

  enqueue      rows planned and enqueued a second (100,000-row CSV), and bytes of state a waiting job
  throughput   whole jobs beside four clients: processor time, wall time, system calls, bytes written
  looks        what a status request that brings nothing costs
  memory       memory of the worker with 1,000 and with 100,000 jobs in flight
  limits       share of a vendor's hidden limit that worker processes use, and 429s; minutes; --workers 8
  polls        status requests a job, and how late the end of a task is noticed
  store        the store over Redis by the server's processor time, beside BullMQ and arq where they can be had
  scale        every command and a claim at 10,000, 100,000 and 1,000,000 rows, over both stores; half an hour
  build        processor time of a fresh release build; ten minutes

Without a name, all but `build`; with --all, that too. --small takes a tenth of everything (scale: 2,000 and 20,000 rows),
without `limits` and `build` unless they are named.";

/// Every subject, in the order in which they are measured.
pub(crate) const SUBJECTS: [&str; 9] =
    ["enqueue", "throughput", "looks", "memory", "polls", "limits", "store", "scale", "build"];

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Arguments {
    names: Vec<String>,
    all: bool,
    pub(crate) small: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: bool,
    pub(crate) workers: usize,
    /// Rows of the manifests of `scale`.
    pub(crate) rows: Vec<usize>,
}

impl Arguments {
    /// Reads them.
    pub(crate) fn read(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut words = words.into_iter();
        let (names, rows) = (Vec::new(), Vec::new());
        let mut read = Self { names, all: false, small: false, json: None, markdown: false, workers: 8, rows };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--all" => read.all = true,
                "--small" => read.small = true,
                "--markdown" => read.markdown = true,
                "--json" => read.json = Some(words.next().context("--json needs a file")?.into()),
                "--workers" => read.workers = number(words.next())?,
                "--rows" => read.rows = words.next().unwrap_or_default().split(',').map(some).collect::<Result<_>>()?,
                name if SUBJECTS.contains(&name) => read.names.push(word),
                _ => bail!("{USAGE}"),
            }
        }
        if read.rows.is_empty() {
            read.rows = if read.small { vec![2_000, 20_000] } else { vec![10_000, 100_000, 1_000_000] };
        }
        Ok(read)
    }

    /// Whether this subject is to be measured.
    pub(crate) fn wants(&self, subject: &str) -> bool {
        let named = self.names.iter().any(|name| name == subject);
        let minutes = self.small && matches!(subject, "limits" | "build");
        named || self.names.is_empty() && !minutes && (self.all || subject != "build")
    }

    /// By how much everything is to be divided.
    pub(crate) const fn scale(&self) -> usize {
        if self.small { 10 } else { 1 }
    }
}

fn number(word: Option<String>) -> Result<usize> {
    some(&word.unwrap_or_default())
}

fn some(word: &str) -> Result<usize> {
    word.parse().ok().filter(|number| *number > 0).with_context(|| format!("`{word}` is not a number above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Arguments {
        Arguments::read(line.split_whitespace().map(str::to_owned)).unwrap()
    }

    #[test]
    fn the_build_is_measured_when_all_is_asked_for() {
        assert!(!read("").wants("build") && read("").wants("scale"));
        assert!(read("--all").wants("build"));
        assert!(!read("--all --small").wants("build") && read("build --small").wants("build"));
        assert!(!read("store").wants("scale"));
    }

    #[test]
    fn an_unknown_word_shows_the_usage() {
        let error = Arguments::read(["everything".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), USAGE);
    }
}
