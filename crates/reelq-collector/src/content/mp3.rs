//! MP3: a tag before the sound, or the sound itself.

use super::{Media, error::ContentError, error::cut_off};

/// The header of a tag.
const TAG_BYTES: u64 = 10;
/// A header of one frame.
const HEADER_BYTES: u64 = 4;

/// Whether the bytes are the header of a frame of layer III.
pub(super) fn begins(head: &[u8]) -> bool {
    let [0xff, second, third, ..] = *head else { return false };
    let (is_synced, version, layer) = (second & 0xe0 == 0xe0, second >> 3 & 3, second >> 1 & 3);
    is_synced && version != 1 && layer == 1 && !matches!(third >> 4, 0 | 15) && third >> 2 & 3 != 3
}

/// Judges a file that begins with a frame.
pub(super) fn judge(head: &[u8], length: u64) -> Result<Media, ContentError> {
    match frame_bytes(head) {
        Some(frame) if frame <= length => Ok(Media::Mp3),
        _ => Err(cut_off("MP3", "its first frame is not whole")),
    }
}

/// Judges a file that begins with a tag.
pub(super) fn judge_tagged(head: &[u8], length: u64) -> Result<Media, ContentError> {
    let size = head.get(6..10).map(|size| size.iter().fold(0_u64, |size, byte| size << 7 | u64::from(byte & 0x7f)));
    let sound = size.map(|size| TAG_BYTES + size);
    if sound.is_some_and(|from| from + HEADER_BYTES <= length) {
        Ok(Media::Mp3)
    } else {
        Err(cut_off("MP3", "it ends in its tag"))
    }
}

/// The length of the frame that begins here, by its rates.
fn frame_bytes(head: &[u8]) -> Option<u64> {
    const RATES_1: [u64; 16] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
    const RATES_2: [u64; 16] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
    const SAMPLES: [u64; 4] = [44_100, 48_000, 32_000, 0];
    let [_, second, third, ..] = *head else { return None };
    let is_first = second >> 3 & 3 == 3;
    let halved = u32::from(!is_first) + u32::from(second & 0x18 == 0);
    let rate = *if is_first { RATES_1 } else { RATES_2 }.get(usize::from(third >> 4))?;
    let samples = SAMPLES.get(usize::from(third >> 2 & 3))? >> halved;
    let (factor, padding) = (if is_first { 144 } else { 72 }, u64::from(third >> 1 & 1));
    (factor * rate * 1_000).checked_div(samples).map(|bytes| bytes + padding)
}
