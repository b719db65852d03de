//! Puts lines in order without holding them all: full runs are sorted and written to temporary files, and merged at the end.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _},
};

use super::LogLine;

/// So many lines are held.
const HELD: usize = 50_000;

/// Lines that are to be put in order.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Each with its number among all: at one moment lines stay in the order of rows, and of what happened to each.
    held: Vec<(u64, LogLine)>,
    written: Vec<BufReader<File>>,
    added: u64,
}

impl Runs {
    pub(super) fn add(&mut self, line: LogLine) -> io::Result<()> {
        self.held.push((self.added, line));
        self.added += 1;
        if self.held.len() >= HELD { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = BufWriter::new(tempfile::tempfile()?);
        for line in self.held.drain(..) {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        self.written.push(BufReader::new(file));
        Ok(())
    }

    fn sort(&mut self) {
        self.held.sort_by_key(|(number, line)| (line.at, *number));
    }

    /// Hands over every line, the oldest first.
    pub(super) fn in_order(mut self, mut take: impl FnMut(LogLine) -> io::Result<()>) -> io::Result<()> {
        self.sort();
        let mut held = self.held.into_iter();
        let mut heads: Vec<Option<(u64, LogLine)>> = self.written.iter_mut().map(next).collect::<io::Result<_>>()?;
        heads.push(held.next());
        loop {
            let first = heads.iter().enumerate().filter_map(|(run, head)| Some((run, head.as_ref()?)));
            let Some((run, _)) = first.min_by_key(|(_, (number, line))| (line.at, *number)) else { return Ok(()) };
            let following = match self.written.get_mut(run) {
                Some(file) => next(file)?,
                None => held.next(),
            };
            if let Some((_, line)) = std::mem::replace(&mut heads[run], following) {
                take(line)?;
            }
        }
    }
}

fn next(run: &mut BufReader<File>) -> io::Result<Option<(u64, LogLine)>> {
    let mut text = String::new();
    if run.read_line(&mut text)? == 0 { Ok(None) } else { Ok(Some(serde_json::from_str(&text)?)) }
}

#[cfg(test)]
mod tests {
    use reelq_model::{Status, Timestamp};
    use reelq_testkit::sample;

    use super::*;

    #[test]
    fn lines_come_in_order_however_many_runs_there_are() {
        let job = sample::job("a cat").id;
        let line = |at: i64| LogLine {
            at: Timestamp::from_millis(at),
            row: "1.1".to_owned(),
            id: None,
            job,
            status: Status::Running,
            event: "running".to_owned(),
            what: String::new(),
        };
        let (mut runs, count) = (Runs::default(), 2 * i64::try_from(HELD).unwrap() + 7);
        for number in 0..count {
            runs.add(line(number * 7_919 % count)).unwrap();
        }
        let mut expected = 0;
        runs.in_order(|line| {
            assert_eq!(line.at.millis(), expected);
            expected += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(expected, count);
    }
}
