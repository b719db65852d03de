//! Which limit a refusal names, where it names one. "Too many requests" and "rate limit" name none: vendors say both of
//! either.

use reelq_model::Limit;

const AT_ONCE: [&str; 10] = [
    "concurren",
    "at once",
    "in flight",
    "in progress",
    "parallel",
    "simultaneous",
    "queue_full",
    "queue is full",
    "active tasks",
    "too many tasks",
];
const IN_A_TIME: [&str; 8] =
    ["per second", "per minute", "per hour", "/min", "rpm", "qps", "quota_window", "sliding window"];

/// The limit that a vendor's code and message name. Tasks at once go first: their refusal may come under a code that means
/// both.
pub(super) fn named(code: Option<&str>, message: &str) -> Option<Limit> {
    let said = format!("{} {message}", code.unwrap_or_default()).to_lowercase();
    let names = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if names(&AT_ONCE) { Some(Limit::InFlight) } else { names(&IN_A_TIME).then_some(Limit::Rate) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_vendors_use_of_both_name_none() {
        let cases = [
            (None, "Rate limit exceeded", None),
            (Some("rate_limit_exceeded"), "too many requests", None),
            (Some("rate_limit_exceeded"), "too many tasks at once", Some(Limit::InFlight)),
            (Some("quota_window_exceeded"), "too many tasks at once", Some(Limit::InFlight)),
            (Some("quota_window_exceeded"), "quota used up", Some(Limit::Rate)),
            (Some("account_queue_full"), "try again later", Some(Limit::InFlight)),
            (None, "Concurrency limit reached", Some(Limit::InFlight)),
            (None, "20 requests per minute", Some(Limit::Rate)),
        ];
        for (code, message, limit) in cases {
            assert_eq!(named(code, message), limit, "{code:?} {message}");
        }
    }
}
