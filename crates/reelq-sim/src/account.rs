//! One API key at one vendor: its hidden limits, and its money.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    time::Duration,
};

use reelq_model::{Digest, Money, Timestamp};

use crate::{SimLimits, Vendor, order::ThrottleReason};

/// How an account is named in the ledger: the vendor and a part of the key's digest.
pub fn fingerprint(provider: Vendor, key: &str) -> String {
    let digest = Digest::of(key.as_bytes()).to_string();
    format!("{provider}:{}", &digest[..12])
}

#[derive(Debug, Default)]
pub(crate) struct SimAccount {
    /// Tasks that have not ended, the next to end first.
    running: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Those of them that were cancelled, and count no more.
    cancelled: HashSet<usize>,
    pub(crate) peak_in_flight: u32,
    /// Paid or frozen, refunds of ended tasks taken off.
    spent: Money,
    /// When the rate allows the next submission, on the monotonic clock, were there no burst.
    next: Duration,
    /// Until when the last 429 asked to wait.
    pub(crate) wait_until: Duration,
}

impl SimAccount {
    pub(crate) fn in_flight(&self) -> u32 {
        u32::try_from(self.running.len().saturating_sub(self.cancelled.len())).unwrap_or(u32::MAX)
    }

    pub(crate) fn spent(&self) -> Money {
        self.spent
    }

    /// Takes the tasks that have ended off the count; `spent` tells what one of them cost in the end.
    pub(crate) fn settle(&mut self, now: Timestamp, refund: impl Fn(usize) -> Money) {
        while let Some(Reverse((ended, task))) = self.running.peek().copied() {
            if ended > now {
                break;
            }
            self.running.pop();
            if !self.cancelled.remove(&task) {
                self.spent -= refund(task);
            }
        }
    }

    pub(crate) fn began(&mut self, task: usize, ends: Timestamp, amount: Money) {
        self.running.push(Reverse((ends, task)));
        self.spent += amount;
        self.peak_in_flight = self.peak_in_flight.max(self.in_flight());
    }

    pub(crate) fn cancel(&mut self, task: usize, amount: Money) {
        self.cancelled.insert(task);
        self.spent -= amount;
    }

    /// Says which limit a submission breaks now. One that breaks none counts.
    pub(crate) fn admit(&mut self, limits: &SimLimits, now: Duration) -> Result<(), ThrottleReason> {
        if limits.max_in_flight.is_some_and(|most| self.in_flight() >= most) {
            return Err(ThrottleReason::InFlight);
        }
        let Some(rate) = limits.requests_per_second.filter(|rate| *rate > 0.0) else { return Ok(()) };
        let gap = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX);
        let burst = limits.burst.map_or(rate.max(1.0), f64::from);
        let slack = Duration::try_from_secs_f64((burst - 1.0).max(0.0) / rate).unwrap_or_default();
        if self.next > now.saturating_add(slack) {
            return Err(ThrottleReason::Rate);
        }
        self.next = self.next.max(now).saturating_add(gap);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rate: f64, burst: u32) -> SimLimits {
        SimLimits { requests_per_second: Some(rate), burst: Some(burst), ..SimLimits::default() }
    }

    #[test]
    fn a_burst_is_admitted_and_then_the_rate_holds() {
        let mut account = SimAccount::default();
        let limits = limits(10.0, 3);
        let admitted = |account: &mut SimAccount, millis| account.admit(&limits, Duration::from_millis(millis)).is_ok();
        let first: Vec<bool> = (0..4).map(|_| admitted(&mut account, 0)).collect();
        assert_eq!(first, [true, true, true, false]);
        assert!(!admitted(&mut account, 99));
        assert!(admitted(&mut account, 100));
        assert!(!admitted(&mut account, 199));
    }

    #[test]
    fn an_ended_task_leaves_the_flight_and_a_refund_the_bill() {
        let mut account = SimAccount::default();
        account.began(0, Timestamp::from_millis(10), Money::from_micros(100));
        account.began(1, Timestamp::from_millis(20), Money::from_micros(100));
        account.settle(Timestamp::from_millis(10), |_| Money::from_micros(100));
        assert_eq!((account.in_flight(), account.spent().micros(), account.peak_in_flight), (1, 100, 2));
    }

    #[test]
    fn a_cancelled_task_is_taken_off_once() {
        let mut account = SimAccount::default();
        account.began(0, Timestamp::from_millis(10), Money::from_micros(100));
        account.cancel(0, Money::from_micros(100));
        account.settle(Timestamp::from_millis(10), |_| Money::from_micros(100));
        assert_eq!((account.in_flight(), account.spent()), (0, Money::ZERO));
    }
}
