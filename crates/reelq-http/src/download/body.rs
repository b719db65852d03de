//! A download in progress.

use std::fmt;

use bytes::Bytes;
use reqwest::{Response, StatusCode};

use super::{DownloadError, Resume, Validator, media, range::ContentRange};
use crate::{
    encoding::{self, Layers},
    redact,
};

/// The most that one piece of a packed file may unpack to: a video hardly shrinks.
const UNPACKED_MAX: usize = 64 << 20;

/// From where the bytes of a download begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadStatus {
    /// From the first: whatever was there is void.
    Fresh,
    /// From where the earlier download stopped.
    Resumed,
    /// Nothing is missing any more.
    Complete,
}

/// A download in progress: its head, and its bytes by chunks.
pub struct Download {
    /// From where the bytes begin.
    pub status: DownloadStatus,
    /// The length of the whole file, where the server says it.
    pub content_length: Option<u64>,
    /// The media type that the server claims.
    pub content_type: Option<String>,
    /// What to resume with.
    pub validator: Option<Validator>,
    response: Option<Response>,
    layers: Layers,
    /// Bytes that had to be read to know how the file is packed.
    ahead: Option<Bytes>,
    /// Bytes of the whole file read so far.
    position: u64,
    max_bytes: u64,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.status)
            .field("content_length", &self.content_length)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Download {
    /// A download of which nothing is missing any more.
    pub(crate) fn complete(length: u64, validator: Validator) -> Self {
        Self {
            status: DownloadStatus::Complete,
            content_length: Some(length),
            content_type: None,
            validator: Some(validator),
            response: None,
            layers: Layers::new(&[]),
            ahead: None,
            position: length,
            max_bytes: length,
        }
    }

    /// A download from the file's first byte.
    pub(crate) async fn fresh(response: Response, max_bytes: u64) -> Result<Self, DownloadError> {
        let length = whole_length(&response, 0);
        Self::begin(response, 0, length, max_bytes).await
    }

    /// The rest of a download, from where it stopped.
    pub(crate) async fn rest(response: Response, from: &Resume, max_bytes: u64) -> Result<Self, DownloadError> {
        let length = from.total.or_else(|| whole_length(&response, from.offset));
        Self::begin(response, from.offset, length, max_bytes).await
    }

    async fn begin(
        response: Response,
        position: u64,
        content_length: Option<u64>,
        max_bytes: u64,
    ) -> Result<Self, DownloadError> {
        let headers = response.headers();
        let content_type = media::of(headers);
        let resumed = position > 0;
        // A rest is taken only of files that turned out to be plain at their beginning.
        let codings = if resumed { Vec::new() } else { encoding::codings(headers) };
        let mut download = Self {
            status: if resumed { DownloadStatus::Resumed } else { DownloadStatus::Fresh },
            content_length,
            content_type: content_type.map(str::to_owned),
            validator: Validator::of(headers),
            layers: Layers::new(&codings),
            response: Some(response),
            ahead: None,
            position,
            max_bytes,
        };
        download.look_ahead().await?;
        match download.content_length {
            Some(length) if length > max_bytes => Err(DownloadError::TooLarge { max_bytes }),
            _ => Ok(download),
        }
    }

    /// Reads on until it is known whether the file is packed. A packed one has no length and cannot be gone on with.
    async fn look_ahead(&mut self) -> Result<(), DownloadError> {
        let mut ahead = Vec::new();
        while !self.layers.are_decided() {
            let Some(bytes) = self.read().await? else { break };
            ahead.extend_from_slice(&bytes);
        }
        if !self.layers.are_plain() {
            (self.content_length, self.validator) = (None, None);
        }
        self.ahead = (!ahead.is_empty()).then(|| ahead.into());
        Ok(())
    }

    /// Whether only the server's framing, and no length, tells where the file ends.
    pub const fn is_of_unknown_length(&self) -> bool {
        self.content_length.is_none()
    }

    /// The next bytes; `None` once the file is whole. An error leaves what was given out so far good for resuming.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, DownloadError> {
        let next = match self.ahead.take() {
            Some(bytes) => Some(bytes),
            None => self.read().await?,
        };
        let Some(chunk) = next else { return self.ended() };
        self.position = self.position.saturating_add(chunk.len() as u64);
        if self.position > self.max_bytes {
            return Err(DownloadError::TooLarge { max_bytes: self.max_bytes });
        }
        Ok(Some(chunk))
    }

    /// The next bytes of the file, unpacked; `None` at its end.
    async fn read(&mut self) -> Result<Option<Bytes>, DownloadError> {
        while let Some(response) = &mut self.response {
            let (bytes, is_end) = match response.chunk().await {
                Ok(Some(chunk)) => (self.layers.push(&chunk, UNPACKED_MAX), false),
                Ok(None) => (self.layers.end(UNPACKED_MAX), true),
                // Where the packing is whole, nothing of the file is missing.
                Err(error) => match self.layers.end(UNPACKED_MAX) {
                    (bytes, Ok(())) if self.layers.tell_the_end() => ((bytes, Ok(())), true),
                    _ => return Err(DownloadError::transient(redact::cause(error))),
                },
            };
            if is_end {
                self.response = None;
            }
            let (bytes, done) = bytes;
            done.map_err(|error| DownloadError::transient(format!("it cannot be unpacked: {error}")))?;
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
        Ok(None)
    }

    fn ended(&self) -> Result<Option<Bytes>, DownloadError> {
        match self.content_length {
            Some(length) if length != self.position => {
                Err(DownloadError::transient(format!("it ended after {} of {length} bytes", self.position)))
            }
            _ => Ok(None),
        }
    }
}

/// The length of the whole file: some servers send less of it than they were asked for.
fn whole_length(response: &Response, position: u64) -> Option<u64> {
    let named = ContentRange::of(response.headers()).filter(|_| response.status() == StatusCode::PARTIAL_CONTENT);
    let named = named.and_then(|range| range.whole);
    named.or_else(|| response.content_length().map(|rest| rest.saturating_add(position)))
}
