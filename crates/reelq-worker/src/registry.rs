//! Everything that the process has in hand; whatever is in here has its lease kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit};

use crate::held::Held;

#[derive(Debug, Default)]
pub(crate) struct Registry {
    entries: Mutex<Entries>,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    held: HashMap<u64, Arc<Held>>,
}

/// A place in the registry and a slot of a lane; both are free again once it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<Registry>,
    number: u64,
    _slot: OwnedSemaphorePermit,
}

impl Registry {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(self: &Arc<Self>, held: Arc<Held>, slot: OwnedSemaphorePermit) -> Place {
        let mut entries = self.entries();
        let number = entries.next;
        entries.next = number.wrapping_add(1);
        entries.held.insert(number, held);
        Place { registry: Arc::clone(self), number, _slot: slot }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries().held.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Held>> {
        self.entries().held.values().cloned().collect()
    }

    /// Waits until something that was in hand leaves nothing in hand.
    pub(crate) async fn emptied(&self) {
        self.emptied.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut entries = self.registry.entries();
        entries.held.remove(&self.number);
        if entries.held.is_empty() {
            self.registry.emptied.notify_one();
        }
    }
}
