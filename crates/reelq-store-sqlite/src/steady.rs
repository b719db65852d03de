//! The store's time: it passes as time passes, whatever is done to the machine's clock.
//!
//! The file keeps an anchor: which time it was at a moment of the machine's own counter. All processes count on from there, so
//! that they agree. Towards the clock on the wall the time is led by a tenth at most: no wait ends early by more than that.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use reelq_model::{SharedClock, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Result;

/// A newer anchor is kept at most this often, in milliseconds: it costs a page of each transaction that keeps one.
const ANCHOR_EVERY: i64 = 1_000;
/// At one anchor the time is led by at most so many milliseconds, however long no one kept one: leases last longer.
const LED_MOST: i64 = 1_000;
/// 2025-01-01: before this program was there. A machine without a clock of its own begins long before.
const EARLIEST: i64 = 1_735_689_600_000;

/// Which time it was at one moment. All numbers are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    /// The running of the machine that `counted` belongs to; empty where it is not known.
    boot: String,
    counted: i64,
    store: i64,
    wall: i64,
}

/// What the machine shows at this moment.
struct Reading {
    boot: String,
    counted: i64,
    wall: i64,
}

impl Reading {
    fn of(clock: &SharedClock) -> Self {
        let (boot, counted) = clock.counter().unwrap_or_default();
        let counted = i64::try_from(counted.as_millis()).unwrap_or(i64::MAX);
        Self { boot: boot.to_owned(), counted, wall: clock.now().millis() }
    }

    fn anchor(self, store: i64) -> Anchor {
        Anchor { boot: self.boot, counted: self.counted, store, wall: self.wall }
    }
}

impl Anchor {
    /// How much time has passed since. In the same running of the machine its counter says so; else the clock on the wall
    /// is all there is, and one that went back says nothing.
    fn passed(&self, now: &Reading) -> i64 {
        let same = !self.boot.is_empty() && self.boot == now.boot && now.counted >= self.counted;
        let (from, to) = if same { (self.counted, now.counted) } else { (self.wall, now.wall) };
        to.saturating_sub(from).max(0)
    }

    fn time(&self, now: &Reading) -> i64 {
        if self.store < EARLIEST && now.wall > EARLIEST {
            return now.wall;
        }
        let passed = self.passed(now);
        let time = self.store.saturating_add(passed);
        let most = (passed / 10).min(LED_MOST);
        time.saturating_add(now.wall.saturating_sub(time).clamp(-most, most))
    }
}

/// The store's time, as this process counts it.
#[derive(Debug)]
pub(super) struct Steady {
    clock: SharedClock,
    anchor: Mutex<Anchor>,
    /// The latest that was told.
    told: AtomicI64,
}

impl Steady {
    /// Counts on from what the file keeps; a file that keeps nothing begins with the clock on the wall.
    pub(super) fn open(conn: &Connection, clock: SharedClock) -> Self {
        let reading = Reading::of(&clock);
        let wall = reading.wall;
        // A file of an older format that is only read has no anchor.
        let anchor = read(conn).unwrap_or_default().unwrap_or_else(|| reading.anchor(wall));
        Self { clock, anchor: Mutex::new(anchor), told: AtomicI64::new(i64::MIN) }
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        let reading = Reading::of(&self.clock);
        let time = self.anchor.lock().unwrap_or_else(PoisonError::into_inner).time(&reading);
        let told = self.told.fetch_max(time, Ordering::Relaxed);
        Timestamp::from_millis(time.max(told))
    }

    /// What the clock on the wall shows.
    pub(super) fn wall(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time at the beginning of a transaction, counted from the anchor that the file keeps by now.
    pub(super) fn begin(&self, conn: &Connection) -> Timestamp {
        if let Ok(Some(kept)) = read(conn) {
            *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        }
        self.now()
    }

    /// Keeps `time` as the anchor for all processes where the last one is old; for a transaction that writes anyway.
    pub(super) fn keep(&self, conn: &Connection, time: Timestamp) -> Result<()> {
        let reading = Reading::of(&self.clock);
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        if read(conn)?.is_some_and(|kept| kept.boot == reading.boot && kept.passed(&reading) < ANCHOR_EVERY) {
            return Ok(());
        }
        let newer = reading.anchor(time.millis());
        conn.prepare_cached(
            "INSERT OR REPLACE INTO clock (id, boot, counted, store, wall) VALUES (1, ?1, ?2, ?3, ?4)",
        )?
        .execute(params![newer.boot, newer.counted, newer.store, newer.wall])?;
        *anchor = newer;
        Ok(())
    }
}

fn read(conn: &Connection) -> Result<Option<Anchor>> {
    let sql = "SELECT boot, counted, store, wall FROM clock WHERE id = 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Anchor { boot: row.get(0)?, counted: row.get(1)?, store: row.get(2)?, wall: row.get(3)? })
    };
    Ok(conn.prepare_cached(sql)?.query_row([], read).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const NOON: i64 = 1_800_000_000_000;

    fn anchor() -> Anchor {
        Anchor { boot: "b1".to_owned(), counted: 50_000, store: NOON, wall: NOON }
    }

    fn reading(boot: &str, counted: i64, wall: i64) -> Reading {
        Reading { boot: boot.to_owned(), counted, wall }
    }

    #[test]
    fn a_clock_that_is_set_moves_the_time_by_a_tenth_of_what_passes_and_by_a_second_at_most() {
        for step in [-HOUR, HOUR, -24 * HOUR, 365 * 24 * HOUR] {
            let led = step.signum() * 100;
            assert_eq!(anchor().time(&reading("b1", 51_000, NOON + 1_000 + step)), NOON + 1_000 + led, "{step}");
            let led = step.signum() * LED_MOST;
            assert_eq!(anchor().time(&reading("b1", 50_000 + HOUR, NOON + HOUR + step)), NOON + HOUR + led, "{step}");
        }
    }

    #[test]
    fn time_that_the_machine_slept_or_was_off_has_passed() {
        assert_eq!(anchor().time(&reading("b1", 50_000 + HOUR, NOON + HOUR)), NOON + HOUR);
        assert_eq!(anchor().time(&reading("b2", 10, NOON + HOUR)), NOON + HOUR, "after a start of the machine");
        assert_eq!(anchor().time(&reading("b2", 10, NOON - HOUR)), NOON, "a clock that went back says nothing");
        assert_eq!(
            anchor().time(&reading("", 10, NOON + HOUR)),
            NOON + HOUR,
            "a machine that does not name its starts"
        );
    }

    #[test]
    fn a_machine_whose_clock_began_at_zero_takes_the_first_good_time() {
        let early = Anchor { store: 5_000, wall: 5_000, ..anchor() };
        assert_eq!(early.time(&reading("b1", 60_000, NOON)), NOON);
        assert_eq!(early.time(&reading("b1", 60_000, 15_000)), 15_000);
    }

    #[test]
    fn the_time_never_goes_back_and_comes_to_the_wall_in_the_end() {
        let (mut anchor, mut last) = (anchor(), NOON);
        for second in 1..=50_000 {
            let now = reading("b1", 50_000 + second * 1_000, NOON + second * 1_000 - HOUR);
            let time = anchor.time(&now);
            assert!(time > last, "{second}");
            last = time;
            anchor = now.anchor(time);
        }
        assert_eq!(last, anchor.wall);
    }
}
