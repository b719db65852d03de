//! JPEG: a whole one has an end-of-image marker after its last scan.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::{Media, bytes, error::ContentError, error::cut_off};

const TAIL_BYTES: u64 = 4 << 10;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

pub(super) fn judge(file: &mut (impl Read + Seek), length: u64) -> Result<Media, ContentError> {
    file.seek(SeekFrom::Start(2))?;
    match reaches_its_end(&mut BufReader::new(&mut *file)) {
        Ok(true) => Ok(Media::Jpeg),
        // Segments that no one knows; the file's own end then speaks for it.
        Ok(false) if has_end(&bytes::last(file, length, TAIL_BYTES)?) => Ok(Media::Jpeg),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error.into()),
        _ => Err(cut_off("JPEG", "it has no end-of-image marker")),
    }
}

fn has_end(tail: &[u8]) -> bool {
    bytes::without_padding(tail).ends_with(&[0xff, END_OF_IMAGE])
}

/// Whether the segments lead to the end of the image; `false` where they lead nowhere.
fn reaches_its_end(file: &mut impl Read) -> io::Result<bool> {
    let mut marker = next_marker(file)?;
    loop {
        match marker {
            END_OF_IMAGE => return Ok(true),
            START_OF_SCAN => {
                skip_segment(file)?;
                marker = marker_after_scan(file)?;
            }
            0xc0..=0xfe if skip_segment(file)? => marker = next_marker(file)?,
            _ => return Ok(false),
        }
    }
}

fn byte(file: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// The marker here; 0 where there is none.
fn next_marker(file: &mut impl Read) -> io::Result<u8> {
    if byte(file)? != 0xff {
        return Ok(0);
    }
    loop {
        match byte(file)? {
            0xff => {}
            marker => return Ok(marker),
        }
    }
}

/// Passes over a segment's content; `false` where its length is impossible.
fn skip_segment(file: &mut impl Read) -> io::Result<bool> {
    let length = u64::from(u16::from_be_bytes([byte(file)?, byte(file)?]));
    let Some(content) = length.checked_sub(2) else { return Ok(false) };
    let passed = io::copy(&mut file.take(content), &mut io::sink())?;
    if passed == content { Ok(true) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The first marker after the coded picture, in which a marker is followed by 0 or restarts the coder.
fn marker_after_scan(file: &mut impl Read) -> io::Result<u8> {
    loop {
        if byte(file)? != 0xff {
            continue;
        }
        let mut marker = byte(file)?;
        while marker == 0xff {
            marker = byte(file)?;
        }
        if !matches!(marker, 0 | 0xd0..=0xd7) {
            return Ok(marker);
        }
    }
}
