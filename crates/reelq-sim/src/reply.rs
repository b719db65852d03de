//! A complete reply, and what becomes of it on its way out.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

/// What a dialect answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SimReply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Bytes,
}

impl SimReply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![(CONTENT_TYPE, kind.to_owned())], body: body.into() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The head, with the length of the whole body even where only a part of it will be sent.
    pub(crate) fn head(&self) -> hyper::Response<()> {
        let mut response = hyper::Response::new(());
        *response.status_mut() =
            hyper::StatusCode::from_u16(self.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name.clone(), value);
            }
        }
        response.headers_mut().insert(hyper::header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        response
    }
}

/// What becomes of a reply on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// The connection is closed before the first byte.
    Closed,
    /// The connection is closed in the middle of the body.
    Torn,
    /// The body comes a few bytes at a time.
    Slow(std::time::Duration),
}

/// A reply and what becomes of it.
#[derive(Debug)]
pub(crate) struct SimAnswer {
    pub(crate) reply: SimReply,
    pub(crate) delivery: Delivery,
}

impl From<SimReply> for SimAnswer {
    fn from(reply: SimReply) -> Self {
        Self { reply, delivery: Delivery::Whole }
    }
}

impl SimAnswer {
    pub(crate) fn closed() -> Self {
        Self { reply: SimReply::new(500, "text/plain", ""), delivery: Delivery::Closed }
    }
}
