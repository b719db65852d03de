//! Which stage workers a committed step wakes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{AccountName, Stage, Wake};
use reelq_store::{ClaimStage, rules::queue::Queue};

use crate::wakeup_timer::WakeupTimer;

/// Why stage workers have nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idle {
    /// Only a change can bring work.
    UntilChange,
    /// Work comes by itself, but not before a long time.
    ForLong,
}

/// The timers of every stage worker of the process.
#[derive(Debug, Default)]
pub(crate) struct WakeupTimers {
    timers: BTreeMap<(AccountName, ClaimStage), Arc<WakeupTimer>>,
}

impl WakeupTimers {
    pub(crate) fn add(&mut self, account: AccountName, stage: ClaimStage, timer: Arc<WakeupTimer>) {
        self.timers.insert((account, stage), timer);
    }

    pub(crate) fn of(&self, account: &AccountName, stage: ClaimStage) -> Option<Arc<WakeupTimer>> {
        self.timers.get(&(account.clone(), stage)).cloned()
    }

    pub(crate) fn wake_all(&self) {
        self.timers.values().for_each(|timer| timer.wake_after(Duration::ZERO));
    }

    /// Why no stage worker has anything to do within `limit`; `None` where one has. Stage workers for which
    /// `ignores` is true are not asked.
    pub(crate) fn idle(&self, limit: Duration, ignores: impl Fn(&AccountName, ClaimStage) -> bool) -> Option<Idle> {
        let mut asked =
            self.timers.iter().filter(|((account, stage), _)| !ignores(account, *stage)).map(|(_, timer)| timer);
        if !asked.clone().all(|timer| timer.is_idle_for(limit)) {
            return None;
        }
        Some(if asked.all(|timer| timer.is_idle()) { Idle::UntilChange } else { Idle::ForLong })
    }

    /// Wakes whoever a step that was just committed made work for: a job that was leased at `before` stands at `next`.
    pub(crate) fn wake_for(&self, account: &AccountName, before: &Stage, next: &Stage, wake: Wake) {
        let wait = match wake {
            Wake::Now => Some(Duration::ZERO),
            Wake::After(wait) => Some(wait),
            Wake::Never => None,
        };
        if let (Some(stage), Some(wait)) = (claimed_by(next), wait) {
            self.wake(account, stage, wait);
        }
        // A leased job has a place in flight from `ready` on, and its money set aside.
        if matches!(before, Stage::Ready | Stage::Submitting { .. } | Stage::Running { .. })
            && !matches!(next, Stage::Submitting { .. } | Stage::Running { .. })
        {
            self.wake_idle_submitters();
        }
    }

    pub(crate) fn wake(&self, account: &AccountName, stage: ClaimStage, wait: Duration) {
        if let Some(timer) = self.timers.get(&(account.clone(), stage)) {
            timer.wake_after(wait);
        }
    }

    /// A slot in flight or money is free again; a batch's budget is shared by all accounts.
    fn wake_idle_submitters(&self) {
        let submits = self.timers.iter().filter(|((_, stage), _)| *stage == ClaimStage::Submit);
        submits.for_each(|(_, timer)| timer.wake_if_idle());
    }
}

/// Which claims bring a job at `stage`.
const fn claimed_by(stage: &Stage) -> Option<ClaimStage> {
    match Queue::at(stage, true) {
        Queue::Ready | Queue::Waiting | Queue::Replay => Some(ClaimStage::Submit),
        Queue::Poll => Some(ClaimStage::Poll),
        Queue::Fetch | Queue::FetchLater => Some(ClaimStage::Collect),
        Queue::Followed | Queue::Held | Queue::None => None,
    }
}
