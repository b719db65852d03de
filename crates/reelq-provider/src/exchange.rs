//! Requests and replies as plain values.

use std::fmt;

use bytes::Bytes;
use reelq_model::Timestamp;

/// An HTTP method; vendors' APIs need only these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Free to repeat.
    Get,
    /// Never repeated without an idempotency key.
    Post,
}

/// A request to the account's own origin. The transport adds origin, authorisation and deadlines.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path below the account's `base_url`, beginning with `/`, percent-encoded.
    pub path: String,
    /// Query parameters, not yet encoded.
    pub query: Vec<(&'static str, String)>,
    /// Headers beside `Authorization` and `Content-Type`, for example `Idempotency-Key`.
    pub headers: Vec<(&'static str, String)>,
    /// A JSON body.
    pub body: Option<Bytes>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body_bytes = self.body.as_ref().map(Bytes::len);
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers)
            .field("body_bytes", &body_bytes)
            .finish()
    }
}

impl Request {
    /// A GET without a query.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), query: Vec::new(), headers: Vec::new(), body: None }
    }

    /// A POST of a JSON body.
    pub fn post(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::Post,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Some(body.into()),
        }
    }
}

/// A complete reply: its head and its whole body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status code.
    pub status: u16,
    /// The `Retry-After` header as it came.
    pub retry_after: Option<String>,
    /// The body.
    pub body: Bytes,
    /// When it was read; dates in the reply are compared with it.
    pub at: Timestamp,
    /// The `Date` header: what the vendor's clock said. Dates in the reply are the vendor's, and are read against it.
    pub date: Option<Timestamp>,
    /// Why the body may not be all that the vendor sent: the connection broke, the framing was wrong, it was too long.
    /// What did come is in `body`.
    pub cut: Option<String>,
}

impl Reply {
    /// A whole reply, read at `at`, of a vendor whose clock is not known.
    pub fn whole(status: u16, body: impl Into<Bytes>, at: Timestamp) -> Self {
        Self { status, retry_after: None, body: body.into(), at, date: None, cut: None }
    }
}
