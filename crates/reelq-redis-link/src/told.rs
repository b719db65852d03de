//! What the server says unasked: how it is brought to speak, and who hears it.

use redis::{PushInfo, aio::MultiplexedConnection};
use tokio::sync::watch;

use super::faults::{self, Fault};

/// What counts whatever the server said unasked, and the loss of the connection over which it would.
pub(super) type Told = watch::Sender<u64>;

/// Has the server tell of what is read over the connection from now on.
pub(super) async fn begin(connection: &mut MultiplexedConnection, at: &str) -> Result<(), Fault> {
    let tracking = redis::cmd("CLIENT").arg("TRACKING").arg("ON").query_async::<()>(connection).await;
    tracking.map_err(|error| faults::judge(&error, at, "CLIENT TRACKING"))
}

/// Takes in what the server says unasked: every word of it may be the awaited one.
pub(super) fn sender(told: Told) -> impl Fn(PushInfo) -> Result<(), std::convert::Infallible> + Send + Sync + 'static {
    move |_| {
        told.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}
