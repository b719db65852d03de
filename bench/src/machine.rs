//! Which machine this is: no absolute figure means anything without it.

use std::{fs, thread};

use reelq_model::{Clock as _, SystemClock};
use serde::Serialize;

/// Where and when the figures were taken.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    /// What keeps the folders that are measured in.
    file_system: String,
    /// How much the machine had to do beside us when the bench began: the load average of a minute.
    load_at_start: String,
    date: String,
    /// Whether the programs were built without optimisation, so that no figure says anything.
    unoptimised: bool,
}

impl Machine {
    /// Asks the kernel.
    pub(crate) fn here() -> Self {
        let memory = line("/proc/meminfo", "MemTotal:").unwrap_or_default();
        let kib: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cpu: line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned()),
            cores: thread::available_parallelism().map_or(0, std::num::NonZero::get),
            memory_gib: kib.div_ceil(1 << 20),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            file_system: file_system().unwrap_or_else(|| "an unknown file system".to_owned()),
            load_at_start: load.split_whitespace().next().unwrap_or("unknown").to_owned(),
            date: SystemClock::new().now().to_string().chars().take(10).collect(),
            unoptimised: cfg!(debug_assertions),
        }
    }

    /// One line for the head of a table.
    pub(crate) fn describe(&self) -> String {
        let warning = if self.unoptimised { " UNOPTIMISED BUILD: these figures say nothing." } else { "" };
        format!(
            "{}, {} cores, {} GiB, Linux {}, {}, load {} at the start, {}.{warning}",
            self.cpu, self.cores, self.memory_gib, self.kernel, self.file_system, self.load_at_start, self.date
        )
    }
}

fn line(path: &str, label: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

/// Of the folder for temporary files: the mount whose path is the longest that it lies below.
fn file_system() -> Option<String> {
    let (folder, mounts) = (std::env::temp_dir(), fs::read_to_string("/proc/self/mounts").ok()?);
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let above = mounts.filter(|(path, _)| folder.starts_with(path));
    above.max_by_key(|(path, _)| path.len()).map(|(_, kind)| kind.to_owned())
}
