//! A connection in use: it goes back to its pool afterwards, unless it broke.

use std::ops::Deref;

use deadpool::managed::{self, HookError, Object, PoolError, TimeoutType};

use super::pool::Connection;
use reelq_store::{Error, Result};

/// A connection for one call: one that is free and did not break, or a new one.
pub(super) async fn get<M: Manager>(pool: &managed::Pool<M>) -> Result<Lent<M>> {
    let object = pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => error,
        PoolError::Timeout(TimeoutType::Wait) => Error::unavailable("too many calls of the store are under way"),
        other => Error::unavailable(other.to_string()),
    })?;
    Ok(Lent { connection: object.clone(), object: Some(object) })
}

/// Drops what lies idle and broke: what no one takes again would stay open for good.
pub(super) fn drop_broken<M: Manager>(pool: &managed::Pool<M>) {
    drop(pool.retain(|connection, _| !connection.is_broken()));
}

/// Whoever makes connections or shares of one.
pub(super) trait Manager: managed::Manager<Type = Connection, Error = Error> {}
impl<M: managed::Manager<Type = Connection, Error = Error>> Manager for M {}

/// A connection that goes back to its pool when it is dropped, unless it broke.
#[derive(Debug)]
pub(super) struct Lent<M: Manager> {
    connection: Connection,
    object: Option<Object<M>>,
}

impl<M: Manager> Lent<M> {
    /// A share of it.
    pub(super) fn connection(&self) -> Connection {
        self.connection.clone()
    }
}

impl<M: Manager> Deref for Lent<M> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl<M: Manager> Drop for Lent<M> {
    fn drop(&mut self) {
        if let Some(object) = self.object.take_if(|object| object.is_broken()) {
            drop(Object::take(object));
        }
    }
}
