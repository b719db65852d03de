//! The purchase itself: a task, its fate, and its place in every index.

use std::time::Duration;

use reelq_model::{Digest, Timestamp};

use super::{State, submit::submission_chance};
use crate::{
    Faults, SimSettings, Vendor,
    chance::Chance,
    order::SimOrder,
    task::{SimTask, TaskEnd, Visits},
};

/// How long a vendor remembers an idempotency key.
const KEY_LIFETIME: Duration = Duration::from_hours(24);

/// An order that nothing stands against.
pub(super) struct Purchase<'a> {
    pub(super) vendor: Vendor,
    pub(super) account: &'a str,
    pub(super) idempotency_key: Option<&'a str>,
    pub(super) body: Digest,
    pub(super) order: &'a SimOrder,
    /// The account cannot pay, and the vendor will find out later.
    pub(super) broke: bool,
    pub(super) chance: Chance,
    pub(super) at: Timestamp,
}

impl State {
    /// Buys: the one place where a charge begins.
    pub(super) fn buy(&mut self, settings: &SimSettings, purchase: &Purchase<'_>) -> &SimTask {
        let seen = self.seen.entry(purchase.chance.identity()).or_default();
        seen.purchases += 1;
        // Told apart from the sendings, whose numbers depend on what was dropped.
        let chance = purchase.chance.again(0).again(seen.purchases);
        let task = new_task(settings, purchase, chance);
        if let Some(journal) = &mut self.journal {
            journal.append(&task);
        }
        self.requests.accepted += 1;
        let index = self.insert(task);
        &self.tasks[index]
    }

    fn insert(&mut self, task: SimTask) -> usize {
        let index = self.tasks.get_index_of(&task.id).unwrap_or(self.tasks.len());
        if let Some(key) = &task.idempotency_key {
            self.keys.insert((task.account.clone(), key.clone()), index);
        }
        // As of then, so that tasks out of a journal are not all in flight at once.
        self.settle(task.vendor, &task.account, task.accepted);
        self.account(task.vendor, &task.account).began(index, task.ended, task.amount);
        self.tasks.insert(task.id.clone(), task);
        index
    }

    /// Takes a task in from the journal; a later line replaces an earlier one.
    pub(super) fn restore(&mut self, task: SimTask) {
        if let Some(index) = self.tasks.get_index_of(&task.id) {
            if task.cancelled.is_some() {
                self.account(task.vendor, &task.account).cancel(index, task.amount);
            }
            self.tasks[index] = task;
            return;
        }
        let chance = submission_chance(self.seed, &task.account, task.body, task.idempotency_key.as_deref());
        let seen = self.seen.entry(chance.identity()).or_default();
        seen.purchases += 1;
        seen.attempts += 1;
        self.insert(task);
    }

    /// The task that this key paid for, while the vendor remembers it.
    pub(super) fn bought_under(&mut self, account: &str, key: &str, now: Timestamp) -> Option<&mut SimTask> {
        let index = *self.keys.get(&(account.to_owned(), key.to_owned()))?;
        let (_, task) = self.tasks.get_index_mut(index)?;
        (now.since(task.accepted) < KEY_LIFETIME).then_some(task)
    }
}

fn new_task(settings: &SimSettings, purchase: &Purchase<'_>, chance: Chance) -> SimTask {
    let order = purchase.order;
    let started = purchase.at.after(chance.between("queue", settings.pace.queue));
    SimTask {
        id: task_id(purchase.vendor, chance),
        vendor: purchase.vendor,
        account: purchase.account.to_owned(),
        model: order.model.clone(),
        mode: order.mode.clone(),
        prompt: order.prompt.clone(),
        body: purchase.body,
        idempotency_key: purchase.idempotency_key.map(str::to_owned),
        amount: order.amount,
        accepted: purchase.at,
        started,
        ended: started.after(chance.between("run", settings.pace.run)),
        ending: ending(&settings.faults, purchase, chance),
        cancelled: None,
        callback: order.callback.clone(),
        chance,
        visits: Visits::default(),
    }
}

fn ending(faults: &Faults, purchase: &Purchase<'_>, chance: Chance) -> TaskEnd {
    if purchase.broke {
        TaskEnd::NoCredit
    } else if purchase.order.bad_image {
        TaskEnd::BadImage
    } else if chance.hits("moderation", faults.moderation) {
        TaskEnd::Moderation
    } else if chance.hits("permanent_failure", faults.permanent_failure) {
        TaskEnd::Permanent
    } else if chance.hits("transient_failure", faults.transient_failure) {
        TaskEnd::Transient
    } else {
        TaskEnd::Success
    }
}

/// An id in the vendor's style; a function of the purchase, not of the time.
fn task_id(vendor: Vendor, chance: Chance) -> String {
    let roll = chance.roll("task");
    let (low, high) = (roll % 10_000_000_000, roll / 10_000_000_000);
    match vendor {
        Vendor::Wave => format!("task-wave{low:010}b{high:09}"),
        Vendor::Apixo => format!("task_{roll:016x}"),
        Vendor::Poyo => format!("task-unified-{low:010}-{high:08x}"),
    }
}
