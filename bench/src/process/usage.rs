//! What `/proc` says that a process has used so far.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

/// Time and bytes of a process, its threads included. Not those of its own children.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// User and system time, to the clock's tick (10 ms).
    pub(crate) cpu: Duration,
    /// Bytes that were handed to a disk, or will be.
    pub(crate) written: u64,
    /// Memory that it holds; nothing of a process that has ended.
    pub(crate) resident_bytes: Option<u64>,
    /// The most that it held at any one time; likewise.
    pub(crate) peak_bytes: Option<u64>,
}

impl Usage {
    /// Reads it; also of a process that has ended and was not waited for yet.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let read = |name: &str| {
            let path = format!("/proc/{process}/{name}");
            fs::read_to_string(&path).with_context(|| format!("read {path} (Linux only)"))
        };
        let status = read("status")?;
        Ok(Self {
            cpu: cpu(&read("stat")?)?,
            written: labelled(&read("io")?, "write_bytes:").context("find write_bytes")?,
            resident_bytes: labelled(&status, "VmRSS:").map(|kib| kib * 1024),
            peak_bytes: labelled(&status, "VmHWM:").map(|kib| kib * 1024),
        })
    }

    /// What was used since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        let written = self.written.saturating_sub(before.written);
        Self { cpu: self.cpu.saturating_sub(before.cpu), written, ..self }
    }
}

/// User and system time of this process, to the nanosecond.
pub(crate) fn own_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn cpu(stat: &str) -> Result<Duration> {
    // The name of the program, in brackets, may hold blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).context("read the process's time");
    let ticks = field(11)? + field(12)?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

fn labelled(text: &str, label: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_time_and_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.peak_bytes.unwrap() > 100_000);
        assert_eq!(usage.since(usage).cpu, Duration::ZERO);
    }

    #[test]
    fn a_program_with_a_bracket_in_its_name_is_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 0 0 0 0 150 50 0 0 20 0 1 0";
        assert_eq!(cpu(stat).unwrap(), Duration::from_secs(2));
    }
}
