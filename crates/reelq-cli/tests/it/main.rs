//! The program's commands, as people and scripts use them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: a broken assumption is a failed test")]

mod commands;
mod doctor_redis;
mod forecasts;
mod foreign_files;
mod forms;
mod logs_and_colors;
mod operating;
mod results;
mod rows;
mod schedules;
mod shared_output;
mod workers;
