//! Bodies that misbehave: cut in their middle, or dripping.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::reply::Delivery;

const DRIPS: usize = 20;
/// Long enough for what came before a cut to leave.
const BEFORE_CUT: Duration = Duration::from_millis(5);

/// A body in pieces, with a pause before each but the first.
#[derive(Debug)]
pub(crate) struct Sending {
    length: u64,
    pieces: VecDeque<Bytes>,
    pause: Duration,
    cut: bool,
    asleep: Option<Pin<Box<Sleep>>>,
}

impl Sending {
    pub(crate) fn new(body: Bytes, delivery: Delivery) -> Self {
        let length = u64::try_from(body.len()).unwrap_or(0);
        let (pieces, pause, cut) = match delivery {
            Delivery::Torn => (VecDeque::from([body.slice(..body.len() / 2)]), BEFORE_CUT, true),
            Delivery::Slow(whole) => {
                let size = body.len().div_ceil(DRIPS).max(1);
                let parts = (0..body.len()).step_by(size).map(|at| body.slice(at..body.len().min(at + size)));
                (parts.collect(), whole / u32::try_from(DRIPS).unwrap_or(1), false)
            }
            Delivery::Whole | Delivery::Closed => (VecDeque::from([body]), Duration::ZERO, false),
        };
        Self { length, pieces, pause, cut, asleep: None }
    }

    fn next(&mut self) -> Option<io::Result<Frame<Bytes>>> {
        match self.pieces.pop_front() {
            Some(piece) => {
                self.length -= u64::try_from(piece.len()).unwrap_or(0);
                let more = self.cut || !self.pieces.is_empty();
                self.asleep = (more && !self.pause.is_zero()).then(|| Box::pin(tokio::time::sleep(self.pause)));
                Some(Ok(Frame::data(piece)))
            }
            None if self.cut => Some(Err(io::Error::other("cut on purpose"))),
            None => None,
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(asleep) = &mut self.asleep {
            ready!(asleep.as_mut().poll(context));
            self.asleep = None;
        }
        Poll::Ready(self.next())
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}
