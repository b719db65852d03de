//! Holds submission back while the outputs of what is already bought are in danger.
//!
//! Whoever saves outputs closes it for one account or one batch; claims and submitters check it. It never reaches
//! further than its reason: other accounts and batches go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use reelq_model::{AccountName, BatchName};
use tokio::sync::Notify;

/// What a reason holds back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One account's purchases.
    Account(AccountName),
    /// One batch's purchases, on all accounts.
    Batch(BatchName),
    /// One batch's purchases and its downloads: there is nowhere to put them.
    Place(BatchName),
}

/// Stops new purchases for as long as there is a reason to.
#[derive(Debug, Default)]
pub struct SubmissionGate {
    reasons: Mutex<BTreeMap<(Scope, &'static str), String>>,
    opened: Notify,
}

impl SubmissionGate {
    fn reasons(&self) -> MutexGuard<'_, BTreeMap<(Scope, &'static str), String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the gate for `scope`. `what` names the kind of the reason, so that it can be taken away again.
    pub fn close(&self, scope: Scope, what: &'static str, reason: impl Into<String>) {
        self.reasons().insert((scope, what), reason.into());
    }

    /// Takes one kind of reason away.
    pub fn open(&self, scope: Scope, what: &'static str) {
        let opened = self.reasons().remove(&(scope, what)).is_some();
        if opened {
            self.opened.notify_waiters();
        }
    }

    /// Takes one kind of reason away from every scope but these.
    pub fn open_others(&self, what: &'static str, kept: &BTreeSet<Scope>) {
        let mut reasons = self.reasons();
        let before = reasons.len();
        reasons.retain(|(scope, kind), _| *kind != what || kept.contains(scope));
        if reasons.len() < before {
            self.opened.notify_waiters();
        }
    }

    /// Why nothing of this batch may be submitted on this account now, or `None` where it may.
    pub fn refusal(&self, account: &AccountName, batch: &BatchName) -> Option<String> {
        let is_held = |scope: &Scope| match scope {
            Scope::Account(held) => held == account,
            Scope::Batch(held) | Scope::Place(held) => held == batch,
        };
        joined(self.reasons().iter().filter(|((scope, _), _)| is_held(scope)).map(|(_, reason)| reason))
    }

    /// Whether the account may submit nothing, of whatever batch.
    pub fn is_closed_for(&self, account: &AccountName) -> bool {
        self.reasons().keys().any(|(scope, _)| matches!(scope, Scope::Account(held) if held == account))
    }

    /// The batches of which nothing may be submitted on any account.
    pub fn closed_batches(&self) -> Vec<BatchName> {
        self.batches(|scope| match scope {
            Scope::Batch(batch) | Scope::Place(batch) => Some(batch),
            Scope::Account(_) => None,
        })
    }

    /// The batches whose outputs cannot be put anywhere.
    pub fn closed_places(&self) -> Vec<BatchName> {
        self.batches(|scope| match scope {
            Scope::Place(batch) => Some(batch),
            Scope::Account(_) | Scope::Batch(_) => None,
        })
    }

    fn batches(&self, of: impl Fn(&Scope) -> Option<&BatchName>) -> Vec<BatchName> {
        let found: BTreeSet<BatchName> = self.reasons().keys().filter_map(|(scope, _)| of(scope).cloned()).collect();
        found.into_iter().collect()
    }

    /// Every reason, each once, however many batches or accounts it holds back.
    pub fn all(&self) -> Vec<String> {
        let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ((scope, _), reason) in self.reasons().iter() {
            held.entry(reason.clone()).or_default().push(match scope {
                Scope::Account(account) => format!("account {account}"),
                Scope::Batch(batch) | Scope::Place(batch) => format!("batch {batch}"),
            });
        }
        held.into_iter().map(|(reason, scopes)| format!("{} buys nothing: {reason}", brief(&scopes))).collect()
    }

    /// Waits until a reason is taken away.
    pub(crate) async fn opened(&self) {
        self.opened.notified().await;
    }
}

/// At most this many are named.
const NAMED: usize = 3;

fn brief(scopes: &[String]) -> String {
    let more = scopes.len().saturating_sub(NAMED);
    let named = scopes[..scopes.len().min(NAMED)].join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

fn joined<'a>(reasons: impl Iterator<Item = &'a String>) -> Option<String> {
    let reasons: Vec<&str> = reasons.map(String::as_str).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountName {
        AccountName::new(name).unwrap()
    }

    fn batch(name: &str) -> BatchName {
        BatchName::new(name).unwrap()
    }

    #[test]
    fn gate_is_closed_until_the_last_reason_is_gone() {
        let gate = SubmissionGate::default();
        gate.close(Scope::Batch(batch("films")), "disk", "2 MB are left");
        gate.close(Scope::Account(account("a")), "lag", "links would die");
        assert_eq!(gate.refusal(&account("a"), &batch("films")).as_deref(), Some("links would die; 2 MB are left"));
        gate.open(Scope::Batch(batch("films")), "disk");
        assert_eq!(gate.refusal(&account("a"), &batch("films")).as_deref(), Some("links would die"));
        gate.open(Scope::Account(account("a")), "lag");
        assert_eq!(gate.refusal(&account("a"), &batch("films")), None);
    }

    #[test]
    fn a_reason_reaches_no_further_than_its_scope() {
        let gate = SubmissionGate::default();
        gate.close(Scope::Account(account("a")), "lag", "links would die");
        gate.close(Scope::Place(batch("films")), "place", "no such folder");
        gate.close(Scope::Batch(batch("clips")), "disk", "the disk is full");
        assert!(gate.is_closed_for(&account("a")) && !gate.is_closed_for(&account("b")));
        assert_eq!(gate.refusal(&account("b"), &batch("others")), None);
        assert_eq!(gate.closed_places(), [batch("films")]);
        assert_eq!(gate.closed_batches(), [batch("clips"), batch("films")]);
    }

    #[test]
    fn one_reason_of_many_batches_is_reported_once() {
        let gate = SubmissionGate::default();
        for name in ["a", "b", "c", "d"] {
            gate.close(Scope::Place(batch(name)), "place", "no such folder");
        }
        assert_eq!(gate.all(), ["batch a, batch b, batch c and 1 more buys nothing: no such folder"]);
        gate.open_others("place", &BTreeSet::from([Scope::Place(batch("b"))]));
        assert_eq!(gate.all(), ["batch b buys nothing: no such folder"]);
    }
}
