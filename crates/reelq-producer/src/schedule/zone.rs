//! Time zones by their IANA names, and which instant a wall clock time is.
//!
//! The names and rules are those built into the program, so that all machines agree.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, Zoned,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

/// A time zone of the IANA database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

/// A text that names no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA time zone such as Europe/Berlin")]
pub struct ZoneError {
    /// The zone that was probably meant.
    pub nearest: Option<String>,
}

impl Zone {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a clock in the zone shows at this instant.
    pub(super) fn at(&self, instant: Timestamp) -> Zoned {
        instant.to_zoned(self.zone.clone())
    }

    /// What a clock in the zone shows at this instant, for people.
    pub fn shown(&self, instant: reelq_model::Timestamp) -> String {
        let shown = Timestamp::from_millisecond(instant.millis()).map(|instant| self.at(instant));
        shown.map_or_else(|_| instant.to_string(), |shown| shown.strftime("%a %F %T %:z").to_string())
    }

    /// When a wall clock time is: one that is skipped is right after the gap, one that repeats is the first of the two.
    pub(super) fn instant_of(&self, wall: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { before, .. } => {
                // Read with the offset before the gap, the time lies after it.
                let after = before.to_timestamp(wall).ok()?;
                let change = self.zone.preceding(after.checked_add(jiff::SignedDuration::from_secs(1)).ok()?).next();
                change.map(|change| change.timestamp())
            }
        }
    }

    /// The latest that any clock of the zone has shown up to this instant: behind the clock where it was just set back.
    pub(super) fn latest_shown(&self, instant: Timestamp) -> DateTime {
        let shown = self.zone.to_datetime(instant);
        let before = self.zone.preceding(instant).next().map(|change| change.timestamp());
        let offset_before = |change: Timestamp| {
            let just_before = change.checked_sub(jiff::SignedDuration::from_millis(1)).ok()?;
            Some(self.zone.to_offset(just_before))
        };
        let day = jiff::SignedDuration::from_hours(26);
        match before.filter(|change| instant.duration_since(*change) < day).and_then(offset_before) {
            Some(offset) => shown.max(offset.to_datetime(instant)),
            None => shown,
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let zones = TimeZoneDatabase::bundled();
        match zones.get(text) {
            Ok(zone) => Ok(Self { name: zone.iana_name().unwrap_or(text).to_owned(), zone }),
            Err(_) => Err(ZoneError { nearest: nearest(text, &zones) }),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

/// The zone whose name, or whose city, is nearest.
fn nearest(text: &str, zones: &TimeZoneDatabase) -> Option<String> {
    let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
    reelq_model::nearest(text, names.iter().map(String::as_str)).map(str::to_owned)
}
