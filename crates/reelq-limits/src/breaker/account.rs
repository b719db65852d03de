//! An account's breaker, and its steps. A step gives the breaker as it is after it, or says that nothing has changed.

use std::time::Duration;

use reelq_model::{JobId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{BreakerPolicy, Fault, Open, Verdict};
use crate::Pause;

/// One purchase: a job, and the number of its submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Purchase {
    job: JobId,
    number: u32,
}

/// A purchase whose outcome is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    #[serde(flatten)]
    purchase: Purchase,
    /// When whoever took it is dead: no one waits longer for an answer.
    until: Timestamp,
    /// It is what an open breaker looks with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    probe: bool,
}

/// A bad outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    #[serde(flatten)]
    purchase: Purchase,
    fault: Fault,
}

/// An account's breaker; closed at first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// Why it is open; `None` while it is closed.
    pub open: Option<Open>,
    /// Purchases under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slots: Vec<Slot>,
    /// Bad outcomes since the last good one, one for each purchase.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    row: Vec<Mark>,
    /// Jobs whose outputs could not be fetched, since one was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unfetched: Vec<JobId>,
    /// Until when the provider asked to be left alone in the present row.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    /// A time at which the provider lived; not kept to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    good_at: Option<Timestamp>,
}

/// Who wants to buy.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The job.
    pub job: JobId,
    /// The number of its submission.
    pub number: u32,
    /// How long its outcome takes at most.
    pub lasts: Duration,
}

/// Whether a purchase may begin.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It may.
    Free,
    /// It may, once this is in the store; it must have its outcome by then.
    Taken(Breaker, Timestamp),
    /// It is open until then.
    Open(Timestamp),
    /// As many purchases are under way as there may be.
    Full,
}

/// What became of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The job.
    pub job: JobId,
    /// The number of its submission.
    pub number: u32,
    /// What its outcome says of the account.
    pub verdict: Verdict,
}

/// How old the time of the last good outcome may be before it is noted anew.
const GOOD_FOR: Duration = Duration::from_mins(10);
const DEAD: &str = "the worker that sent it died, or never told";
const EARLIER: &str = "as counted before";

impl Breaker {
    /// Whether everything is well: neither open, nor counting, nor waiting for an outcome.
    pub const fn is_quiet(&self) -> bool {
        self.open.is_none() && self.row.is_empty() && self.slots.is_empty()
    }

    /// Whether the provider was noted to live not long before `now`.
    pub fn is_known_good(&self, now: Timestamp) -> bool {
        self.good_at.is_some_and(|at| now.since(at) < GOOD_FOR)
    }

    /// Whether other rows than this job's got through since then, and do so still.
    pub fn others_get_through(&self, job: JobId, since: Timestamp) -> bool {
        let alone = self.row.iter().all(|mark| mark.purchase.job == job);
        self.open.is_none() && alone && self.good_at.is_some_and(|at| at > since)
    }

    /// The pause that holds the account's submissions now; a store sets it in the same step as the breaker.
    pub fn pause(&self) -> Option<Pause> {
        self.open.as_ref().map(Open::pause)
    }

    /// A person resumes the account: all is forgotten but the purchases under way.
    #[must_use]
    pub fn resumed(&self) -> Self {
        let slots = self.slots.iter().map(|slot| Slot { probe: false, ..*slot }).collect();
        Self { slots, good_at: self.good_at, ..Self::default() }
    }

    /// A purchase is about to begin.
    pub fn begin(&self, ask: &Ask, policy: &BreakerPolicy, now: Timestamp) -> Begun {
        if policy.is_off() {
            return Begun::Free;
        }
        let mut next = self.clone();
        next.lapse(policy, now);
        let until = now.after(ask.lasts);
        let purchase = Purchase { job: ask.job, number: ask.number };
        next.slots.retain(|slot| slot.purchase != purchase);
        let undecided = next.slots.len() + next.lost();
        let probe = match &mut next.open {
            Some(open) if open.next > now => return Begun::Open(open.next),
            Some(open) => {
                open.next = until;
                true
            }
            None if !policy.slots => return Begun::Free,
            None if undecided >= count(policy.lost_after) => return Begun::Full,
            None => false,
        };
        next.slots.push(Slot { purchase, until, probe });
        Begun::Taken(next, until)
    }

    /// A purchase has its outcome; `dice` is from 0 to 1. `None` where nothing changes.
    #[must_use]
    pub fn settle(&self, told: &Told, policy: &BreakerPolicy, now: Timestamp, dice: f64) -> Option<Self> {
        let purchase = Purchase { job: told.job, number: told.number };
        let mut next = self.clone();
        let slot = next.give_back(purchase);
        next.lapse(policy, now);
        let probe = slot.is_some_and(|slot| slot.probe);
        match &told.verdict {
            Verdict::Good => next.lives(policy, now),
            Verdict::Neither if probe => next.probe_again(now),
            Verdict::Neither => {}
            Verdict::Bad { .. } if policy.is_off() => {}
            Verdict::Bad { fault, reason, wait } => {
                let mark = Mark { purchase, fault: *fault };
                next.fails(mark, reason, *wait, probe, policy, now, dice);
            }
        }
        (next != *self).then_some(next)
    }

    /// A purchase that a dead worker began will never have an outcome. `None` where that was noted, or settled, before.
    #[must_use]
    pub fn lost_one(&self, job: JobId, number: u32, policy: &BreakerPolicy, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        let slot = next.give_back(Purchase { job, number })?;
        next.lapse(policy, now);
        next.count_lost(slot, policy, now);
        Some(next)
    }

    /// An output was fetched.
    #[must_use]
    pub fn fetched(&self) -> Option<Self> {
        let closes = self.open.as_ref().is_some_and(|open| open.fault == Fault::Unfetchable);
        if self.unfetched.is_empty() && !closes {
            return None;
        }
        let mut next = Self { unfetched: Vec::new(), ..self.clone() };
        if closes {
            next.close();
        }
        Some(next)
    }

    /// The output of a task that succeeded could not be fetched.
    #[must_use]
    pub fn unfetched(&self, job: JobId, reason: &str, policy: &BreakerPolicy, now: Timestamp) -> Option<Self> {
        let mut next = self.clone();
        if !policy.is_off() && !next.unfetched.contains(&job) && next.unfetched.len() < count(policy.after) {
            next.unfetched.push(job);
        }
        if let Some(open) = next.open.as_mut().filter(|open| open.fault == Fault::Unfetchable) {
            // While anything is fetched in vain, buying more would bring no more.
            let later = now.after(policy.quiet());
            if later.since(open.next) >= policy.quiet() / 10 {
                (open.next, open.message) = (later, reason.to_owned());
            }
        }
        next.open_where_full(reason, policy, now, policy.quiet());
        (next != *self).then_some(next)
    }

    fn give_back(&mut self, purchase: Purchase) -> Option<Slot> {
        let at = self.slots.iter().position(|slot| slot.purchase == purchase)?;
        Some(self.slots.remove(at))
    }

    /// Slots of the dead come to an end: what they bought has an unknown fate.
    fn lapse(&mut self, policy: &BreakerPolicy, now: Timestamp) {
        let (over, stand): (Vec<_>, Vec<_>) = self.slots.iter().partition(|slot| slot.until <= now);
        self.slots = stand;
        for slot in over {
            self.count_lost(slot, policy, now);
        }
        // What was configured meanwhile may be less than what was counted.
        self.open_where_full(EARLIER, policy, now, Duration::ZERO);
    }

    /// No one's answer was bad: whatever opens now looks at once.
    fn count_lost(&mut self, slot: Slot, policy: &BreakerPolicy, now: Timestamp) {
        if slot.probe {
            return self.probe_again(now);
        }
        if policy.slots {
            self.mark(Mark { purchase: slot.purchase, fault: Fault::Ambiguous });
            self.open_where_full(DEAD, policy, now, Duration::ZERO);
        }
    }

    fn lost(&self) -> usize {
        self.row.iter().filter(|mark| mark.fault == Fault::Ambiguous).count()
    }

    fn mark(&mut self, mark: Mark) {
        if self.open.is_none() && !self.row.iter().any(|each| each.purchase == mark.purchase) {
            self.row.push(mark);
        }
    }

    fn lives(&mut self, policy: &BreakerPolicy, now: Timestamp) {
        self.row.clear();
        self.not_before = None;
        if !self.is_known_good(now) || self.open.is_some() {
            self.good_at = Some(now);
        }
        match &mut self.open {
            // It is not known yet whether this one's output can be fetched.
            Some(open) if open.fault == Fault::Unfetchable => {
                (open.next, open.probes) = (open.next.max(now.after(policy.quiet())), open.probes.saturating_add(1));
            }
            Some(_) => self.close(),
            None => {}
        }
    }

    fn close(&mut self) {
        self.open = None;
        self.row.clear();
        for slot in &mut self.slots {
            slot.probe = false;
        }
    }

    fn probe_again(&mut self, now: Timestamp) {
        if let Some(open) = &mut self.open {
            open.next = now;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all of one outcome")]
    fn fails(
        &mut self,
        mark: Mark,
        reason: &str,
        word: Option<Duration>,
        probe: bool,
        policy: &BreakerPolicy,
        now: Timestamp,
        dice: f64,
    ) {
        let asked = word.map(|_| now.after(policy.wait_after(0, 0.0, word)));
        if let Some(open) = &mut self.open {
            open.count = open.count.saturating_add(1);
            if probe {
                open.probes = open.probes.saturating_add(1);
                open.next = now.after(policy.wait_after(open.probes, dice, word));
                reason.clone_into(&mut open.message);
            } else {
                open.next = open.next.max(asked.unwrap_or(open.next));
            }
            return;
        }
        self.not_before = self.not_before.max(asked);
        self.mark(mark);
        self.open_where_full(reason, policy, now, policy.wait_after(0, dice, None));
    }

    fn open_where_full(&mut self, message: &str, policy: &BreakerPolicy, now: Timestamp, wait: Duration) {
        if self.open.is_some() || policy.is_off() {
            return;
        }
        let row = self.row.len() >= count(policy.after) || self.lost() >= count(policy.lost_after);
        let unfetched = self.unfetched.len() >= count(policy.after);
        let fault = match self.row.last() {
            Some(mark) if row => mark.fault,
            _ if unfetched => Fault::Unfetchable,
            _ => return,
        };
        let counted = if row { self.row.len() } else { self.unfetched.len() };
        let next = now.after(wait).max(self.not_before.filter(|_| row).unwrap_or(now));
        let (message, counted) = (message.to_owned(), u32::try_from(counted).unwrap_or(u32::MAX));
        self.open = Some(Open { fault, message, since: now, count: counted, probes: 0, next });
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
