//! Holds submission back while the outputs of what is already bought are in danger.
//!
//! Whoever saves outputs pulls it; submitters look at it before every request. Polling and fetching never stop for it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Stops new purchases for as long as anybody has a reason to.
#[derive(Debug, Default)]
pub struct Brake {
    reasons: Mutex<BTreeMap<&'static str, String>>,
}

impl Brake {
    /// Pulls the brake; `what` names the reason's kind, so that it can be let go again.
    pub fn engage(&self, what: &'static str, reason: impl Into<String>) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(what, reason.into());
    }

    /// Takes one kind of reason away.
    pub fn release(&self, what: &'static str) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// Why nothing may be submitted now, or `None` where it may.
    pub fn engaged(&self) -> Option<String> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        (!reasons.is_empty()).then(|| reasons.values().cloned().collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brake_holds_until_the_last_reason_is_gone() {
        let brake = Brake::default();
        brake.engage("disk", "2 MB are left");
        brake.engage("lag", "links would die");
        assert_eq!(brake.engaged().as_deref(), Some("2 MB are left; links would die"));
        brake.release("disk");
        assert_eq!(brake.engaged().as_deref(), Some("links would die"));
        brake.release("lag");
        assert_eq!(brake.engaged(), None);
    }
}
