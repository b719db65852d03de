//! What went wrong with an exchange, in words.

/// What went wrong with an exchange, innermost cause last. Addresses are left out: their queries may carry signatures.
pub(crate) fn cause(error: reqwest::Error) -> String {
    reelq_model::error_chain(&error.without_url())
}
