//! Cuts a byte stream into records and cells.

use std::{borrow::Cow, io, ops::Range};

use crate::Bytes;

/// Bytes of one row as written in its file.
pub const ROW_BYTES: usize = 1024 * 1024;

/// One record as written, and the ranges of its cells.
#[derive(Debug)]
pub struct CsvRecord {
    /// The record's bytes without the line end that closes it.
    pub raw: Vec<u8>,
    /// The physical line on which it begins.
    pub line: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// Where each cell stands in `raw`, its quotes included.
    pub cells: Vec<Range<usize>>,
    /// What is wrong with its form.
    pub faults: Vec<RecordError>,
}

/// Something wrong with a record's form, at a byte of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordError {
    /// A quote that is opened and never closed.
    Unclosed(usize),
    /// Text between a closing quote and the next separator.
    AfterQuote(usize),
    /// More bytes than a row may have.
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Bare,
    Quoted,
    Closing,
}

/// Reads records; physical lines are counted, those inside quotes too.
#[derive(Debug)]
pub struct CsvRecords {
    bytes: Bytes,
    separator: u8,
    line: u64,
    /// One unclosed quote is fixed by reading on after its line; a second one may swallow what it likes.
    repaired: bool,
    /// The records are the rows of a sheet: each is one line, whatever its cells hold.
    is_sheet: bool,
    /// Cells of this file keep to their lines: a quote that was not closed on its own was not closed at all.
    keeps_to_lines: bool,
}

impl CsvRecords {
    /// Cuts what follows at this separator; `line` is the number of the next line.
    pub const fn new(bytes: Bytes, separator: u8, line: u64) -> Self {
        Self { bytes, separator, line, repaired: false, is_sheet: false, keeps_to_lines: false }
    }

    /// Counts records as lines, where they are the rows of a sheet.
    #[must_use]
    pub const fn of_sheet(mut self, is_sheet: bool) -> Self {
        self.is_sheet = is_sheet;
        self
    }

    /// A quote that is not closed at the end of its cell is a letter: where tabs separate cells, few programs write quotes.
    const fn is_literal(&self) -> bool {
        self.separator == b'\t'
    }

    /// Reads the next record; `None` at the end.
    ///
    /// # Errors
    /// The reader fails.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator of results would have to be transposed at each record"
    )]
    pub fn next(&mut self) -> io::Result<Option<CsvRecord>> {
        if self.bytes.peek()?.is_none() {
            return Ok(None);
        }
        let mut scan = Scan::new(self.line, self.bytes.offset());
        loop {
            let Some(byte) = self.bytes.next()? else {
                return self.at_end(scan).map(Some);
            };
            if self.is_literal() && (!scan.record.faults.is_empty() || scan.is_open_at(byte, self.keeps_to_lines)) {
                self.bytes.give_back(&[byte]);
                return self.literal(scan).map(Some);
            }
            if matches!(byte, b'\n' | b'\r') {
                let pair = byte == b'\r' && self.bytes.peek()? == Some(b'\n');
                self.line += u64::from(!(pair || (self.is_sheet && scan.state == State::Quoted)));
                if scan.state != State::Quoted {
                    if pair {
                        self.bytes.next()?;
                        self.line += 1;
                    }
                    return Ok(Some(scan.close()));
                }
            }
            if scan.record.raw.len() < ROW_BYTES {
                scan.take(byte, self.separator);
            } else if scan.state == State::Quoted && !self.repaired {
                scan.record.raw.push(byte);
                return if self.is_literal() { self.literal(scan) } else { Ok(self.repair(scan)) }.map(Some);
            } else {
                scan.overflow(byte, self.separator);
            }
        }
    }

    fn at_end(&mut self, scan: Scan) -> io::Result<CsvRecord> {
        Ok(match scan.state {
            State::Quoted if self.is_literal() => return self.literal(scan),
            _ if self.is_literal() && !scan.record.faults.is_empty() => return self.literal(scan),
            State::Quoted if !self.repaired => self.repair(scan),
            State::Quoted => scan.close_unclosed(),
            _ => scan.close(),
        })
    }

    /// Ends the record at the first line end after its open quote, and takes that line as it is written.
    fn literal(&mut self, mut scan: Scan) -> io::Result<CsvRecord> {
        let raw = &scan.record.raw;
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        if let Some(end) = raw[scan.opened..].iter().position(is_end).map(|length| scan.opened + length) {
            self.keeps_to_lines = true;
            self.bytes.give_back(&raw[end..]);
            scan.record.raw.truncate(end);
        }
        while let Some(byte) = self.bytes.peek()?.filter(|byte| !is_end(byte)) {
            self.bytes.next()?;
            if scan.record.raw.len() < ROW_BYTES {
                scan.record.raw.push(byte);
            } else if !scan.record.faults.contains(&RecordError::TooLong) {
                scan.record.faults.push(RecordError::TooLong);
            }
        }
        self.pass_line_end()?;
        self.line = scan.record.line + 1 + newlines(&String::from_utf8_lossy(&scan.record.raw));
        Ok(scan.close_literal(self.separator))
    }

    fn pass_line_end(&mut self) -> io::Result<()> {
        if self.bytes.peek()? == Some(b'\r') {
            self.bytes.next()?;
        }
        if self.bytes.peek()? == Some(b'\n') {
            self.bytes.next()?;
        }
        Ok(())
    }

    /// Ends the record at its first line end and reads on from there, so that one stray quote costs one row.
    fn repair(&mut self, mut scan: Scan) -> CsvRecord {
        let raw = &scan.record.raw;
        let quote_line_end = raw[scan.opened..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let Some(end) = quote_line_end.map(|length| scan.opened + length) else { return scan.close_unclosed() };
        let next = end + if raw[end..].starts_with(b"\r\n") { 2 } else { 1 };
        self.repaired = true;
        self.bytes.give_back(&raw[next..]);
        self.line = scan.record.line + newlines(&String::from_utf8_lossy(&raw[..next]));
        scan.record.raw.truncate(end);
        scan.close_unclosed()
    }
}

struct Scan {
    record: CsvRecord,
    state: State,
    /// Where the current cell begins.
    start: usize,
    /// Where the last quote was opened.
    opened: usize,
}

impl Scan {
    const fn new(line: u64, offset: u64) -> Self {
        let record = CsvRecord { raw: Vec::new(), line, offset, cells: Vec::new(), faults: Vec::new() };
        Self { record, state: State::Start, start: 0, opened: 0 }
    }

    fn take(&mut self, byte: u8, separator: u8) {
        let at = self.record.raw.len();
        self.record.raw.push(byte);
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::Closing,
            (State::Quoted, _) => {}
            (State::Closing, b'"') => self.state = State::Quoted,
            (_, byte) if byte == separator => {
                self.record.cells.push(self.start..at);
                self.start = at + 1;
                self.state = State::Start;
            }
            (State::Start, b'"') => {
                self.opened = at;
                self.state = State::Quoted;
            }
            (State::Start | State::Closing, b' ') => {}
            (State::Start, _) => self.state = State::Bare,
            (State::Closing, _) => {
                self.record.faults.push(RecordError::AfterQuote(at));
                self.state = State::Bare;
            }
            (State::Bare, _) => {}
        }
    }

    /// Whether a quote is still open where the line ends, though cells keep to their lines.
    fn is_open_at(&self, byte: u8, keeps_to_lines: bool) -> bool {
        keeps_to_lines && self.state == State::Quoted && matches!(byte, b'\n' | b'\r')
    }

    /// Follows the quotes of a record that is too long without keeping it.
    fn overflow(&mut self, byte: u8, separator: u8) {
        if !self.record.faults.contains(&RecordError::TooLong) {
            self.record.faults.push(RecordError::TooLong);
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Closing,
            (State::Quoted, _) => State::Quoted,
            (State::Closing | State::Start, b'"') => State::Quoted,
            (_, byte) if byte == separator => State::Start,
            _ => State::Bare,
        };
    }

    fn close(mut self) -> CsvRecord {
        self.record.cells.push(self.start..self.record.raw.len());
        self.record
    }

    /// Cuts what follows the last whole cell at each separator, but for cells that close their quotes before one.
    fn close_literal(mut self, separator: u8) -> CsvRecord {
        self.record.faults.retain(|fault| *fault == RecordError::TooLong);
        let raw = &self.record.raw;
        loop {
            let rest = &raw[self.start..];
            let end = closed(rest, separator).or_else(|| rest.iter().position(|byte| *byte == separator));
            let Some(length) = end else { break };
            self.record.cells.push(self.start..self.start + length);
            self.start += length + 1;
        }
        self.close()
    }

    fn close_unclosed(mut self) -> CsvRecord {
        self.record.faults.push(RecordError::Unclosed(self.opened));
        self.close()
    }
}

/// Counts line ends, `\r\n` as one.
pub fn newlines(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(index, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(index + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() as u64
}

/// Where a quoted cell ends at a separator; `None` where it is none, or closes its quote elsewhere.
fn closed(rest: &[u8], separator: u8) -> Option<usize> {
    let mut at = 1;
    if rest.first() != Some(&b'"') {
        return None;
    }
    loop {
        at += rest.get(at..)?.iter().position(|byte| *byte == b'"')? + 1;
        match rest.get(at) {
            Some(b'"') => at += 1,
            Some(byte) if *byte == separator => return Some(at),
            _ => return None,
        }
    }
}

/// A cell's content: without its quotes where it has them, else without the spaces around it.
pub fn content(raw: &str) -> Cow<'_, str> {
    let trimmed = raw.trim();
    match trimmed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => Cow::Borrowed(inner),
        Some(inner) if is_doubled(inner) => Cow::Owned(inner.replace("\"\"", "\"")),
        _ => Cow::Borrowed(trimmed),
    }
}

/// Whether every quote inside stands twice. Where one does not, the cell is written without quotes of its own.
fn is_doubled(inner: &str) -> bool {
    inner.split(|c| c != '"').all(|run| run.len() % 2 == 0)
}

/// A cell's content with the spaces that are around it, for what is carried through untouched.
pub fn untouched(raw: &str) -> Cow<'_, str> {
    if raw.trim_start().starts_with('"') { content(raw) } else { Cow::Borrowed(raw) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    type Flat = (u64, Vec<String>, Vec<RecordError>);

    fn read(text: &str) -> Vec<Flat> {
        separated(text, b',')
    }

    fn separated(text: &str, separator: u8) -> Vec<Flat> {
        let mut records = CsvRecords::new(Bytes::new(Box::new(Cursor::new(text.to_owned()))), separator, 1);
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let raw = String::from_utf8(record.raw).unwrap();
            let cells = record.cells.into_iter().map(|cell| content(&raw[cell]).into_owned()).collect();
            all.push((record.line, cells, record.faults));
        }
        all
    }

    fn row(line: u64, cells: &[&str]) -> Flat {
        (line, cells.iter().map(|&cell| cell.to_owned()).collect(), Vec::new())
    }

    #[test]
    fn every_kind_of_line_end_closes_a_record() {
        assert_eq!(
            read("a,b\r\nc\rd\n\ne"),
            [row(1, &["a", "b"]), row(2, &["c"]), row(3, &["d"]), row(4, &[""]), row(5, &["e"])]
        );
    }

    #[test]
    fn quotes_hold_separators_newlines_and_doubled_quotes() {
        assert_eq!(
            read("\"a, \"\"b\"\"\r\nc\" , d \n5\" screen,\"\"\n"),
            [row(1, &["a, \"b\"\r\nc", "d"]), row(3, &["5\" screen", ""])]
        );
    }

    #[test]
    fn an_unclosed_quote_costs_one_row() {
        let all = read("a,\"b\nc,d\ne,f\n");
        assert_eq!(all[0].2, [RecordError::Unclosed(2)]);
        assert_eq!(all[1..], [row(2, &["c", "d"]), row(3, &["e", "f"])]);
    }

    #[test]
    fn between_tabs_a_quote_that_closes_no_cell_is_a_letter() {
        let text = "\"S L O W\" painted\tArts\n\"A\" and \"B\"\tx\n\"all, \"\"it\"\"\"\ty\n5\" screen\t\"open\nnext\t\"z\tend\n\"a\tb\" c\td";
        assert_eq!(
            separated(text, b'\t'),
            [
                row(1, &["\"S L O W\" painted", "Arts"]),
                row(2, &["\"A\" and \"B\"", "x"]),
                row(3, &["all, \"it\"", "y"]),
                row(4, &["5\" screen", "\"open"]),
                row(5, &["next", "\"z", "end"]),
                row(6, &["\"a", "b\" c", "d"]),
            ]
        );
        // A cell that closes its quote holds what it likes.
        assert_eq!(separated("\"a\tb\nc\"\td\r\ne\tf", b'\t'), [row(1, &["a\tb\nc", "d"]), row(3, &["e", "f"])]);
    }

    #[test]
    fn a_row_without_end_is_cut_and_the_next_one_is_read() {
        let long = format!("{}\nb\n", "x".repeat(ROW_BYTES + 10));
        let all = read(&long);
        assert_eq!(all[0].2, [RecordError::TooLong]);
        assert_eq!(all[1], row(2, &["b"]));
    }
}
