//! What an account lets this process send for the tasks that it follows: lots of status requests from the bucket that claims use.

use std::time::Duration;

use reelq_model::{AccountName, SharedClock, Timestamp};
use reelq_store::{AccountLimits, Result, SharedStore};

/// For how long a lot is asked for, and after how long what is left of it lapses.
const LOT: Duration = Duration::from_secs(5);

/// An answer to whether a status request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// It may.
    Now,
    /// Not before this long.
    After(Duration),
    /// Not before something changes.
    Held,
}

/// The lot that was given last, and the process's own part of the bucket: however lots add up, it never sends faster than the
/// account allows.
#[derive(Debug)]
pub(crate) struct PollAllowance {
    account: AccountName,
    limits: Option<AccountLimits>,
    store: SharedStore,
    clock: SharedClock,
    left: usize,
    used: usize,
    begun: Duration,
    /// Where this process's own bucket stands.
    tat: i64,
}

impl PollAllowance {
    pub(crate) fn new(
        account: AccountName,
        limits: Option<AccountLimits>,
        store: SharedStore,
        clock: SharedClock,
    ) -> Self {
        Self { account, limits, store, clock, left: 0, used: 0, begun: Duration::ZERO, tat: i64::MIN }
    }

    /// Whether what is left may still be used.
    fn lasts(&self) -> bool {
        self.left > 0 && self.clock.monotonic().saturating_sub(self.begun) < LOT
    }

    /// What is left lapses.
    pub(crate) fn lapse(&mut self) {
        self.left = 0;
    }

    /// Takes one request; asks for a lot where none is left. `due` answers how many looks will be due before a time.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub(crate) async fn take(&mut self, due: impl Fn(Duration) -> usize) -> Result<Allowed> {
        if !self.lasts() {
            let most = self.wanted(&due);
            let tokens = self.store.poll_tokens(&self.account, most).await?;
            (self.left, self.used, self.begun) = (tokens.granted, 0, self.clock.monotonic());
            if tokens.granted == 0 {
                return Ok(tokens.retry_in.map_or(Allowed::Held, Allowed::After));
            }
        }
        Ok(self.take_own())
    }

    /// How many requests the next lot is to last for: as many as are due, or as were sent lately, and some more.
    fn wanted(&self, due: &impl Fn(Duration) -> usize) -> usize {
        let now = self.clock.monotonic();
        let (passed, lot) = (now.saturating_sub(self.begun).max(Duration::from_millis(1)), LOT);
        let lately = u128::try_from(self.used).unwrap_or(0) * lot.as_millis() / passed.as_millis().max(1);
        let wanted = due(now.saturating_add(LOT)).max(usize::try_from(lately).unwrap_or(0));
        (wanted + wanted / 4).max(1)
    }

    fn take_own(&mut self) -> Allowed {
        let now = Timestamp::from_millis(i64::try_from(self.clock.monotonic().as_millis()).unwrap_or(i64::MAX));
        if let Some(bucket) = self.limits.and_then(|limits| limits.poll_bucket(self.tat, now)) {
            if bucket.available() == 0 {
                return Allowed::After(bucket.next_in(0));
            }
            self.tat = bucket.take(1);
        }
        self.left = self.left.saturating_sub(1);
        self.used = self.used.saturating_add(1);
        Allowed::Now
    }
}
