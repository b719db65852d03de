//! When to ask again after a claim that brought fewer jobs than were asked for.

use std::time::Duration;

use crate::{Claimed, Lease};

/// What a claim saw of the work that is to come. Each time is counted from the claim.
#[derive(Debug, Clone, Copy, Default)]
pub struct NextWork {
    /// How long until the next job is due that waits for its time.
    pub due: Option<Duration>,
    /// How long until the next rate token; `None` where none is needed.
    pub token: Option<Duration>,
    /// Jobs are ready that only lack a token.
    pub lacks_token: bool,
    /// How long until the day ends, where the daily budget alone held jobs back.
    pub day_ends: Option<Duration>,
}

impl NextWork {
    /// What the claim brings, which asked for `limit` jobs. [`Claimed::retry_in`] says what its soonest time is.
    pub fn claimed(self, leases: Vec<Lease>, limit: usize) -> Claimed {
        if leases.len() == limit {
            return Claimed { leases, ..Claimed::default() };
        }
        let (retry_in, until_day_ends) = self.soonest();
        Claimed { leases, retry_in, until_day_ends, ..Claimed::default() }
    }

    /// The soonest time, and whether it is the end of the day alone.
    fn soonest(self) -> (Option<Duration>, bool) {
        let due = self.due.map(|due| due.max(self.token.unwrap_or_default()));
        let work = due.into_iter().chain(self.token.filter(|_| self.lacks_token)).min();
        (work.into_iter().chain(self.day_ends).min(), self.day_ends.is_some() && work.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_soonest_of_due_time_token_and_day_is_when_to_ask_again() {
        let none = NextWork::default();
        let cases = [
            (none, (None, false)),
            (NextWork { due: Some(S(3)), ..none }, (Some(S(3)), false)),
            (NextWork { due: Some(S(3)), token: Some(S(5)), ..none }, (Some(S(5)), false)),
            (NextWork { token: Some(S(5)), ..none }, (None, false)),
            (NextWork { token: Some(S(5)), lacks_token: true, ..none }, (Some(S(5)), false)),
            (NextWork { due: Some(S(9)), token: Some(S(5)), lacks_token: true, ..none }, (Some(S(5)), false)),
            (NextWork { day_ends: Some(S(7)), ..none }, (Some(S(7)), true)),
            (NextWork { due: Some(S(9)), day_ends: Some(S(7)), ..none }, (Some(S(7)), false)),
        ];
        for (next, expected) in cases {
            assert_eq!(next.soonest(), expected, "{next:?}");
        }
    }

    #[test]
    fn a_claim_that_is_filled_names_no_time() {
        let claimed = NextWork { due: Some(S(3)), ..NextWork::default() }.claimed(Vec::new(), 0);
        assert_eq!(claimed.retry_in, None);
    }
}
