//! Time: wall-clock instants in milliseconds, and the clock that everybody is handed.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

const MILLIS_PER_DAY: i64 = 86_400_000;

/// A text that is not an RFC 3339 instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as 2026-11-21T02:00:00Z")]
pub struct TimestampError(String);

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Timestamp {
    /// Takes milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Takes a number that is seconds or milliseconds, told apart by its size.
    ///
    /// Vendors changed from one to the other without notice; 10^12 separates them until the year 33658.
    pub const fn from_seconds_or_millis(value: i64) -> Self {
        if value.saturating_abs() >= 1_000_000_000_000 { Self(value) } else { Self(value.saturating_mul(1000)) }
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The instant `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// The number of its UTC day, counted from 1970-01-01.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_DAY)
    }

    /// When its UTC day ends and the next one begins.
    #[must_use]
    pub const fn day_end(self) -> Self {
        Self(self.day().saturating_add(1).saturating_mul(MILLIS_PER_DAY))
    }

    /// The time from `earlier` to this instant; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Timestamp {
    /// RFC 3339 in UTC, always with three digits of milliseconds, so that a column of times has one form and one width.
    pub fn with_millis(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => format!("{instant:.3}"),
            Err(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC, with milliseconds only where they are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => f.pad(&instant.to_string()),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>()
            .map(|instant| Self(instant.as_millisecond()))
            .map_err(|_| TimestampError(text.to_owned()))
    }
}

/// Tells the time; the only way that reelq's code may learn it.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock, which may jump.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary moment in this process; it never goes back, and it goes on while the process is frozen or the
    /// machine sleeps.
    fn monotonic(&self) -> Duration;

    /// The machine's own counter, which is the same in all processes: the running of the machine that it belongs to, from a
    /// start to its end, and the time since that start. `None` where there is none.
    fn counter(&self) -> Option<(&str, Duration)> {
        None
    }
}

/// The clock as it is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Duration,
    boot: Option<Arc<str>>,
}

/// The counter that goes on while the machine sleeps: a lease does not wait for a laptop to be opened.
#[cfg(target_os = "linux")]
const COUNTER: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const COUNTER: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

fn counted() -> Duration {
    let time = rustix::time::clock_gettime(COUNTER);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    pub fn new() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Self { started: counted(), boot: boot.map(|id| Arc::from(id.trim())) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(millis(since_epoch))
    }

    fn monotonic(&self) -> Duration {
        counted().saturating_sub(self.started)
    }

    fn counter(&self) -> Option<(&str, Duration)> {
        Some((self.boot.as_deref()?, counted()))
    }
}

/// A clock that stands still until it is told to move; wall and monotonic time move together.
#[derive(Debug)]
pub struct ManualClock {
    started: Timestamp,
    now: AtomicI64,
}

impl ManualClock {
    /// Starts at `now`.
    pub const fn starting_at(now: Timestamp) -> Self {
        Self { started: now, now: AtomicI64::new(now.0) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(millis(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_milliseconds_are_told_apart_by_size() {
        let from_millis = Timestamp::from_seconds_or_millis(1_775_285_160_040);
        let from_seconds = Timestamp::from_seconds_or_millis(1_775_285_160);
        assert_eq!(from_millis.since(from_seconds), Duration::from_millis(40));
    }

    #[test]
    fn day_ends_where_the_next_begins() {
        let midnight: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let last = midnight.before(Duration::from_millis(1));
        assert_eq!((last.day() + 1, last.day_end()), (midnight.day(), midnight));
        assert_eq!(midnight.day_end().since(midnight), Duration::from_hours(24));
        assert_eq!(Timestamp::from_millis(-1).day(), -1, "before 1970 days are counted down");
    }

    #[test]
    fn all_clocks_of_a_machine_count_from_the_same_moment() {
        let (one, other) = (SystemClock::new(), SystemClock::new());
        let (first, second) = (one.counter().unwrap(), other.counter().unwrap());
        assert!(second.1 >= first.1 && second.0 == first.0, "{first:?}, {second:?}");
    }

    #[test]
    fn display_reads_back() {
        let instant: Timestamp = "2026-11-21T02:00:00Z".parse().unwrap();
        assert_eq!(instant.to_string(), "2026-11-21T02:00:00Z");
        assert_eq!(instant.after(Duration::from_millis(5)).to_string(), "2026-11-21T02:00:00.005Z");
    }
}
