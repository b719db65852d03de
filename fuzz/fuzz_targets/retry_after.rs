#![no_main]

use std::time::Duration;

use reelq_model::Timestamp;

libfuzzer_sys::fuzz_target!(|input: (&str, i64)| {
    let (value, now) = input;
    let wait = reelq_http::retry_after(value, Timestamp::from_millis(now));
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(86_400)));
});
