//! What went wrong with an exchange, in words.

/// What went wrong with an exchange, innermost cause last. Addresses are left out: their queries may carry signatures.
pub(crate) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut parts = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        let text = inner.to_string();
        if parts.last().is_none_or(|last| !last.ends_with(&text)) {
            parts.push(text);
        }
        source = inner.source();
    }
    parts.join(": ")
}
