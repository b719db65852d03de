//! A child process from its start to its end.

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use reelq_model::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use wait4::Wait4 as _;

use super::Usage;

/// How often it is looked at: short beside anything that is measured by the clock.
const LOOK: Duration = Duration::from_millis(2);

/// A child at work, in a process group of its own. Dropped, it is killed, and whatever it started with it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Option<Child>,
    name: String,
    clock: SystemClock,
}

/// What a child cost, once it has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time, of what it waited for as well.
    pub(crate) cpu: Duration,
    /// The most memory that it held at any one time, up to a moment before its end.
    pub(crate) peak_bytes: u64,
    /// Bytes that it handed to a disk.
    pub(crate) written: u64,
}

impl Running {
    /// Starts `command`; it reads nothing unless a pipe was set.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let clock = SystemClock::new();
        let child = command.process_group(0).spawn().with_context(|| format!("start {name}"))?;
        Ok(Self { child: Some(child), name, clock })
    }

    /// Starts `command` and throws away whatever it says.
    pub(crate) fn quietly(command: &mut Command) -> Result<Self> {
        Self::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    }

    pub(crate) fn child(&mut self) -> Result<&mut Child> {
        self.child.as_mut().context("the process was waited for")
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.as_ref().context("the process was waited for")?.id())
    }

    /// Asks it to come to an end, as Ctrl-C does.
    pub(crate) fn interrupt(&self) -> Result<()> {
        let pid = self.pid().context("the process was waited for")?;
        rustix::process::kill_process(pid, Signal::INT).with_context(|| format!("interrupt {}", self.name))
    }

    /// Fails where it has ended.
    pub(crate) fn still_runs(&mut self) -> Result<()> {
        ensure!(!self.has_ended()?, "{} ended early", self.name);
        Ok(())
    }

    /// Waits until it ends by itself, and kills it after `limit`, which is an error.
    pub(crate) async fn end(mut self, limit: Duration) -> Result<Ended> {
        let mut peak_bytes = self.usage()?.peak_bytes;
        while !self.has_ended()? {
            if self.clock.monotonic() > limit {
                bail!("{} did not end within {} s", self.name, limit.as_secs());
            }
            tokio::time::sleep(LOOK).await;
            peak_bytes = peak_bytes.max(self.usage()?.peak_bytes);
        }
        let wall = self.clock.monotonic();
        let written = self.usage()?.written;
        let child = self.child.take().context("the process was waited for")?;
        let used = child.wait4().with_context(|| format!("wait for {}", self.name))?;
        let cpu = used.rusage.utime + used.rusage.stime;
        // What `wait4` tells of memory counts what this process held when it started the child.
        let peak_bytes = peak_bytes.unwrap_or(used.rusage.maxrss);
        Ok(Ended { status: used.status, wall, cpu, peak_bytes, written })
    }

    /// Whether it has, without waiting for it: `/proc` goes on telling what it used.
    fn has_ended(&self) -> Result<bool> {
        let pid = self.pid().context("the process was waited for")?;
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let ended = rustix::process::waitid(WaitId::Pid(pid), options);
        Ok(ended.with_context(|| format!("look at {}", self.name))?.is_some())
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.child.as_ref()?.id().try_into().ok()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        if let Some(mut child) = self.child.take() {
            _ = child.wait();
        }
    }
}

impl Ended {
    /// User and system time of each of `count`, in microseconds.
    pub(crate) fn cpu_us_each(&self, count: usize) -> f64 {
        1e6 * self.cpu.as_secs_f64() / count as f64
    }

    /// Peak memory in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.peak_bytes as f64 / f64::from(1 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn what_a_child_cost_is_known_when_it_ends() {
        let child = Running::quietly(&mut shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")).unwrap();
        let ended = child.end(Duration::from_mins(1)).await.unwrap();
        assert!(ended.status.success());
        assert!(ended.cpu > Duration::ZERO && ended.peak_bytes > 0);
    }

    #[tokio::test]
    async fn a_child_that_goes_on_for_too_long_is_killed_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("id");
        let script = format!("sleep 600 & echo $! > {}; wait", noted.display());
        let child = Running::quietly(&mut shell(&script)).unwrap();
        while std::fs::read_to_string(&noted).unwrap_or_default().is_empty() {
            tokio::task::yield_now().await;
        }
        child.end(Duration::ZERO).await.unwrap_err();
        let id: i32 = std::fs::read_to_string(&noted).unwrap().trim().parse().unwrap();
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        while !gone() {
            tokio::task::yield_now().await;
        }
    }
}
