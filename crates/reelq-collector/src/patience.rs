//! How long an output is waited for. Its task succeeded and is paid for, so nothing but time ends the waiting.
//!
//! A link that gives nothing is "not yet" until [`Job::outputs_until`], whatever it gives instead. It is dead once that time has
//! passed, the provider was asked once more after it, and what it named then gave nothing either.

use std::time::Duration;

use reelq_model::{Event, Failure, FailureKind, Job, OutputLink, RemoteTask, Stage, Timestamp, TroubleKind, Troubles};
use reelq_worker::{Backoff, SharedRng};

use crate::{
    fetch_error::{Cause, FetchError, Late},
    fetched_outputs::{MissingOutput, claims_video},
};

/// The wait after links that gave nothing, twice: the same link, and then a fresh one. In the long run that makes some eight
/// requests for files and four for links an hour.
const LATE: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(20) };
/// The wait before fresh links are asked for.
const FRESH: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(10) };
/// The wait after an error of this side.
const HERE: Backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(2) };
/// The longest wait for a cover while the video is there, and once the time of the outputs has passed.
const SHORT: Duration = Duration::from_secs(20);
const PAST: Duration = Duration::from_mins(1);
/// A server's own wait is kept up to here.
const SERVERS_WAIT_MAX: Duration = Duration::from_hours(1);

/// That a server is not reached, or a link not allowed, is believed after this long.
const BELIEVED_AFTER: Duration = Duration::from_mins(10);
/// An error of this side that lasts beyond the time of the outputs is a person's after this long.
const HERE_AFTER: Duration = Duration::from_mins(30);
/// A cover is given up after so many attempts over so long; a further video after so long.
const COVER_FAILURES: u32 = 3;
const COVER_AFTER: Duration = Duration::from_mins(1);
const VIDEO_AFTER: Duration = Duration::from_mins(10);

/// What is known of the waiting for one job's outputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience<'a> {
    pub(crate) job: &'a Job,
    /// By the store's time.
    pub(crate) now: Timestamp,
    pub(crate) rng: &'a SharedRng,
}

impl Patience<'_> {
    /// What comes of an attempt that did not bring what was bought.
    pub(crate) fn event(&self, error: FetchError) -> Event {
        match error {
            FetchError::Fatal(message) => failed(FailureKind::Output, message),
            FetchError::Here(reason) | FetchError::Place(reason) if self.is_past() && self.lasted() >= HERE_AFTER => {
                failed(
                    FailureKind::Output,
                    format!("failed to {reason}; the output is paid for: `reelq retry` fetches it again"),
                )
            }
            FetchError::Here(reason) | FetchError::Place(reason) => {
                let after = HERE.full_jitter(self.job.setbacks, self.rng);
                Event::FetchLater { reason, after }
            }
            FetchError::Late(late) if late.cause == Cause::NotAllowed && self.lasted() >= BELIEVED_AFTER => {
                failed(FailureKind::Output, format!("failed to {}; then `reelq retry` fetches it again", late.reason))
            }
            FetchError::Late(late) if self.is_dead(late.cause) => self.expired(&late),
            FetchError::Late(late) => self.later(late, LATE.cap),
        }
    }

    /// The next attempt: at the same link after a wait, or at a fresh one.
    pub(crate) fn later(&self, late: Late, longest: Duration) -> Event {
        let longest = if self.is_past() { longest.min(PAST) } else { longest };
        if self.asks_anew(late.cause) {
            let ours =
                if self.is_past() { self.growing(longest) } else { FRESH.full_jitter(self.failures(), self.rng) };
            return Event::LinksExpired { after: self.with_servers(ours, late.wait), reason: late.reason };
        }
        Event::FetchLater { after: self.with_servers(self.growing(longest), late.wait), reason: late.reason }
    }

    /// The links to try now: the ones at hand, and in turn with them those that were given up for fresh ones.
    pub(crate) fn in_turn<'a>(&self, task: &'a RemoteTask, at_hand: &'a [OutputLink]) -> &'a [OutputLink] {
        let earlier = &task.earlier_links;
        if self.job.setbacks.is_multiple_of(2) || earlier.is_empty() {
            return at_hand;
        }
        let turn = usize::try_from(self.job.link_refreshes).unwrap_or_default() % earlier.len();
        &earlier[turn]
    }

    /// The next attempt at outputs beside a video that is there.
    pub(crate) fn beside(&self, missing: &[MissingOutput]) -> Option<Event> {
        let open = missing.iter().find(|absent| !self.is_spent(absent))?;
        let longest = if claims_video(&open.link) { LATE.cap } else { SHORT };
        Some(self.later(open.late.clone(), longest))
    }

    /// Whether an output beside a video that is there is waited for no longer.
    fn is_spent(&self, absent: &MissingOutput) -> bool {
        let spent = if claims_video(&absent.link) {
            self.lasted() >= VIDEO_AFTER
        } else {
            self.failures() >= COVER_FAILURES && self.lasted() >= COVER_AFTER
        };
        spent || absent.late.cause == Cause::OtherKind || self.is_dead(absent.late.cause)
    }

    fn troubles(&self) -> Option<&Troubles> {
        self.job.troubles.as_ref().filter(|troubles| troubles.last.kind == TroubleKind::Fetch)
    }

    /// Attempts that failed before this one.
    fn failures(&self) -> u32 {
        self.troubles().map_or(0, |troubles| troubles.count)
    }

    /// Since the first of them.
    fn lasted(&self) -> Duration {
        self.troubles().map_or(Duration::ZERO, |troubles| self.now.since(troubles.since))
    }

    fn until(&self) -> Option<Timestamp> {
        self.job.outputs_awaited_until()
    }

    fn is_past(&self) -> bool {
        self.until().is_some_and(|until| self.now > until)
    }

    /// Whether these links came from the provider after an attempt that had failed, and are tried for the first time.
    const fn has_fresh_links(&self) -> bool {
        self.job.link_refreshes > 0 && self.job.setbacks == 0
    }

    fn is_dead(&self, cause: Cause) -> bool {
        let Some((until, troubles)) = self.until().zip(self.troubles()) else { return false };
        let is_told =
            matches!(cause, Cause::Gone | Cause::Content | Cause::OtherKind) || self.lasted() >= BELIEVED_AFTER;
        self.now > until && troubles.at > until && self.has_fresh_links() && is_told
    }

    /// Links are tried twice, then fresh ones are asked for. One that the server does not know may be old, and is not tried
    /// again before the first fresh one; one whose time has passed never is.
    fn asks_anew(&self, cause: Cause) -> bool {
        let is_first = self.job.setbacks == 0 && self.job.link_refreshes == 0;
        self.is_past() || self.job.setbacks > 0 || (is_first && cause == Cause::Gone)
    }

    /// Longer with every two failures, between half and all of its ceiling, and well before the end of the outputs' time.
    fn growing(&self, longest: Duration) -> Duration {
        let ceiling = LATE.ceiling(self.failures() / 2).min(longest);
        let wait = ceiling.mul_f64(0.5 + self.rng.fraction() / 2.0);
        self.at_most().map_or(wait, |most| wait.min(most))
    }

    /// The longest wait before the end of the outputs' time, whoever asks for it: half of what is left, while anything is.
    fn at_most(&self) -> Option<Duration> {
        let left = self.until().map(|until| until.since(self.now)).filter(|left| !left.is_zero())?;
        Some(LATE.base.max(left / 2))
    }

    /// The longer of the two waits, the server's within its bounds: one header must not let a link die.
    fn with_servers(&self, ours: Duration, servers: Option<Duration>) -> Duration {
        let servers = servers.unwrap_or_default().min(SERVERS_WAIT_MAX).min(self.half_of_a_link());
        let wait = ours.max(servers);
        self.at_most().map_or(wait, |most| wait.min(most))
    }

    /// Half of what is left of the link at hand that dies first; fresh ones may live longer than those named at first.
    fn half_of_a_link(&self) -> Duration {
        let Stage::Fetching { outputs, .. } = &self.job.stage else { return SERVERS_WAIT_MAX };
        let named = outputs.iter().filter(|link| !link.assumed).filter_map(|link| link.expires_at);
        let left = named.map(|dies| dies.since(self.now)).filter(|left| !left.is_zero()).min();
        left.map_or(SERVERS_WAIT_MAX, |left| LATE.base.max(left / 2))
    }

    fn expired(&self, late: &Late) -> Event {
        let until = self.until().map_or_else(|| "now".to_owned(), |until| until.to_string());
        let message =
            format!("its output was waited for until {until}, and fresh links gave nothing: failed to {}", late.reason);
        failed(FailureKind::Expired, message)
    }
}

fn failed(kind: FailureKind, message: String) -> Event {
    Event::FetchFailed { failure: Failure::new(kind, message) }
}

#[cfg(test)]
mod tests;
