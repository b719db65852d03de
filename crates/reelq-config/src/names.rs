//! The nearest known name to one that is not known.

/// The candidate that `text` is most likely a slip of.
pub(crate) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&text, &candidate.to_lowercase());
    let best = candidates.map(|candidate| (distance(candidate), candidate)).min_by_key(|(distance, _)| *distance)?;
    let tolerated = (text.chars().count().max(best.1.chars().count()) / 3).max(1);
    (best.0 <= tolerated).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_finds_none() {
        let names = ["max_in_flight", "burst", "retries"];
        assert_eq!(nearest("max_inflight", names.into_iter()), Some("max_in_flight"));
        assert_eq!(nearest("retrys", names.into_iter()), Some("retries"));
        assert_eq!(nearest("colour", names.into_iter()), None);
    }
}
