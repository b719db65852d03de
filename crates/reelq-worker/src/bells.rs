//! Which lanes a committed event wakes.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reelq_model::{AccountName, Event};
use reelq_store::ClaimStage;

use crate::bell::Bell;

/// How quiet lanes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Only news can bring work.
    ForNews,
    /// Work comes by itself, but not before a long time.
    ForLong,
}

/// The bells of every lane of the process.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    lanes: BTreeMap<(AccountName, ClaimStage), Arc<Bell>>,
}

impl Bells {
    pub(crate) fn add(&mut self, account: AccountName, stage: ClaimStage, bell: Arc<Bell>) {
        self.lanes.insert((account, stage), bell);
    }

    pub(crate) fn lane(&self, account: &AccountName, stage: ClaimStage) -> Option<Arc<Bell>> {
        self.lanes.get(&(account.clone(), stage)).cloned()
    }

    pub(crate) fn ring_all(&self) {
        self.lanes.values().for_each(|bell| bell.ring_after(Duration::ZERO));
    }

    /// How quiet the lanes are, none of which has anything to do within `limit`; `None` where one has. Lanes for which
    /// `passes` is true are not asked.
    pub(crate) fn quiet(&self, limit: Duration, passes: impl Fn(&AccountName, ClaimStage) -> bool) -> Option<Quiet> {
        let mut asked =
            self.lanes.iter().filter(|((account, stage), _)| !passes(account, *stage)).map(|(_, bell)| bell);
        if !asked.clone().all(|bell| bell.is_quiet_for(limit)) {
            return None;
        }
        Some(if asked.all(|bell| bell.is_quiet()) { Quiet::ForNews } else { Quiet::ForLong })
    }

    /// Wakes whoever the event, just committed, made work for.
    pub(crate) fn ring(&self, account: &AccountName, event: &Event) {
        match event {
            Event::Accepted { first_poll, .. } => self.ring_lane(account, ClaimStage::Poll, *first_poll),
            Event::Running { next_poll, .. } => self.ring_lane(account, ClaimStage::Poll, *next_poll),
            Event::LinksExpired { after, .. } => self.ring_lane(account, ClaimStage::Poll, *after),
            Event::FetchLater { after, .. } => self.ring_lane(account, ClaimStage::Collect, *after),
            Event::RestoredSubmission { .. } => self.ring_lane(account, ClaimStage::Submit, Duration::ZERO),
            Event::Replay { after, .. } => self.ring_lane(account, ClaimStage::Submit, *after),
            Event::NotSent { after, .. } | Event::Throttled { after, .. } | Event::TurnedAway { after, .. } => {
                self.freed(account, Some(*after));
            }
            Event::Failed { retry_after, .. } => self.freed(account, *retry_after),
            Event::Finished { .. } | Event::FetchAgain { .. } => {
                self.ring_lane(account, ClaimStage::Collect, Duration::ZERO);
                self.freed(account, None);
            }
            Event::Resolved { .. } => self.freed(account, Some(Duration::ZERO)),
            Event::Rejected { .. } | Event::Cancelled { .. } | Event::Unresolved { .. } => self.freed(account, None),
            Event::Sending { .. } | Event::FetchFailed { .. } | Event::Stored { .. } | Event::Retry { .. } => {}
        }
    }

    pub(crate) fn ring_lane(&self, account: &AccountName, stage: ClaimStage, wait: Duration) {
        if let Some(bell) = self.lanes.get(&(account.clone(), stage)) {
            bell.ring_after(wait);
        }
    }

    /// A place in flight or money is free again; a batch's budget is shared by all accounts.
    fn freed(&self, account: &AccountName, due: Option<Duration>) {
        if let Some(wait) = due {
            self.ring_lane(account, ClaimStage::Submit, wait);
        }
        let submits = self.lanes.iter().filter(|((_, stage), _)| *stage == ClaimStage::Submit);
        submits.for_each(|(_, bell)| bell.ring_if_quiet());
    }
}
