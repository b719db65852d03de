//! What happens to jobs in the interleavings, and what their accounts may spend.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, Money, Settlement};

use super::kit::{SECOND, acceptance, cents, finished, running, stored};
use reelq_store::Lease;

/// Cents of an account, in all and for a day; a pair for each of the seeds in turn.
const ACCOUNT: [(Option<i64>, Option<i64>); 4] =
    [(None, None), (Some(250), None), (None, Some(90)), (Some(300), Some(120))];

pub(crate) fn poll_event(roll: u32, wait: Duration) -> Event {
    let failure = Failure::new(FailureKind::Transient, "overloaded");
    match roll {
        0..=4 => running("rendering", wait),
        5 => Event::Failed { failure, settlement: Settlement::Refunded, cost: None, retry_after: Some(wait) },
        6 => Event::Failed { failure, settlement: Settlement::Charged, cost: None, retry_after: None },
        7 => Event::Cancelled { settlement: Some(Settlement::Refunded) },
        _ => finished(None),
    }
}

/// What becomes of a download.
pub(crate) fn fetch_event(roll: u32, wait: Duration) -> Event {
    match roll {
        0 => Event::LinksExpired { reason: String::new(), after: wait },
        1 => Event::FetchLater { reason: String::new(), after: wait },
        2 => Event::FetchFailed { failure: Failure::new(FailureKind::Output, "torn") },
        3 => Event::FetchFailed { failure: Failure::new(FailureKind::Expired, "gone") },
        _ => stored(),
    }
}

pub(crate) fn caps(seed: u64) -> (Option<Money>, Option<Money>) {
    let turn = usize::try_from(seed / 2).unwrap() % ACCOUNT.len();
    let (budget, daily) = ACCOUNT[turn];
    (budget.map(cents), daily.map(cents))
}

/// The provider's yes: the same task for the same submission, whoever hears of it.
pub(crate) fn accepted(lease: &Lease, number: u32) -> Event {
    let task = format!("{}-{number}", lease.job.id);
    Event::Accepted { acceptance: acceptance(&task, number), first_poll: SECOND }
}

/// The same, with the result in it already.
pub(crate) fn with_outputs(event: Event) -> Event {
    let (Event::Accepted { mut acceptance, first_poll }, Event::Finished { outputs, .. }) = (event, finished(None))
    else {
        panic!("an acceptance and a success")
    };
    acceptance.outputs = outputs;
    Event::Accepted { acceptance, first_poll }
}
