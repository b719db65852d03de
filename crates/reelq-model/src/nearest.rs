//! The one rule of "did you mean": which known name is most like one that is not known.

use strsim::normalized_damerau_levenshtein;

/// From this likeness on, a name is offered: one letter in three may be wrong.
const LIKENESS_MIN: f64 = 0.66;
/// A longer text is no slip of a name, and likeness costs time in proportion to both lengths.
const TEXT_BYTES_MAX: usize = 128;

/// Finds the candidate that `text` is most likely a slip of; `None` where none is alike enough.
///
/// Case, spaces, dashes and underscores do not matter, and neither do forgotten parents: `Berlin` finds `Europe/Berlin`,
/// and `seed` finds `extra.seed`. Of equals the first is taken.
///
/// ```
/// assert_eq!(reelq_model::nearest("max_inflight", ["burst", "max_in_flight"]), Some("max_in_flight"));
/// assert_eq!(reelq_model::nearest("colour", ["burst", "max_in_flight"]), None);
/// ```
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_above(LIKENESS_MIN, text, candidates)
}

/// Finds the candidate that is most like `text`, where its likeness reaches `least`: from 0 (anything) to 1 (the same).
pub fn nearest_above<'a>(least: f64, text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let wanted = Wanted { comparable: comparable(text), plain: text.to_lowercase() };
    let scored = candidates.into_iter().map(|candidate| (wanted.likeness(candidate), candidate));
    let alike = scored.filter(|((score, _), _)| *score >= least);
    alike.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, candidate)| candidate)
}

struct Wanted {
    comparable: String,
    plain: String,
}

impl Wanted {
    /// How like it is without what does not matter, and then, between equals, with it.
    fn likeness(&self, candidate: &str) -> (f64, f64) {
        let whole = comparable(candidate);
        let last = whole.rsplit(['.', '/']).next().unwrap_or(&whole);
        let by_whole = normalized_damerau_levenshtein(&self.comparable, &whole);
        let by_last = normalized_damerau_levenshtein(&self.comparable, last);
        (by_whole.max(by_last), normalized_damerau_levenshtein(&self.plain, &candidate.to_lowercase()))
    }
}

fn comparable(name: &str) -> String {
    let plain = name.trim().chars().map(|letter| if letter == '-' || letter.is_whitespace() { '_' } else { letter });
    plain.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let names = ["max_in_flight", "burst", "retries"];
        assert_eq!(nearest("max_inflight", names), Some("max_in_flight"));
        assert_eq!(nearest("retrys", names), Some("retries"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest(&"burst".repeat(100), names), None);
    }

    #[test]
    fn case_dashes_and_forgotten_parents_do_not_matter() {
        let names = ["prompt", "extra.prompt_optimizer", "America/New_York"];
        assert_eq!(nearest("Prompt Optimiser", names), Some("extra.prompt_optimizer"));
        assert_eq!(nearest("new-york", names), Some("America/New_York"));
        assert_eq!(nearest("dimension_of_evaluation", names), None);
    }

    #[test]
    fn the_exact_spelling_decides_between_names_that_differ_in_dashes_and_then_the_first() {
        assert_eq!(nearest("pan left", ["pan-left", "pan left"]), Some("pan left"));
        assert_eq!(nearest("wan_x", ["wan_a", "wan_b"]), Some("wan_a"));
    }

    #[test]
    fn a_likeness_of_nothing_finds_the_least_unlike() {
        assert_eq!(nearest_above(0.0, "trottled", ["garbage", "throttled"]), Some("throttled"));
        assert_eq!(nearest_above(0.0, "zzz", ["garbage", "throttled"]), Some("garbage"));
    }
}
