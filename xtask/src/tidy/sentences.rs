//! One sentence a line in Markdown, so that a change of one sentence is a change of one line.

use super::{markdown, report::Measure, tree::Tree};

/// Words that end with a dot and no sentence.
const SHORT: [&str; 9] = ["e.g.", "i.e.", "etc.", "vs.", "cf.", "approx.", "ca.", "resp.", "incl."];
/// What may close a sentence behind its mark.
const CLOSING: [char; 7] = [')', '"', '\'', '*', '_', ']', '”'];

/// Lines that hold the end of one sentence and the start of another, and sentences that are broken over lines.
pub(crate) fn measure(tree: &Tree) -> Measure {
    let mut findings = Vec::new();
    for (path, text) in &tree.texts {
        let found = of_text(text).into_iter();
        findings.extend(found.map(|(line, what)| format!("{}:{line}: {what}", path.display())));
    }
    Measure {
        name: "sentences over lines",
        value: findings.len().to_string(),
        limit: "0".to_owned(),
        over: !findings.is_empty(),
        findings,
    }
}

/// The lines at fault, and what is wrong with each.
fn of_text(text: &str) -> Vec<(usize, &'static str)> {
    let mut findings = Vec::new();
    for block in markdown::blocks(text) {
        for (at, (number, line)) in block.iter().enumerate() {
            if holds_two(line) {
                findings.push((*number, "two sentences in one line"));
            }
            if at + 1 < block.len() && !is_whole(line) {
                findings.push((*number, "a sentence goes on in the next line"));
            }
        }
    }
    findings
}

/// Whether a sentence ends inside the line and another begins.
fn holds_two(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.windows(2).any(|pair| ends_sentence(pair[0]) && begins_sentence(pair[1]))
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(CLOSING);
    let opened = bare.trim_start_matches(['(', '"', '*', '_', '[', '“']);
    bare.ends_with(['.', '!', '?', '…']) && !SHORT.contains(&opened)
}

fn begins_sentence(word: &str) -> bool {
    let opened = word.trim_start_matches(['(', '"', '*', '_', '[', '“']);
    opened.starts_with(|first: char| first.is_uppercase() || first == '`')
}

/// Whether a line that another follows ends with a sentence, or with a colon before what it announces.
fn is_whole(line: &str) -> bool {
    let last = line.split_whitespace().next_back().unwrap_or_default();
    ends_sentence(last) || last.trim_end_matches(CLOSING).ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_a_line_is_right() {
        assert_eq!(of_text("One sentence.\nAnother one!\n\n- Items too.\n  With more lines.\n- and fragments\n"), []);
    }

    #[test]
    fn two_sentences_in_a_line_are_found() {
        let two = "two sentences in one line";
        assert_eq!(of_text("One. Two.\n\nWhat? `reelq run` does.\n(One.) **Two.**\n"), [(1, two), (3, two), (4, two)]);
    }

    #[test]
    fn a_sentence_that_goes_on_is_found_where_it_breaks() {
        assert_eq!(of_text("It goes\non here.\n"), [(1, "a sentence goes on in the next line")]);
        assert_eq!(of_text("Use, e.g.\nthis.\n").len(), 1);
        assert_eq!(of_text("It ends with 5.\nSo does that.\n"), []);
    }

    #[test]
    fn dots_that_end_no_sentence_are_known() {
        assert_eq!(of_text("See e.g. Redis 7.2 or v1.0 of it, at 0.5 s.\nAnd `a. B` in code.\n"), []);
    }
}
