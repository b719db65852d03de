//! Why a file is no output.

use std::io;

use crate::mp4::Mp4Error;

/// Why a file is no output that can be vouched for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It begins like no video, picture or sound.
    #[error("it is no video, picture or sound: it begins with `{0}`")]
    Unknown(String),
    /// It is one of the MP4 family, and not whole.
    #[error(transparent)]
    Mp4(Mp4Error),
    /// It ends too early.
    #[error("the {kind} is cut off: {what}")]
    CutOff {
        /// What it begins like.
        kind: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// It could not be read.
    #[error("read the file")]
    Io(#[from] io::Error),
}

impl From<Mp4Error> for ContentError {
    fn from(error: Mp4Error) -> Self {
        match error {
            Mp4Error::Io(error) => Self::Io(error),
            error => Self::Mp4(error),
        }
    }
}

pub(super) const fn cut_off(kind: &'static str, what: &'static str) -> ContentError {
    ContentError::CutOff { kind, what }
}
