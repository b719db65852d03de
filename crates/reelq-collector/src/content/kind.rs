//! The kinds of files that outputs are.

use serde::{Deserialize, Serialize};

/// What a file is, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the name of its format")]
pub enum Media {
    Mp4,
    Mov,
    Webm,
    Matroska,
    Avi,
    Gif,
    AnimatedPng,
    AnimatedWebp,
    Png,
    Jpeg,
    Webp,
    Avif,
    Heic,
    M4a,
    Wav,
    Mp3,
}

/// What a file is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It moves.
    Video,
    /// One picture.
    Picture,
    /// Sound without a picture.
    Sound,
}

/// Every kind with its usual extensions; a file of ours gets the first. Where two kinds share one, the plainer comes first.
const EXTENSIONS: [(Media, &[&str]); 16] = [
    (Media::Mp4, &["mp4", "m4v"]),
    (Media::Mov, &["mov", "qt"]),
    (Media::Webm, &["webm"]),
    (Media::Matroska, &["mkv"]),
    (Media::Avi, &["avi"]),
    (Media::Gif, &["gif"]),
    (Media::Png, &["png"]),
    (Media::Jpeg, &["jpg", "jpeg"]),
    (Media::Webp, &["webp"]),
    (Media::Avif, &["avif"]),
    (Media::Heic, &["heic", "heif"]),
    (Media::M4a, &["m4a"]),
    (Media::Wav, &["wav"]),
    (Media::Mp3, &["mp3"]),
    (Media::AnimatedPng, &["png", "apng"]),
    (Media::AnimatedWebp, &["webp"]),
];

impl Media {
    /// The extensions that a file of this kind may have; the first is its own.
    pub fn extensions(self) -> &'static [&'static str] {
        EXTENSIONS.iter().find(|(media, _)| *media == self).map_or(&["bin"], |(_, extensions)| extensions)
    }

    /// The extension that a file of this kind gets.
    pub fn extension(self) -> &'static str {
        self.extensions().first().copied().unwrap_or("bin")
    }

    /// The kind that files of this extension usually are.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let names = |known: &&str| known.eq_ignore_ascii_case(extension);
        EXTENSIONS.iter().find(|(_, extensions)| extensions.iter().any(names)).map(|(media, _)| *media)
    }

    /// What it is good for. Every GIF counts as moving: that is what the format is chosen for.
    pub const fn class(self) -> Class {
        match self {
            Self::Mp4
            | Self::Mov
            | Self::Webm
            | Self::Matroska
            | Self::Avi
            | Self::Gif
            | Self::AnimatedPng
            | Self::AnimatedWebp => Class::Video,
            Self::Png | Self::Jpeg | Self::Webp | Self::Avif | Self::Heic => Class::Picture,
            Self::M4a | Self::Wav | Self::Mp3 => Class::Sound,
        }
    }
}
