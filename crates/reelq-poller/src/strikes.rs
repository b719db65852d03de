//! Counts, in the task's status word, how often in a row the provider gave an answer that is believed only when repeated.
//!
//! Only an answer writes the word, so errors in between neither count nor reset it, and a restart forgets nothing.

/// An answer that is believed when it is repeated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strikes {
    label: &'static str,
    limit: u32,
}

/// "No such task", past the time in which it may not be visible yet.
pub(crate) const NOT_FOUND: Strikes = Strikes { label: "not found", limit: 3 };
/// "Succeeded", without naming an output.
pub(crate) const NO_OUTPUT: Strikes = Strikes { label: "finished without an output", limit: 5 };

impl Strikes {
    /// The word for one more after `word`; `None` where this one is the last.
    pub(crate) fn next(self, word: Option<&str>) -> Option<String> {
        let next = self.count(word).saturating_add(1);
        (next < self.limit).then(|| format!("{} ({next} of {})", self.label, self.limit))
    }

    fn count(self, word: Option<&str>) -> u32 {
        let rest = word.and_then(|word| word.strip_prefix(self.label)).and_then(|rest| rest.strip_prefix(" ("));
        rest.and_then(|rest| rest.split(' ').next()).and_then(|count| count.parse().ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strikes_count_up_in_the_word_and_end() {
        let mut word = Some("processing".to_owned());
        let mut seen = Vec::new();
        while let Some(next) = NOT_FOUND.next(word.as_deref()) {
            seen.push(next.clone());
            word = Some(next);
        }
        assert_eq!(seen, ["not found (1 of 3)", "not found (2 of 3)"]);
    }

    #[test]
    fn another_word_begins_anew() {
        assert_eq!(NOT_FOUND.next(Some("finished without an output (4 of 5)")).unwrap(), "not found (1 of 3)");
        assert_eq!(NO_OUTPUT.next(None).unwrap(), "finished without an output (1 of 5)");
    }
}
