//! What kind of file an output is, from hints. What no hint names is a video: it is checked.

use reelq_model::OutputKind;

const FAMILIES: [&str; 5] = ["image", "audio", "text", "subtitle", "font"];
const OTHERS: [&str; 28] = [
    "png",
    "jpg",
    "jpeg",
    "webp",
    "gif",
    "avif",
    "bmp",
    "heic",
    "svg",
    "cover",
    "thumbnail",
    "poster",
    "picture",
    "photo",
    "mp3",
    "wav",
    "m4a",
    "aac",
    "ogg",
    "flac",
    "opus",
    "music",
    "sound",
    "srt",
    "vtt",
    "json",
    "txt",
    "preview",
];

/// The kind that a vendor's word names. Only a word that surely means another file takes the check of a video away.
pub(super) fn by_hint(word: &str) -> Option<OutputKind> {
    let word = word.trim().to_ascii_lowercase();
    if word.contains("video") || word == "mp4" {
        return Some(OutputKind::Video);
    }
    let is_other = FAMILIES.iter().any(|family| word.starts_with(family)) || OTHERS.contains(&word.as_str());
    is_other.then_some(OutputKind::Other)
}

/// The kind that an address's ending names.
pub(super) fn by_extension(url: &str) -> Option<OutputKind> {
    let path = url.split(['?', '#']).next()?;
    let (_, ending) = path.rsplit_once('/')?.1.rsplit_once('.')?;
    by_hint(ending)
}
