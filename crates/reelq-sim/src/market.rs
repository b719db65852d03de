//! The vendors' memory: who bought what, and what became of it.
//!
//! Everything that is charged is charged in `State::buy`, once, under one lock.

mod accept;
mod ask;
mod record;
mod submit;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use indexmap::IndexMap;
use reelq_model::{SharedClock, Timestamp};

pub(crate) use self::submit::SimSubmission;
use crate::{
    SimLimits, SimSettings, Vendor,
    account::SimAccount,
    journal::Journal,
    ledger::{RequestTotals, Violation, ViolationKind},
    task::SimTask,
};

const VIOLATIONS_KEPT: usize = 1000;

#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) settings: SimSettings,
    pub(crate) clock: SharedClock,
    /// What each account may do now; it begins as the settings say.
    limits: Mutex<SimLimits>,
    /// While set, every request to the API is answered with a 503 that asks to wait so long.
    outage: Mutex<Option<Duration>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seed: u64,
    tasks: IndexMap<String, SimTask>,
    /// Tasks by account and idempotency key.
    keys: HashMap<(String, String), usize>,
    /// How often each submission was seen, and how often it was bought.
    seen: HashMap<u64, Seen>,
    accounts: IndexMap<String, (Vendor, SimAccount)>,
    requests: RequestTotals,
    violations: Vec<Violation>,
    journal: Option<Journal>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    attempts: u32,
    purchases: u32,
}

/// One moment, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) wall: Timestamp,
    pub(crate) monotonic: Duration,
}

impl Market {
    pub(crate) fn open(settings: SimSettings, clock: SharedClock) -> std::io::Result<Self> {
        let mut state = State { seed: settings.seed, ..State::default() };
        if let Some(path) = &settings.journal {
            let (journal, tasks) = Journal::open(path)?;
            for task in tasks {
                state.restore(task);
            }
            state.journal = Some(journal);
        }
        Ok(Self {
            limits: Mutex::new(settings.limits),
            outage: Mutex::default(),
            settings,
            clock,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> SimLimits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_limits(&self, limits: SimLimits) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }

    /// The wait that an outage asks for, while there is one.
    pub(super) fn outage(&self) -> Option<Duration> {
        *self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_outage(&self, outage: Option<Duration>) {
        *self.outage.lock().unwrap_or_else(PoisonError::into_inner) = outage;
    }

    pub(crate) fn now(&self) -> Now {
        Now { wall: self.clock.now(), monotonic: self.clock.monotonic() }
    }

    pub(crate) fn key_to_file_host(&self, path: &str) {
        let at = self.clock.now();
        self.state().violated(ViolationKind::KeyToFileHost, None, format!("an API key came with {path}"), at);
    }

    pub(crate) fn callback_sent(&self) {
        self.state().requests.callbacks += 1;
    }
}

impl State {
    fn violated(&mut self, kind: ViolationKind, account: Option<&str>, detail: String, at: Timestamp) {
        if self.violations.len() < VIOLATIONS_KEPT {
            self.violations.push(Violation { kind, account: account.map(str::to_owned), detail, at });
        }
    }

    fn account(&mut self, vendor: Vendor, name: &str) -> &mut SimAccount {
        &mut self.accounts.entry(name.to_owned()).or_insert_with(|| (vendor, SimAccount::default())).1
    }

    /// Takes the account's ended tasks off its flight and its refunds off its bill.
    fn settle(&mut self, vendor: Vendor, name: &str, now: Timestamp) {
        self.account(vendor, name);
        let Some((_, account)) = self.accounts.get_mut(name) else { return };
        let tasks = &self.tasks;
        account.settle(now, |index| tasks.get_index(index).map_or_else(Default::default, |(_, task)| task.refund(now)));
    }
}
