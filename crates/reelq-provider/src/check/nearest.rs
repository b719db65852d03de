//! Finds the name that somebody may have meant.

const LIKENESS_MIN: f64 = 0.6;

/// The name most like `text`, where one is alike enough.
pub(super) fn nearest<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_above(LIKENESS_MIN, text, names)
}

/// The name most like `text`, where its likeness reaches `least`.
pub(super) fn nearest_above<'a>(least: f64, text: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A damaged cell may be very long, and likeness costs time in proportion to both lengths.
    if text.len() > 128 {
        return None;
    }
    let text = text.to_lowercase();
    let scored =
        names.into_iter().map(|name| (strsim::normalized_damerau_levenshtein(&text, &name.to_lowercase()), name));
    let alike = scored.filter(|(score, _)| *score >= least);
    // The first of equals: the catalogue lists the plain name before the longer ones.
    alike.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, name)| name)
}
