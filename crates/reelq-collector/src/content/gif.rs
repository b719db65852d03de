//! GIF: a whole one ends with its trailer.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::{Media, bytes, error::ContentError, error::cut_off};

const TRAILER: u8 = 0x3b;
const TAIL_BYTES: u64 = 4 << 10;

/// What the blocks lead to.
enum End {
    Trailer,
    /// A block that the format does not know.
    Nowhere,
}

pub(super) fn judge(file: &mut (impl Read + Seek), length: u64) -> Result<Media, ContentError> {
    file.seek(SeekFrom::Start(6))?;
    let tail = |file: &mut _| bytes::last(file, length, TAIL_BYTES);
    match walk(&mut BufReader::new(&mut *file)) {
        Ok(End::Trailer) => Ok(Media::Gif),
        Ok(End::Nowhere) if bytes::without_padding(&tail(file)?).ends_with(&[TRAILER]) => Ok(Media::Gif),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error.into()),
        _ => Err(cut_off("GIF", "it has no trailer")),
    }
}

fn walk(file: &mut impl Read) -> io::Result<End> {
    let mut screen = [0; 7];
    file.read_exact(&mut screen)?;
    skip_colours(file, screen[4])?;
    loop {
        match byte(file)? {
            TRAILER => return Ok(End::Trailer),
            0x21 => {
                byte(file)?;
                skip_blocks(file)?;
            }
            0x2c => skip_picture(file)?,
            _ => return Ok(End::Nowhere),
        }
    }
}

fn skip_picture(file: &mut impl Read) -> io::Result<()> {
    let mut place = [0; 9];
    file.read_exact(&mut place)?;
    skip_colours(file, place[8])?;
    byte(file)?;
    skip_blocks(file)
}

/// Passes over the table of colours that the flags announce.
fn skip_colours(file: &mut impl Read, flags: u8) -> io::Result<()> {
    if flags & 0x80 == 0 { Ok(()) } else { skip(file, 3 << ((flags & 7) + 1)) }
}

fn skip_blocks(file: &mut impl Read) -> io::Result<()> {
    loop {
        match byte(file)? {
            0 => return Ok(()),
            count => skip(file, u64::from(count))?,
        }
    }
}

fn skip(file: &mut impl Read, count: u64) -> io::Result<()> {
    let passed = io::copy(&mut file.take(count), &mut io::sink())?;
    if passed == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn byte(file: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}
