//! A download in progress.

use std::fmt;

use bytes::Bytes;
use reqwest::{Response, header};

use super::{DownloadError, Validator};
use crate::redact;

/// From where the bytes of a download begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DownloadStatus {
    /// From the first: whatever was in hand is void.
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
    /// Bytes of the whole file in hand or given out so far.
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
    /// A download whose first byte is the file's byte `position`.
    pub(crate) fn begin(
        response: Response,
        status: DownloadStatus,
        position: u64,
        max_bytes: u64,
    ) -> Result<Self, DownloadError> {
        let content_length = match status {
            DownloadStatus::Complete => Some(position),
            _ => response.content_length().map(|rest| rest.saturating_add(position)),
        };
        if content_length.is_some_and(|length| length > max_bytes) {
            return Err(DownloadError::TooLarge { max_bytes });
        }
        let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Self {
            status,
            content_length,
            content_type: content_type.map(str::to_owned),
            validator: Validator::of(response.headers()),
            response: (status != DownloadStatus::Complete).then_some(response),
            position,
            max_bytes,
        })
    }

    /// The next bytes; `None` once the file is whole. An error leaves what was given out so far good for resuming.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, DownloadError> {
        let Some(response) = &mut self.response else { return Ok(None) };
        let chunk = response.chunk().await.map_err(|error| DownloadError::transient(redact::cause(error)))?;
        let Some(chunk) = chunk else { return self.ended() };
        self.position = self.position.saturating_add(chunk.len() as u64);
        if self.position > self.max_bytes {
            return Err(DownloadError::TooLarge { max_bytes: self.max_bytes });
        }
        Ok(Some(chunk))
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
