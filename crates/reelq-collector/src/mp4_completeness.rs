//! Tells a video that is whole from one that was cut between two of its boxes, where the server did not say how long it is.

use std::io::{Read, Seek, SeekFrom};

use crate::mp4;

/// Whether the file itself shows that nothing is missing: every box names its length, the last one ends with the file,
/// and no further fragments are to be expected.
///
/// Stricter than [`mp4::check`], which takes a last box without a length: such a box ends wherever the connection broke.
pub(crate) fn is_complete(file: &mut (impl Read + Seek)) -> bool {
    mp4::check(file).is_ok() && boxes(file).is_some_and(|kinds| kinds.is_complete())
}

#[derive(Debug, Default)]
struct Kinds {
    is_fragmented: bool,
    last: [u8; 4],
}

impl Kinds {
    /// Fragments may go on for ever; only their index comes last.
    fn is_complete(&self) -> bool {
        !self.is_fragmented || &self.last == b"mfra"
    }
}

/// The kinds of the boxes; `None` where a box names no length, or another one than it has.
fn boxes(file: &mut (impl Read + Seek)) -> Option<Kinds> {
    let length = file.seek(SeekFrom::End(0)).ok()?;
    let (mut kinds, mut at) = (Kinds::default(), 0);
    while at < length {
        file.seek(SeekFrom::Start(at)).ok()?;
        let (size, kind) = head(file)?;
        at = at.checked_add(size).filter(|_| size >= 8)?;
        kinds.is_fragmented |= &kind == b"moof";
        kinds.last = kind;
    }
    (at == length).then_some(kinds)
}

fn head(file: &mut impl Read) -> Option<(u64, [u8; 4])> {
    let mut head = [0; 8];
    file.read_exact(&mut head).ok()?;
    let [a, b, c, d, kind @ ..] = head;
    let size = match u32::from_be_bytes([a, b, c, d]) {
        1 => {
            let mut size = [0; 8];
            file.read_exact(&mut size).ok()?;
            u64::from_be_bytes(size)
        }
        size => u64::from(size),
    };
    Some((size, kind))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(kind: &str, size: u32, content: &[u8]) -> Vec<u8> {
        [&size.to_be_bytes()[..], kind.as_bytes(), content].concat()
    }

    fn begun() -> Vec<u8> {
        let movie = boxed("mvhd", 108, &[0; 100]);
        [boxed("ftyp", 16, b"isom\0\0\x02\0"), boxed("moov", 116, &movie)].concat()
    }

    fn complete(rest: &[u8]) -> bool {
        is_complete(&mut Cursor::new([&begun()[..], rest].concat()))
    }

    #[test]
    fn video_that_ends_with_its_last_box_is_whole() {
        assert!(complete(&boxed("mdat", 12, b"data")));
        let long = [&boxed("mdat", 1, &20_u64.to_be_bytes())[..], b"data"].concat();
        assert!(complete(&long), "a length of eight bytes");
        let index = [boxed("moof", 12, b"frag"), boxed("mdat", 12, b"data"), boxed("mfra", 8, b"")].concat();
        assert!(complete(&index));
    }

    #[test]
    fn video_that_may_go_on_is_not_whole() {
        assert!(!complete(&boxed("mdat", 13, b"data")), "cut off");
        assert!(!complete(&boxed("mdat", 0, b"data")), "to the file's end, wherever that is");
        assert!(!complete(&[boxed("moof", 12, b"frag"), boxed("mdat", 12, b"data")].concat()), "a fragment may follow");
        assert!(!complete(b""), "no media yet");
        assert!(!is_complete(&mut Cursor::new(b"")));
    }
}
