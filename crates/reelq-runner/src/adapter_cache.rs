//! The vendors' adapters that a process has opened so far.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reelq_provider::Provider;

/// The adapters that were opened, by what they were opened with.
#[derive(Debug, Default)]
pub(crate) struct AdapterCache(Mutex<BTreeMap<String, Arc<dyn Provider>>>);

impl AdapterCache {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Arc<dyn Provider>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, said: &str) -> Option<Arc<dyn Provider>> {
        self.known().get(said).cloned()
    }

    pub(crate) fn keep(&self, said: String, provider: &Arc<dyn Provider>) {
        self.known().insert(said, Arc::clone(provider));
    }
}
