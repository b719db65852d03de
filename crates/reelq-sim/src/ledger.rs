//! Who was charged for what, as a picture of one moment.

use std::collections::BTreeMap;

use reelq_model::{Digest, Money, Settlement, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Vendor;

/// Everything that the simulated vendors know about money, and about how they were treated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The seed of the run.
    pub seed: u64,
    /// When the picture was taken.
    pub at: Timestamp,
    /// The sums over all charges.
    pub totals: Totals,
    /// The sums by account.
    pub accounts: Vec<AccountTotals>,
    /// Requests by what became of them.
    pub requests: RequestTotals,
    /// What no well-behaved client does; the first thousand.
    pub violations: Vec<Violation>,
    /// Purchases of the same thing under the same key: never legitimate where a key was sent.
    pub duplicates: Vec<Duplicate>,
    /// Every accepted task, in the order of acceptance.
    pub charges: Vec<SimCharge>,
}

/// One accepted task and its money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimCharge {
    /// Who charged it.
    pub provider: Vendor,
    /// Whom: the fingerprint of the API key.
    pub account: String,
    /// For which task.
    pub task: String,
    /// The key that the submission carried.
    pub idempotency_key: Option<String>,
    /// The digest of the submission's body.
    pub body_sha256: Digest,
    /// The model.
    pub model: String,
    /// The action or mode.
    pub mode: String,
    /// The prompt.
    pub prompt: String,
    /// The price.
    #[serde(rename = "amount_micros")]
    pub amount: Money,
    /// What became of the charge.
    pub settlement: Settlement,
    /// When the submission was accepted.
    pub at: Timestamp,
    /// When the task ended or will end; `None` where it was cancelled.
    pub ends_at: Option<Timestamp>,
    /// Whether the task ended, or will end, with an output.
    pub has_output: bool,
    /// How often a repeated key was answered with this task.
    pub replays: u32,
}

impl SimCharge {
    /// What counts as spent: nothing once refunded.
    pub fn spent(&self) -> Money {
        if self.settlement == Settlement::Refunded { Money::ZERO } else { self.amount }
    }
}

/// Sums of charges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Accepted tasks.
    pub tasks: u64,
    /// Money taken for tasks that ended.
    #[serde(rename = "charged_micros")]
    pub charged: Money,
    /// Money frozen for tasks that have not ended.
    #[serde(rename = "open_micros")]
    pub open: Money,
    /// Money given back.
    #[serde(rename = "refunded_micros")]
    pub refunded: Money,
}

impl Totals {
    fn add(&mut self, charge: &SimCharge) {
        self.tasks += 1;
        match charge.settlement {
            Settlement::Charged => self.charged += charge.amount,
            Settlement::Open => self.open += charge.amount,
            Settlement::Refunded => self.refunded += charge.amount,
        }
    }
}

/// The sums of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTotals {
    /// The vendor.
    pub provider: Vendor,
    /// The fingerprint of the API key.
    pub account: String,
    /// The sums.
    #[serde(flatten)]
    pub totals: Totals,
    /// The most tasks that had not ended at once.
    pub peak_in_flight: u32,
}

/// Requests by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTotals {
    /// Submissions, whatever became of them.
    pub submissions: u64,
    /// Submissions that became a task.
    pub accepted: u64,
    /// Submissions answered with the task of an earlier one.
    pub replayed: u64,
    /// Submissions and status requests answered with 429.
    pub throttled: u64,
    /// Submissions refused for another reason.
    pub refused: u64,
    /// Connections closed on purpose before anything was accepted.
    pub dropped_before: u64,
    /// Connections closed on purpose after something was accepted.
    pub dropped_after: u64,
    /// Status requests.
    pub polls: u64,
    /// Requests for files.
    pub downloads: u64,
    /// Requests for files that were cut on purpose.
    pub torn_downloads: u64,
    /// Cancel requests.
    pub cancels: u64,
    /// Callbacks sent.
    pub callbacks: u64,
}

/// Something that no well-behaved client does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What was done.
    pub kind: ViolationKind,
    /// By whom, where it is known: the fingerprint of the API key.
    pub account: Option<String>,
    /// The details.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// The kinds of violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationKind {
    /// An idempotency key came again with another body.
    KeyReused,
    /// More submissions a second than the account may make.
    OverRate,
    /// More tasks at once than the account may have.
    OverInFlight,
    /// A submission before the wait that a 429 asked for was over.
    Impatient,
    /// An API key was sent with the request for a file.
    KeyToFileHost,
}

/// Several purchases of the same thing under the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// Who charged them.
    pub provider: Vendor,
    /// Whom.
    pub account: String,
    /// The key that all carried; `None` where the client sends none: identical rows look the same.
    pub idempotency_key: Option<String>,
    /// The body that all carried.
    pub body_sha256: Digest,
    /// The tasks, in the order of acceptance.
    pub tasks: Vec<String>,
}

impl Ledger {
    pub(crate) fn sum_up(&mut self) {
        self.totals = Totals::default();
        for charge in &self.charges {
            self.totals.add(charge);
            if let Some(account) = self.accounts.iter_mut().find(|account| account.account == charge.account) {
                account.totals.add(charge);
            }
        }
        self.duplicates = duplicates(&self.charges);
    }

    /// Tasks bought by body, over all accounts: what is left to compare where no keys are sent.
    pub fn tasks_by_body(&self) -> BTreeMap<Digest, u32> {
        let mut counts = BTreeMap::new();
        for charge in &self.charges {
            *counts.entry(charge.body_sha256).or_default() += 1;
        }
        counts
    }

    /// The charge of one task.
    pub fn charge(&self, task: &str) -> Option<&SimCharge> {
        self.charges.iter().find(|charge| charge.task == task)
    }

    /// What the accounts have paid or have frozen.
    pub fn spent(&self) -> Money {
        self.totals.charged + self.totals.open
    }
}

fn duplicates(charges: &[SimCharge]) -> Vec<Duplicate> {
    let mut groups: BTreeMap<_, Vec<&SimCharge>> = BTreeMap::new();
    for charge in charges {
        groups.entry((&charge.account, charge.body_sha256, &charge.idempotency_key)).or_default().push(charge);
    }
    let duplicate = |((account, body, key), group): ((&String, Digest, &Option<String>), Vec<&SimCharge>)| Duplicate {
        provider: group[0].provider,
        account: account.clone(),
        idempotency_key: key.clone(),
        body_sha256: body,
        tasks: group.iter().map(|charge| charge.task.clone()).collect(),
    };
    groups.into_iter().filter(|(_, group)| group.len() > 1).map(duplicate).collect()
}
