//! Decisions that look random and are a pure function of the seed and of what they are about.
//!
//! The order in which requests arrive decides nothing here, so that a run can be repeated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The decisions about one thing; each is asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Chance(u64);

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn fold(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
    }
    (hash ^ 0xff).wrapping_mul(FNV_PRIME)
}

/// Spreads the bits; FNV alone leaves the high ones poor.
fn spread(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

impl Chance {
    pub(crate) fn new(seed: u64, parts: &[&[u8]]) -> Self {
        Self(parts.iter().fold(fold(FNV_OFFSET, &seed.to_le_bytes()), |hash, part| fold(hash, part)))
    }

    /// The same thing, looked at for the `number`th time.
    pub(crate) fn again(self, number: u32) -> Self {
        Self(fold(self.0, &number.to_le_bytes()))
    }

    /// What identifies the thing itself.
    pub(crate) const fn identity(self) -> u64 {
        self.0
    }

    pub(crate) fn roll(self, what: &str) -> u64 {
        spread(fold(self.0, what.as_bytes()))
    }

    pub(crate) fn hits(self, what: &str, probability: f64) -> bool {
        let high = u32::try_from(self.roll(what) >> 32).unwrap_or(u32::MAX);
        f64::from(high) < probability * 4_294_967_296.0
    }

    pub(crate) fn pick<T: Copy, const N: usize>(self, what: &str, options: [T; N]) -> T {
        options[self.below(what, N)]
    }

    pub(crate) fn between(self, what: &str, (shortest, longest): (Duration, Duration)) -> Duration {
        let spread_ms = u64::try_from(longest.saturating_sub(shortest).as_millis()).unwrap_or(u64::MAX);
        shortest + Duration::from_millis(self.roll(what) % spread_ms.saturating_add(1))
    }

    pub(crate) fn below(self, what: &str, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from(self.roll(what) % limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_depend_on_seed_identity_number_and_name() {
        let chance = Chance::new(1, &[b"a", b"b"]);
        assert_eq!(chance.roll("x"), Chance::new(1, &[b"a", b"b"]).roll("x"));
        assert_ne!(chance.roll("x"), chance.roll("y"));
        assert_ne!(chance.roll("x"), chance.again(1).roll("x"));
        assert_ne!(chance.roll("x"), Chance::new(2, &[b"a", b"b"]).roll("x"));
        assert_ne!(chance.roll("x"), Chance::new(1, &[b"ab", b""]).roll("x"));
    }

    #[test]
    fn a_tenth_hits_about_a_tenth_of_the_time() {
        let hits = (0..10_000u32).filter(|n| Chance::new(7, &[b"row"]).again(*n).hits("throttled", 0.1)).count();
        assert!((850..1150).contains(&hits), "{hits}");
    }

    #[test]
    fn zero_never_hits_and_one_always_does() {
        for number in 0..1000 {
            let chance = Chance::new(7, &[]).again(number);
            assert!(!chance.hits("x", 0.0) && chance.hits("x", 1.0));
        }
    }

    #[test]
    fn durations_stay_inside_their_range() {
        let range = (Duration::from_millis(200), Duration::from_millis(210));
        for number in 0..100 {
            let duration = Chance::new(7, &[]).again(number).between("run", range);
            assert!(range.0 <= duration && duration <= range.1);
        }
    }
}
