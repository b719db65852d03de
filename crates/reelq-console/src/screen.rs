//! A terminal as the end of a stream of exact data: there, and only there, it is made safe to look at.

use std::io::{self, Write};

use reelq_model::visible;

/// Writes a stream with its hidden characters written out.
#[derive(Debug)]
pub struct Screen<W: Write> {
    inner: W,
    /// The beginning of a character whose end has not come.
    rest: Vec<u8>,
}

impl<W: Write> Screen<W> {
    /// A screen that ends in `inner`.
    pub const fn new(inner: W) -> Self {
        Self { inner, rest: Vec::new() }
    }

    fn show(&mut self, upto: usize) -> io::Result<()> {
        let piece: Vec<u8> = self.rest.drain(..upto).collect();
        self.inner.write_all(visible(&String::from_utf8_lossy(&piece)).as_bytes())
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(piece);
        let whole = match std::str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.rest.len(),
        };
        self.show(whole)?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_written_out_wherever_the_stream_is_cut() {
        let text = "id,prompt\n1,\"\u{1b}[2J ライオン \u{202e}x\"\n";
        for size in [1, 2, 3, 1_000] {
            let mut screen = Screen::new(Vec::new());
            for piece in text.as_bytes().chunks(size) {
                screen.write_all(piece).unwrap();
            }
            let shown = String::from_utf8(screen.inner).unwrap();
            assert_eq!(shown, "id,prompt\n1,\"\\u{1b}[2J ライオン \\u{202e}x\"\n");
        }
    }
}
