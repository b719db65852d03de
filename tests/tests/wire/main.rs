//! What vendors and networks do, byte for byte, against the real binary: each test is a report of somebody's.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

mod late_files;
mod outage;
