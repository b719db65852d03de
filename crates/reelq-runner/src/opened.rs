//! The store that a command works on.

use std::ops::Deref;

use reelq_console::CommandError;
use reelq_model::WorkerId;
use reelq_store::{SharedStore, Store};

use crate::{advice::held, context::CommandContext, stores};

/// The store that a command works on, with the context that it was opened in.
#[derive(Debug, Clone)]
pub struct OpenedStore<'c> {
    context: &'c CommandContext,
    store: SharedStore,
}

impl<'c> OpenedStore<'c> {
    /// Opens it; makes it where there is none yet.
    pub async fn create(context: &'c CommandContext) -> Result<Self, CommandError> {
        Self::told(context, stores::open(&context.place(), context).await?).await
    }

    /// Opens it, where there is one.
    pub async fn find(context: &'c CommandContext) -> Result<Option<Self>, CommandError> {
        let is_there = context.place().may_exist().map_err(anyhow::Error::from)?;
        if is_there { Self::create(context).await.map(Some) } else { Ok(None) }
    }

    /// Opens it to be read, where there is one: nothing of it is made, migrated or fixed, and it need not be writable.
    pub async fn read(context: &'c CommandContext) -> Result<Option<Self>, CommandError> {
        if !context.place().may_exist().map_err(anyhow::Error::from)? {
            return Ok(None);
        }
        Self::told(context, stores::open_reading(&context.place(), context).await?).await.map(Some)
    }

    /// Says that the state came from a backup, until a person has accepted it.
    async fn told(context: &'c CommandContext, store: SharedStore) -> Result<Self, CommandError> {
        if let Some(taken_at) = store.restored().await? {
            tracing::warn!("this state is a backup of {taken_at}; {}", held(context));
        }
        Ok(Self { context, store })
    }

    /// The store, for whoever keeps it.
    pub const fn shared(&self) -> &SharedStore {
        &self.store
    }

    /// What it was opened in.
    pub const fn context(&self) -> &'c CommandContext {
        self.context
    }

    /// The store as a process that buys uses it: over a server that may forget, with a journal in front.
    pub(crate) fn journaled(&self, worker: &WorkerId) -> Result<SharedStore, CommandError> {
        stores::journaled(&self.store, self.context, worker)
    }
}

impl Deref for OpenedStore<'_> {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
