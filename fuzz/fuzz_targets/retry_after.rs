#![no_main]

//! Reads texts as `Retry-After`: never a panic, never more than the longest wait.

use libfuzzer_sys::fuzz_target;
use reelq_model::Timestamp;
use reelq_provider::retry_after::{WAIT_MAX, parse};

fuzz_target!(|input: (&str, i64)| {
    let (header, now) = input;
    assert!(parse(header, Timestamp::from_millis(now)).is_none_or(|wait| wait <= WAIT_MAX));
});
