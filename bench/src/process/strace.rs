//! System calls of a program, counted by `strace -c` where that is installed.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};

use super::{is_installed, succeed};

/// Runs `command` under `strace` to its end; how many calls it made, or `None` where there is no `strace` that works.
///
/// A traced program is many times slower: nothing else is to be measured on it.
pub(crate) async fn system_calls(command: &Command, counted: &Path, limit: Duration) -> Result<Option<u64>> {
    if !is_installed("strace") {
        return Ok(None);
    }
    let mut traced = Command::new("strace");
    traced.args(["--follow-forks", "--summary-only", "--output"]).arg(counted);
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        traced.current_dir(folder);
    }
    succeed(&mut traced, limit).await?;
    let table = std::fs::read_to_string(counted).context("read strace's table")?;
    total(&table).map(Some).context("find the total in strace's table")
}

/// The number of calls in the last line: share, seconds, microseconds a call, calls, errors, "total".
fn total(table: &str) -> Option<u64> {
    let line = table.lines().rev().find(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        let table = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000012           1        10         2 read
------ ----------- ----------- --------- --------- ----------------
100.00    0.000020           1        18         2 total
";
        assert_eq!(total(table), Some(18));
    }
}
