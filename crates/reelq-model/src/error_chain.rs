//! An error and what caused it, in one line.

use std::error::Error;

/// Writes an error with its causes in one line, innermost last, such as `failed to open x: permission denied`.
///
/// A cause that the error's own text already ends with is not said twice.
pub fn error_chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let (mut line, mut last) = (error.to_string(), error.to_string());
    for cause in causes.map(ToString::to_string) {
        if !last.ends_with(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
            last = cause;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link { text, source: source.map(Box::new) }
    }

    #[test]
    fn causes_follow_the_error_in_one_line() {
        assert_eq!(error_chain(&link("alone", None)), "alone");
        let deep = link("open x", Some(link("mount", Some(link("permission denied", None)))));
        assert_eq!(error_chain(&deep), "open x: mount: permission denied");
    }

    #[test]
    fn a_cause_that_is_said_already_is_not_said_twice() {
        let said = link("open x: gone", Some(link("gone", Some(link("at the bottom", None)))));
        assert_eq!(error_chain(&said), "open x: gone: at the bottom");
    }
}
