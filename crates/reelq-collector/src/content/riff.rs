//! RIFF: `WebP`, WAV and AVI say how long they are.

use super::{Media, error::ContentError, error::cut_off, shown};

/// The flag of an extended WebP that moves.
const ANIMATED: u8 = 0x02;
/// Writers that do not know the length beforehand leave one of these.
const UNTOLD: [u32; 2] = [0, u32::MAX];
/// Nothing that can be heard or seen is shorter.
const SHORTEST: u64 = 20;

pub(super) fn judge(head: &[u8], length: u64) -> Result<Media, ContentError> {
    let Some((size, form)) = head.get(4..8).zip(head.get(8..12)) else {
        return Err(cut_off("RIFF file", "it ends in its header"));
    };
    let size = size.iter().rev().fold(0_u32, |size, byte| size << 8 | u32::from(*byte));
    let (kind, media) = match form {
        b"WEBP" if is_animated(head) => ("WebP", Media::AnimatedWebp),
        b"WEBP" => ("WebP", Media::Webp),
        b"WAVE" => ("WAV", Media::Wav),
        b"AVI " => ("AVI", Media::Avi),
        _ => return Err(ContentError::Unknown(shown(head))),
    };
    let is_untold = media.extension() != "webp" && UNTOLD.contains(&size);
    let fits = is_untold || u64::from(size).saturating_add(8) <= length;
    if fits && length >= SHORTEST { Ok(media) } else { Err(cut_off(kind, "it is shorter than it says")) }
}

fn is_animated(head: &[u8]) -> bool {
    head.get(12..16) == Some(b"VP8X") && head.get(20).is_some_and(|flags| flags & ANIMATED != 0)
}
