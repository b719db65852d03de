//! Checks that a file is a whole MP4 or one of its relatives (`QuickTime`, M4A, AVIF, HEIC): the boxes of its top level run
//! from its first byte to its last.
//!
//! Pure over a reader; whatever the bytes are, it answers and never panics.

use std::io::{self, Read, Seek, SeekFrom};

use crate::Media;

/// More boxes than any honest file has at its top level.
const BOXES_MAX: u32 = 1_000_000;

/// Why a file is not a whole MP4.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Mp4Error {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It begins like something else.
    #[error("it is not an MP4: it begins with {0}")]
    Other(String),
    /// It ends inside a box.
    #[error("it is cut off: box `{kind}` at byte {at} should end at byte {end}, the file ends at byte {length}")]
    CutOff {
        /// The box's type.
        kind: String,
        /// Where the box begins.
        at: u64,
        /// Where it should end.
        end: u64,
        /// Where the file ends.
        length: u64,
    },
    /// A box has an impossible length, or there are too many.
    #[error("it is damaged: box `{kind}` at byte {at} has an impossible length")]
    Damaged {
        /// The box's type.
        kind: String,
        /// Where the box begins.
        at: u64,
    },
    /// A box that every video has is not there.
    #[error("it is not a whole video: it has no `{0}` box")]
    Missing(&'static str),
    /// It could not be read.
    #[error("read the file")]
    Io(#[from] io::Error),
}

/// Of the description of the tracks, this much is looked through.
const TRACKS_BYTES_MAX: u64 = 4 << 20;

/// What was found on the way.
#[derive(Debug, Default)]
struct Found {
    /// The brand that the file type names.
    brand: Option<[u8; 4]>,
    /// Where the description of the tracks is.
    moov: Option<(u64, u64)>,
    media: bool,
    meta: bool,
}

struct BoxHead {
    kind: [u8; 4],
    at: u64,
    end: u64,
}

/// Checks that a file is a whole MP4, or one that differs from it only by its brand.
pub fn check(file: &mut (impl Read + Seek)) -> Result<(), Mp4Error> {
    walk(file)?.verdict()
}

/// Whether a file of this family may begin with such a box.
pub(crate) fn may_begin(kind: [u8; 4]) -> bool {
    matches!(&kind, b"ftyp" | b"styp" | b"free" | b"skip" | b"wide" | b"pdin" | b"moov" | b"mdat")
}

/// Says which of its relatives a whole file is.
pub(crate) fn judge(file: &mut (impl Read + Seek)) -> Result<Media, Mp4Error> {
    let found = walk(file)?;
    match found.brand.as_ref() {
        // QuickTime is older than file types.
        None if found.moov.is_some() && found.media => Ok(Media::Mov),
        Some(b"avif" | b"avis") => found.picture(Media::Avif),
        Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1") => found.picture(Media::Heic),
        brand => {
            found.verdict()?;
            Ok(match brand {
                Some(b"M4A " | b"M4B ") => Media::M4a,
                _ if found.is_only_sound(file)? => Media::M4a,
                Some(b"qt  ") => Media::Mov,
                _ => Media::Mp4,
            })
        }
    }
}

fn walk(file: &mut (impl Read + Seek)) -> Result<Found, Mp4Error> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Err(Mp4Error::Empty);
    }
    let (mut found, mut at) = (Found::default(), 0);
    for _ in 0..BOXES_MAX {
        if at == length {
            return Ok(found);
        }
        let head = read_head(file, at, length)?;
        found.note(&head)?;
        if head.kind == *b"ftyp" && found.brand.is_none() {
            found.brand = Some(brand(file)?);
        }
        at = head.end;
    }
    Err(Mp4Error::Damaged { kind: "?".to_owned(), at })
}

/// The brand of the file type whose head was read just now; zeros where it names none.
fn brand(file: &mut impl Read) -> Result<[u8; 4], Mp4Error> {
    let mut brand = Vec::new();
    file.take(4).read_to_end(&mut brand)?;
    Ok(brand.try_into().unwrap_or_default())
}

fn read_head(file: &mut (impl Read + Seek), at: u64, length: u64) -> Result<BoxHead, Mp4Error> {
    file.seek(SeekFrom::Start(at))?;
    let room = length.saturating_sub(at);
    if room < 8 {
        let cut_off = Mp4Error::CutOff { kind: "?".to_owned(), at, end: at.saturating_add(8), length };
        return Err(if at == 0 { beginning(file, room)? } else { cut_off });
    }
    let mut head = [0; 8];
    file.read_exact(&mut head)?;
    if at > 0 && head == [0; 8] {
        // Nothing but padding begins like this; a file that is cut off ends in a box, or before one.
        return Ok(BoxHead { kind: *b"free", at, end: length });
    }
    let [a, b, c, d, kind @ ..] = head;
    if at == 0 && !may_begin(kind) {
        return Err(Mp4Error::Other(shown(&head)));
    }
    let size = match u32::from_be_bytes([a, b, c, d]) {
        0 => room,
        1 => large_size(file, room, kind, at)?,
        small => u64::from(small),
    };
    let end = at.checked_add(size).filter(|_| size >= 8);
    let end = end.ok_or_else(|| Mp4Error::Damaged { kind: word(kind), at })?;
    if end > length {
        return Err(Mp4Error::CutOff { kind: word(kind), at, end, length });
    }
    Ok(BoxHead { kind, at, end })
}

fn large_size(file: &mut impl Read, room: u64, kind: [u8; 4], at: u64) -> Result<u64, Mp4Error> {
    let damaged = Mp4Error::Damaged { kind: word(kind), at };
    if room < 16 {
        return Err(damaged);
    }
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let size = u64::from_be_bytes(size);
    if size < 16 { Err(damaged) } else { Ok(size) }
}

fn beginning(file: &mut impl Read, room: u64) -> Result<Mp4Error, Mp4Error> {
    let mut bytes = Vec::new();
    file.take(room).read_to_end(&mut bytes)?;
    Ok(Mp4Error::Other(shown(&bytes)))
}

fn shown(bytes: &[u8]) -> String {
    format!("`{}`", bytes.escape_ascii())
}

fn word(kind: [u8; 4]) -> String {
    kind.escape_ascii().to_string()
}

impl Found {
    fn note(&mut self, head: &BoxHead) -> Result<(), Mp4Error> {
        match &head.kind {
            b"moov" => self.moov = Some((head.at, head.end)),
            b"mdat" | b"moof" => self.media = true,
            b"meta" => self.meta = true,
            _ => {}
        }
        if !head.kind.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == 0xa9) {
            return Err(Mp4Error::Damaged { kind: word(head.kind), at: head.at });
        }
        Ok(())
    }

    fn verdict(&self) -> Result<(), Mp4Error> {
        match self {
            Self { brand: None, .. } => Err(Mp4Error::Missing("ftyp")),
            Self { moov: None, .. } => Err(Mp4Error::Missing("moov")),
            Self { media: false, .. } => Err(Mp4Error::Missing("mdat")),
            _ => Ok(()),
        }
    }

    fn picture(&self, media: Media) -> Result<Media, Mp4Error> {
        match self {
            Self { meta: false, moov: None, .. } => Err(Mp4Error::Missing("meta")),
            Self { media: false, .. } => Err(Mp4Error::Missing("mdat")),
            _ => Ok(media),
        }
    }

    /// Whether every track that says what it is says that it is sound.
    fn is_only_sound(&self, file: &mut (impl Read + Seek)) -> Result<bool, Mp4Error> {
        let Some((from, to)) = self.moov else { return Ok(false) };
        let mut tracks = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(to.saturating_sub(from).min(TRACKS_BYTES_MAX)).read_to_end(&mut tracks)?;
        // Eight bytes stand between the name of the box and what it handles.
        let says = |handler: &[u8]| tracks.windows(16).any(|it| it.starts_with(b"hdlr") && it[12..] == *handler);
        Ok(says(b"soun") && !says(b"vide"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn piece(kind: &str, body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap();
        [&size.to_be_bytes()[..], kind.as_bytes(), body].concat()
    }

    fn video() -> Vec<u8> {
        [piece("ftyp", b"isom0000"), piece("moov", &[7; 40]), piece("mdat", &[9; 100])].concat()
    }

    fn verdict(bytes: &[u8]) -> String {
        check(&mut Cursor::new(bytes)).map_or_else(|error| error.to_string(), |()| "whole".to_owned())
    }

    #[test]
    fn every_usual_layout_is_whole() {
        assert_eq!(verdict(&video()), "whole");
        let fragmented =
            [piece("ftyp", b"iso5"), piece("moov", &[]), piece("moof", &[1]), piece("mdat", &[2])].concat();
        assert_eq!(verdict(&fragmented), "whole");
        let mut open_ended = [piece("free", &[]), piece("ftyp", b"isom"), piece("moov", &[])].concat();
        open_ended.extend([&0_u32.to_be_bytes()[..], b"mdat", &[3; 50]].concat());
        assert_eq!(verdict(&open_ended), "whole");
        let mut large = [piece("ftyp", b"isom"), piece("moov", &[])].concat();
        large.extend([&1_u32.to_be_bytes()[..], b"mdat", &20_u64.to_be_bytes(), &[3; 4]].concat());
        assert_eq!(verdict(&large), "whole");
    }

    #[test]
    fn padding_after_the_last_box_does_no_harm_and_heals_no_cut() {
        let padded = [video(), vec![0; 100]].concat();
        assert_eq!(verdict(&padded), "whole");
        let cut = [&video()[..100], &[0; 8]].concat();
        assert!(verdict(&cut).starts_with("it is cut off"), "{}", verdict(&cut));
        let early = [piece("ftyp", b"isom0000"), vec![0; 100]].concat();
        assert_eq!(verdict(&early), "it is not a whole video: it has no `moov` box");
    }

    #[test]
    fn what_is_not_whole_says_why() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "the file is empty"),
            (b"<html>", "it is not an MP4: it begins with `<html>`"),
            (b"<!DOCTYPE html>", "it is not an MP4: it begins with `<!DOCTYP`"),
            (b"{\"error\":1}", "it is not an MP4: it begins with `{\\\"error\\\"`"),
            (&piece("ftyp", b"isom"), "it is not a whole video: it has no `moov` box"),
            (&[piece("ftyp", &[]), piece("moov", &[])].concat(), "it is not a whole video: it has no `mdat` box"),
            (&[piece("free", &[]), piece("mdat", &[])].concat(), "it is not a whole video: it has no `ftyp` box"),
            (
                &[piece("ftyp", &[]), vec![0, 0, 0, 4, b'm', b'o', b'o', b'v']].concat(),
                "it is damaged: box `moov` at byte 8 has an impossible length",
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(verdict(bytes), expected);
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = video();
        for length in 0..whole.len() {
            assert_ne!(verdict(&whole[..length]), "whole", "cut at {length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!verdict(&bytes).is_empty());
        }

        #[test]
        fn any_damage_to_a_video_gets_an_answer(at in 0_usize..60, byte: u8) {
            let mut bytes = video();
            bytes[at] = byte;
            prop_assert!(!verdict(&bytes).is_empty());
        }
    }
}
