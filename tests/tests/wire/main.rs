//! What vendors and networks do, byte for byte, against the real binary: each test is a report of somebody's.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

mod asked_to_wait;
mod backups;
mod bulk;
mod charges;
mod clocks;
mod consent;
mod credit;
mod damaged;
mod ends;
mod forms;
mod frameworks;
mod full_redis;
mod gateways;
mod giving_up;
mod identity;
mod json;
mod late_files;
mod late_links;
mod later;
mod limits_lost;
mod moved_clocks;
mod named_tasks;
mod no_answer;
mod numbers;
mod outage;
mod outputs;
mod reading;
mod redaction;
mod replies;
mod resume;
mod retrying;
mod said;
mod screens;
mod shop;
mod signals;
mod streams;
mod terminal;
mod transport;
mod verdicts;
mod waiting;
mod withdrawals;
