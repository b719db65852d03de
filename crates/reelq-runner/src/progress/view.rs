//! What a person sees of the work.

use std::future::Future;

/// Shows the work to a person.
pub trait ProgressView {
    /// Shows how things stand, for as long as it is polled.
    fn watch(&self) -> impl Future<Output = ()>;

    /// Says something at once.
    fn message(&self, text: &str);

    /// Takes away what stands on a terminal.
    fn finish(&self);
}
