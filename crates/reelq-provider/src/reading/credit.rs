//! Refusals that mean an empty balance, whatever code they come under.

use reelq_model::FailureKind;

use super::text::{outside_quotes, plain_words};
use crate::catalogue::Replies;

/// Parts of plain words: each list is one way of saying it, and holds where all of its parts are there.
const WAYS: [&[&str]; 36] = [
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
    &["balance not enough"],
    &["balance is not sufficient"],
    &["credits are not enough"],
    &["please top up"],
    &["payment required"],
    &["account", "overdue"],
    &["account", "arrears"],
    &["欠费"],
    &["余额不足"],
    &["额度不足"],
];

/// What a code is about that leaves the words beside it their meaning.
const ABOUT: [&str; 5] = ["credit", "balance", "quota", "fund", "billing"];
/// Codes that only say that the request was refused: they leave words their meaning, too.
const GENERAL: [&str; 6] =
    ["invalid_request_error", "invalid_request", "bad_request", "request_error", "api_error", "error"];
/// Words of a message that is about what was asked for: it may say the request's own words again.
const ECHOES: [&str; 6] = ["prompt", "moderat", "flagged", "policy", "sensitive", "safety"];
/// A longer message tells a story, and may quote.
const CHARS_MAX: usize = 120;

/// A refusal of a request, as far as it may be about credit.
#[derive(Clone, Copy)]
pub(super) struct CreditRefusal<'a> {
    /// The status that it amounts to.
    pub(super) status: Option<u16>,
    /// Its codes that are words, the vendor's own first.
    pub(super) codes: &'a [String],
    pub(super) said: Option<&'a str>,
}

impl CreditRefusal<'_> {
    /// Whether it means that the balance does not cover the request: by its code, or by words that nothing contradicts.
    pub(super) fn is_of_credit(self, replies: &Replies) -> bool {
        self.is_by_code(replies) || self.is_by_words(replies)
    }

    fn is_by_code(self, replies: &Replies) -> bool {
        let may_be = matches!(self.status, None | Some(400 | 402 | 403 | 422 | 429));
        may_be && self.codes.first().is_some_and(|code| is_meant(code, &replies.no_credit))
    }

    /// A specific code stands above words, and words above nothing.
    fn is_by_words(self, replies: &Replies) -> bool {
        let may_be = matches!(self.status, Some(400 | 402 | 403 | 429));
        may_be
            && self.codes.iter().all(|code| leaves_words(code, replies))
            && self.said.is_some_and(|said| is_said(said, replies))
    }
}

/// Whether a code is about credit, and means nothing else by the vendor's list; or says nothing at all.
fn leaves_words(code: &str, replies: &Replies) -> bool {
    let words = plain_words(code);
    if GENERAL.iter().any(|general| general.eq_ignore_ascii_case(code)) {
        return true;
    }
    let is_other = replies.status_of(code).is_some_and(|status| status != 402) || replies.ends_row(code);
    !is_other && ABOUT.iter().any(|about| words.contains(about))
}

fn is_said(message: &str, replies: &Replies) -> bool {
    let is_short = message.chars().count() <= CHARS_MAX;
    let words = plain_words(message);
    let is_echo = ECHOES.iter().any(|echo| words.contains(echo));
    let is_content = replies.kind_of(None, message) == Some(FailureKind::Content);
    is_short && !is_echo && !is_content && is_meant(&outside_quotes(message), &replies.no_credit)
}

/// Whether a code or message says that the balance does not cover the request; `own` are the vendor's further ways.
pub(super) fn is_meant(text: &str, own: &[String]) -> bool {
    let words = plain_words(text);
    let is_general = WAYS.iter().any(|parts| parts.iter().all(|part| words.contains(part)));
    is_general || own.iter().any(|part| words.contains(&plain_words(part)))
}

/// Whether a whole message says this and nothing else: then it is no echo of what was asked for.
pub(super) fn is_all_that_is_said(message: &str) -> bool {
    let words = plain_words(message);
    let words = words.trim().trim_end_matches('s');
    WAYS.iter().any(|parts| matches!(parts, [all] if all.trim_end_matches('s') == words))
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
            "You've exceeded your current quota",
            "账户余额不足",
        ] {
            assert!(is_meant(text, &[]) && is_said(text, &Replies::default()), "{text}");
        }
        for text in ["quota_window_exceeded", "quota exceeded for this minute", "rate limit", "not enough frames", ""] {
            assert!(!is_meant(text, &[]), "{text}");
        }
        assert!(is_meant("the purse is empty!", &["purse is empty".to_owned()]));
    }

    #[test]
    fn words_that_may_be_an_echo_mean_nothing() {
        for text in [
            r#"not allowed: "a phone that says insufficient balance""#,
            "not allowed: 'out of credit'",
            "not allowed: `not enough credits`",
            "not allowed: “not enough credits”",
            "not allowed: \"insufficient balance and so on",
            "rejected prompt: a phone that says insufficient balance",
            &format!("{} insufficient balance", "a long story".repeat(10)),
        ] {
            assert!(!is_said(text, &Replies::default()), "{text}");
        }
    }

    #[test]
    fn a_specific_code_stands_above_words() {
        let replies = Replies { failures: [("BAD".to_owned(), FailureKind::Invalid)].into(), ..Replies::default() };
        let is = |status, code: &str| {
            let codes = [code.to_owned()];
            CreditRefusal { status, codes: &codes, said: Some("insufficient balance") }.is_of_credit(&replies)
        };
        assert!(is(Some(400), "invalid_request_error") && is(Some(403), "bad_request"));
        assert!(is(Some(400), "quota_error") && is(Some(422), "insufficient_quota"));
        for (status, code) in [(400, "BAD"), (400, "invalid_size"), (422, "quota_error"), (500, "insufficient_quota")] {
            assert!(!is(Some(status), code), "{status} {code}");
        }
    }
}
