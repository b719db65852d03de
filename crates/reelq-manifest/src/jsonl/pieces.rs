//! The pieces of a file that each are one row: JSON lines, the items of a list, the entries of an object or a YAML file.

use std::{io, vec};

use reelq_forms::{Bytes, YamlItem};

use super::items::{Items, ItemsError};
use crate::limits;

/// The text of one row.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Where it begins in the file.
    pub(crate) offset: u64,
    /// The line on which it begins.
    pub(crate) line: u64,
    pub(crate) bytes: Vec<u8>,
    /// Whether all of it was kept.
    pub(crate) is_whole: bool,
    /// Its name in the object that holds it.
    pub(crate) key: Option<String>,
}

/// Where pieces come from.
#[derive(Debug)]
pub(crate) enum Pieces {
    /// One a line; the line that was read last.
    Lines(Bytes, u64),
    Items(Box<Items>),
    Yaml(vec::IntoIter<YamlItem>),
}

impl Pieces {
    /// The next piece that is not blank.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, Box<ItemsError>> {
        match self {
            Self::Lines(bytes, line) => Ok(next_line(bytes, line)?),
            Self::Items(items) => items.next(),
            Self::Yaml(items) => Ok(items.next().map(|item| Piece {
                offset: 0,
                line: item.line,
                bytes: item.json.into_bytes(),
                is_whole: true,
                key: item.key,
            })),
        }
    }

    /// What a piece is called in messages.
    pub(crate) const fn word(&self) -> &'static str {
        if matches!(self, Self::Lines(..)) { "line" } else { "item" }
    }
}

fn next_line(bytes: &mut Bytes, line: &mut u64) -> io::Result<Option<Piece>> {
    while let Some(read) = bytes.line(limits::ROW_BYTES)? {
        *line += 1;
        if !(read.whole && read.bytes.trim_ascii().is_empty()) {
            let (offset, is_whole) = (read.offset, read.whole);
            return Ok(Some(Piece { offset, line: *line, bytes: read.bytes, is_whole, key: None }));
        }
    }
    Ok(None)
}
