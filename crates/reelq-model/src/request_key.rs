//! What a request asks for, in sixteen bytes.

use std::fmt;

use crate::Digest;

/// Stands for what a request asks for, whatever batch it is in: the front half of a digest of its normal form.
///
/// Equal keys mean the same purchase. It is never an id: two jobs may ask for the same on purpose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey([u8; 16]);

impl RequestKey {
    /// Takes the bytes that [`RequestKey::as_bytes`] gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<&Digest> for RequestKey {
    fn from(digest: &Digest) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_bytes()[..16]);
        Self(bytes)
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestKey({})", hex::encode(self.0))
    }
}
