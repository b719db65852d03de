//! Which server a connection leads to: what tells a restart, a replacement and another history of its data apart.

use std::sync::Arc;

use redis::{InfoDict, RedisResult, Value, aio::MultiplexedConnection};

use super::greet::allowed;

/// Who the server at the other end of one connection was when the connection was made.
///
/// Empty texts where the server does not tell: two unknown servers are never the same one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServerId {
    /// Names one run of one server process: another one after each restart.
    pub(crate) run: String,
    /// Names one history of data: another one after a failover, and after a master was started without its data.
    pub(crate) replication: String,
}

/// What the server answered, and which server it was.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    pub(crate) server: Arc<ServerId>,
}

/// Asks the server who it is. A user that may not ask gets an id that knows nothing.
pub(super) async fn identify(connection: &mut MultiplexedConnection) -> RedisResult<ServerId> {
    let mut id = ServerId::default();
    for (section, name, text) in
        [("server", "run_id", &mut id.run), ("replication", "master_replid", &mut id.replication)]
    {
        let asked = redis::cmd("INFO").arg(section).query_async::<InfoDict>(connection).await;
        *text = allowed(asked)?.and_then(|info| info.get(name)).unwrap_or_default();
    }
    Ok(id)
}
