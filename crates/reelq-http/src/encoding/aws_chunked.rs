//! The framing of uploads to object stores: `LENGTH[;chunk-signature=…]`, bytes, and again, to a length of zero.
//!
//! Some gateways store the frames with the file, or hand out the header of files that have none.

use std::io::{self, Write};

use super::inflate::{Inflate, Sink};

/// The longest line that opens a frame.
pub(super) const LINE_MAX: usize = 120;

/// Whether a body begins with a frame; `None` while that cannot be decided.
pub(super) fn begins(head: &[u8]) -> Option<bool> {
    match head.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) => Some(length(&head[..end]).is_some()),
        None if head.len() < LINE_MAX && head.first().is_none_or(u8::is_ascii_hexdigit) => None,
        None => Some(false),
    }
}

fn length(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?;
    let (digits, extension) = line.split_once(';').unwrap_or((line, "chunk-signature="));
    let plausible = extension.starts_with("chunk-signature=") && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    usize::from_str_radix(digits, 16).ok().filter(|_| plausible)
}

/// What comes next.
enum Next {
    /// The line that opens a frame, or the rest of it.
    Line(Vec<u8>),
    /// So many bytes of the file.
    Content(usize),
    /// So many bytes of a line's end.
    LineEnd(usize),
    /// What stands behind the last frame.
    Trailer,
}

/// Takes the frames off.
pub(super) struct Frames {
    next: Next,
    sink: Sink,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { next: Next::Line(Vec::new()), sink: Sink::default() }
    }

    fn line(line: &mut Vec<u8>, byte: u8) -> io::Result<Option<Next>> {
        line.push(byte);
        let Some(text) = line.strip_suffix(b"\r\n") else {
            return if line.len() > LINE_MAX { Err(damaged()) } else { Ok(None) };
        };
        Ok(Some(match length(text).ok_or_else(damaged)? {
            0 => Next::Trailer,
            length => Next::Content(length),
        }))
    }
}

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(first) = bytes.first() else { return Ok(0) };
        let mut taken = 1;
        let next = match &mut self.next {
            Next::Line(line) => Self::line(line, *first)?,
            Next::Content(left) => {
                taken = self.sink.write(&bytes[..bytes.len().min(*left)])?;
                *left -= taken;
                (*left == 0).then_some(Next::LineEnd(2))
            }
            Next::LineEnd(left) => {
                *left -= 1;
                (*left == 0).then(|| Next::Line(Vec::new()))
            }
            Next::Trailer => return Ok(bytes.len()),
        };
        self.next = next.unwrap_or_else(|| std::mem::replace(&mut self.next, Next::Trailer));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inflate for Frames {
    fn sink(&mut self) -> &mut Sink {
        &mut self.sink
    }

    fn close(&mut self) -> io::Result<()> {
        if matches!(self.next, Next::Trailer) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame of `aws-chunked` is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_plain_bytes() {
        for (head, answer) in [
            (&b"2a;chunk-signature=00ff\r\nxx"[..], Some(true)),
            (b"10000\r\n", Some(true)),
            (b"10000", None),
            (b"", None),
            (b"\0\0\0 ftypisom", Some(false)),
            (b"abc def\r\n", Some(false)),
            (b"10;other=1\r\n", Some(false)),
            (&[b'a'; 200], Some(false)),
        ] {
            assert_eq!(begins(head), answer, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn frames_that_end_early_or_lie_are_noticed() {
        let taken = |bytes: &[u8]| {
            let mut frames = Frames::new();
            frames.sink.room = 100;
            frames.write_all(bytes).and_then(|()| frames.close()).map(|()| frames.sink.bytes)
        };
        assert_eq!(taken(b"3\r\nabc\r\n2;chunk-signature=0\r\nde\r\n0\r\nx-amz-checksum:x\r\n\r\n").unwrap(), b"abcde");
        assert!(taken(b"3\r\nabc\r\n").is_err(), "no last frame");
        assert!(taken(b"3\r\nabcdef\r\n0\r\n\r\n").is_err(), "a longer frame than it says");
    }
}
