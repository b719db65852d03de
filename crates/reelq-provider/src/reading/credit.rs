//! Refusals that mean an empty balance, whatever code they come under.

use super::text::plain_words;

/// Parts of plain words: each list is one way of saying it, and holds where all of its parts are there.
const WAYS: [&[&str]; 28] = [
    &["insufficient credit"],
    &["insufficient balance"],
    &["insufficient account balance"],
    &["insufficient quota"],
    &["insufficient user quota"],
    &["insufficient fund"],
    &["not enough credit"],
    &["not enough balance"],
    &["not enough fund"],
    &["not enough quota"],
    &["credits are insufficient"],
    &["balance is insufficient"],
    &["balance insufficient"],
    &["credits insufficient"],
    &["balance is not enough"],
    &["balance is too low"],
    &["balance too low"],
    &["out of credit"],
    &["no credits left"],
    &["no remaining credit"],
    &["credits exhausted"],
    &["balance exhausted"],
    &["exceeded your current quota"],
    &["quota exceeded", "billing"],
    &["exceeded", "quota", "billing"],
    &["billing hard limit"],
    &["余额不足"],
    &["额度不足"],
];

/// Whether a code or message says that the balance does not cover the request; `own` are the vendor's further ways.
pub(super) fn is_used_up(code: Option<&str>, said: Option<&str>, own: &[String]) -> bool {
    [code, said].into_iter().flatten().any(|text| {
        let words = plain_words(text);
        let is_general = WAYS.iter().any(|parts| parts.iter().all(|part| words.contains(part)));
        is_general || own.iter().any(|part| words.contains(&plain_words(part)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_balance_is_recognised_and_a_limit_in_time_is_not() {
        for text in [
            "insufficient_quota",
            "INSUFFICIENT_CREDITS",
            "Not enough credits to run this model.",
            "Your credit balance is too low to access the API",
            "Insufficient balance, please top up",
            "Quota exceeded: check your plan and billing details",
            "You exceeded your current quota",
            "账户余额不足",
        ] {
            assert!(is_used_up(None, Some(text), &[]), "{text}");
            assert!(is_used_up(Some(text), None, &[]), "{text}");
        }
        for text in ["quota_window_exceeded", "quota exceeded for this minute", "rate limit", "not enough frames", ""] {
            assert!(!is_used_up(Some(text), Some(text), &[]), "{text}");
        }
        assert!(is_used_up(None, Some("the purse is empty!"), &["purse is empty".to_owned()]));
    }
}
