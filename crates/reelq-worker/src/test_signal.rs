//! Points of the runtime that a test can wait for. In production no one listens, and a signal does nothing.

use std::sync::OnceLock;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A point that product code passes. Does nothing until a test listens.
#[derive(Debug)]
pub struct TestSignal<T> {
    listener: OnceLock<UnboundedSender<T>>,
}

impl<T> Default for TestSignal<T> {
    fn default() -> Self {
        Self { listener: OnceLock::new() }
    }
}

impl<T> TestSignal<T> {
    /// Receives a value for each time that the point is passed from now on. Only the first listener gets any.
    pub fn listen(&self) -> UnboundedReceiver<T> {
        let (sender, receiver) = unbounded_channel();
        // The receiver of a second listener ends at once.
        self.listener.set(sender).ok();
        receiver
    }

    /// Tells the listener, where there is one.
    pub(crate) fn fire(&self, value: impl FnOnce() -> T) {
        if let Some(listener) = self.listener.get() {
            // A test that stopped listening has seen enough.
            listener.send(value()).ok();
        }
    }
}

/// The signals of one runtime.
#[derive(Debug, Default)]
pub struct TestSignals {
    /// Nothing was claimed because the submission gate is closed for the account.
    pub claim_held_back: TestSignal<()>,
    /// A step waits to be committed.
    pub step_queued: TestSignal<()>,
    /// So many leases were extended.
    pub leases_extended: TestSignal<usize>,
    /// The runtime checked whether it is done.
    pub drain_checked: TestSignal<DrainCheck>,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainCheck {
    /// Work is in progress, or will be.
    Moving,
    /// Nothing is left to do, but an output place that takes no files may come back.
    WaitsForPlace,
    /// Nothing is left to do, or nothing can move.
    Over,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_not_even_made_where_no_one_listens() {
        let signal = TestSignal::<()>::default();
        signal.fire(|| panic!("no one listens"));
    }

    #[test]
    fn first_listener_gets_every_value() {
        let signal = TestSignal::default();
        let (mut first, mut second) = (signal.listen(), signal.listen());
        signal.fire(|| 1);
        signal.fire(|| 2);
        assert_eq!([first.try_recv(), first.try_recv()], [Ok(1), Ok(2)]);
        assert!(second.try_recv().is_err());
    }
}
