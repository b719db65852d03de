//! The items of a JSON list, or the entries of a JSON object, one after the other and never all at once.

use std::io;

use reelq_forms::Bytes;

use crate::{jsonl::pieces::Piece, limits};

/// Reads on through one list or object whose opening bracket was taken.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "two are what is read, and two how far")]
pub(crate) struct Items {
    bytes: Bytes,
    line: u64,
    /// The entries have names.
    is_object: bool,
    is_first: bool,
    is_ended: bool,
    /// The list stands inside an object, which was read before.
    is_inside: bool,
}

/// What is wrong between two items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemsFault {
    pub(crate) line: u64,
    pub(crate) rule: &'static str,
}

type Read<T> = Result<T, Box<ItemsError>>;

/// Why no further item could be read.
#[derive(Debug)]
pub(crate) enum ItemsError {
    Io(io::Error),
    Fault(ItemsFault),
}

impl From<io::Error> for Box<ItemsError> {
    fn from(error: io::Error) -> Self {
        Self::new(ItemsError::Io(error))
    }
}

impl Items {
    /// Begins after the opening bracket.
    pub(crate) const fn new(bytes: Bytes, line: u64, is_object: bool) -> Self {
        Self { bytes, line, is_object, is_first: true, is_ended: false, is_inside: false }
    }

    /// The same for a list inside an object that is known to be well formed.
    pub(crate) const fn inside(mut self) -> Self {
        self.is_inside = true;
        self
    }

    /// The next item; `None` at the end.
    pub(crate) fn next(&mut self) -> Read<Option<Piece>> {
        if self.is_ended {
            return Ok(None);
        }
        // Whatever is wrong, nothing that follows can be told apart.
        let read = self.read();
        self.is_ended |= read.is_err();
        read
    }

    fn read(&mut self) -> Read<Option<Piece>> {
        let end = if self.is_object { b'}' } else { b']' };
        let mut next = self.token()?;
        if !self.is_first && next != Some(end) {
            if next != Some(b',') {
                return Err(self.fault("a comma must stand between two items, and a bracket at the end"));
            }
            self.take()?;
            next = self.token()?;
        }
        self.is_first = false;
        match next {
            Some(byte) if byte == end => {
                self.take()?;
                self.is_ended = true;
                self.end()
            }
            None => Err(self.fault("the file ends before its closing bracket: is it cut off?")),
            Some(_) => self.item().map(Some),
        }
    }

    /// Nothing follows but what closes what the list stands in: a second list would be lost without a word.
    fn end(&mut self) -> Read<Option<Piece>> {
        match self.token()? {
            None => Ok(None),
            Some(_) if self.is_inside => Ok(None),
            Some(_) => Err(self.fault("something follows the closing bracket: one file holds one list")),
        }
    }

    fn item(&mut self) -> Read<Piece> {
        let mut key = None;
        if self.is_object {
            let name = self.value()?;
            key = serde_json::from_slice::<String>(&name.bytes).ok();
            if key.is_none() || self.token()? != Some(b':') {
                return Err(self.fault("an entry must be a name in quotes, a colon and a value"));
            }
            self.take()?;
            self.token()?;
        }
        Ok(Piece { key, ..self.value()? })
    }

    /// Takes one value, of which at most a row's bytes are kept.
    fn value(&mut self) -> Read<Piece> {
        let mut piece =
            Piece { offset: self.bytes.offset(), line: self.line, bytes: Vec::new(), is_whole: true, key: None };
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.bytes.peek()? {
            match byte {
                _ if quoted => {}
                b',' | b':' if depth == 0 => break,
                b']' | b'}' if depth == 0 => break,
                b'{' | b'[' => depth += 1,
                b']' | b'}' => depth -= 1,
                byte if depth == 0 && byte.is_ascii_whitespace() => break,
                _ => {}
            }
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            self.take()?;
            if piece.bytes.len() < limits::ROW_BYTES {
                piece.bytes.push(byte);
            } else {
                piece.is_whole = false;
            }
            if depth == 0 && !quoted && matches!(byte, b'"' | b']' | b'}') {
                break;
            }
        }
        Ok(piece)
    }

    /// The next byte that is no blank.
    fn token(&mut self) -> io::Result<Option<u8>> {
        while self.bytes.peek()?.is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.take()?;
        }
        self.bytes.peek()
    }

    fn take(&mut self) -> io::Result<()> {
        let byte = self.bytes.next()?;
        self.line += u64::from(byte == Some(b'\n'));
        Ok(())
    }

    #[expect(clippy::unnecessary_box_returns, reason = "all errors of this reader are boxed")]
    fn fault(&self, rule: &'static str) -> Box<ItemsError> {
        Box::new(ItemsError::Fault(ItemsFault { line: self.line, rule }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    type Found = (u64, Option<String>, String);

    fn items(text: &str, is_object: bool) -> (Vec<Found>, Option<u64>) {
        let mut items = Items::new(Bytes::new(Box::new(Cursor::new(text.to_owned()))), 1, is_object);
        let mut found = Vec::new();
        loop {
            match items.next() {
                Ok(Some(piece)) => found.push((piece.line, piece.key, String::from_utf8(piece.bytes).unwrap())),
                Ok(None) => return (found, None),
                Err(error) => match *error {
                    ItemsError::Fault(fault) => return (found, Some(fault.line)),
                    ItemsError::Io(error) => panic!("{error}"),
                },
            }
        }
    }

    #[test]
    fn items_stand_on_their_lines_whatever_they_hold() {
        let (found, fault) = items("\n {\"a\": \"]},\\\"\",\n \"b\": [1, {}]},\n\"x\" , 7]", false);
        let lines: Vec<_> = found.iter().map(|(line, _, text)| (*line, text.as_str())).collect();
        assert_eq!(lines, [(2, "{\"a\": \"]},\\\"\",\n \"b\": [1, {}]}"), (4, "\"x\""), (4, "7")]);
        assert_eq!(fault, None);
        assert_eq!(items("]", false), (Vec::new(), None));
    }

    #[test]
    fn entries_bring_their_names() {
        let (found, _) = items("\"v1\": {\"p\": 1},\n \"v2\":{}\n}", true);
        assert_eq!(found[0], (1, Some("v1".to_owned()), "{\"p\": 1}".to_owned()));
        assert_eq!(found[1], (2, Some("v2".to_owned()), "{}".to_owned()));
    }

    #[test]
    fn what_is_cut_off_or_runs_together_is_told() {
        assert_eq!(items("{\"a\":1},\n", false).1, Some(2));
        assert_eq!(items("{} {}]", false).1, Some(1));
        assert_eq!(items("7: 8}", true).1, Some(1));
        assert_eq!(items("1]\n[2]", false).1, Some(2));
    }
}
