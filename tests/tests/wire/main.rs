//! What vendors and networks do, byte for byte, against the real binary: each test is a report of somebody's.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

mod asked_to_wait;
mod charges;
mod clocks;
mod credit;
mod ends;
mod forms;
mod frameworks;
mod gateways;
mod giving_up;
mod identity;
mod json;
mod late_files;
mod late_links;
mod later;
mod loss;
mod no_answer;
mod numbers;
mod outage;
mod outputs;
mod redaction;
mod replies;
mod resume;
mod retrying;
mod said;
mod screens;
mod shop;
mod terminal;
mod transport;
mod verdicts;
mod waiting;
mod withdrawals;
