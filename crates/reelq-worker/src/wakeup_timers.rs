//! Which stage workers a committed event wakes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{AccountName, Event};
use reelq_store::ClaimStage;

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

    /// Wakes whoever the event, just committed, made work for.
    pub(crate) fn wake_for(&self, account: &AccountName, event: &Event) {
        match event {
            Event::Accepted { first_poll, .. } => self.wake(account, ClaimStage::Poll, *first_poll),
            Event::Running { next_poll, .. } => self.wake(account, ClaimStage::Poll, *next_poll),
            Event::LinksExpired { after, .. } => self.wake(account, ClaimStage::Poll, *after),
            Event::FetchLater { after, .. } => self.wake(account, ClaimStage::Collect, *after),
            Event::RestoredSubmission { .. } => self.wake(account, ClaimStage::Submit, Duration::ZERO),
            Event::Replay { after, .. } => self.wake(account, ClaimStage::Submit, *after),
            Event::NotSent { after, .. } | Event::Throttled { after, .. } | Event::TurnedAway { after, .. } => {
                self.freed(account, Some(*after));
            }
            Event::Failed { retry_after, .. } => self.freed(account, *retry_after),
            Event::Finished { .. } | Event::FetchAgain { .. } => {
                self.wake(account, ClaimStage::Collect, Duration::ZERO);
                self.freed(account, None);
            }
            Event::Resolved { .. } => self.freed(account, Some(Duration::ZERO)),
            Event::Rejected { .. } | Event::Cancelled { .. } | Event::Unresolved { .. } => self.freed(account, None),
            Event::Sending { .. } | Event::FetchFailed { .. } | Event::Stored { .. } | Event::Retry { .. } => {}
        }
    }

    pub(crate) fn wake(&self, account: &AccountName, stage: ClaimStage, wait: Duration) {
        if let Some(timer) = self.timers.get(&(account.clone(), stage)) {
            timer.wake_after(wait);
        }
    }

    /// A slot in flight or money is free again; a batch's budget is shared by all accounts.
    fn freed(&self, account: &AccountName, due: Option<Duration>) {
        if let Some(wait) = due {
            self.wake(account, ClaimStage::Submit, wait);
        }
        let submits = self.timers.iter().filter(|((_, stage), _)| *stage == ClaimStage::Submit);
        submits.for_each(|(_, timer)| timer.wake_if_idle());
    }
}
