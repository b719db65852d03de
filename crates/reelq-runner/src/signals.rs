//! Ctrl-C, SIGTERM, SIGHUP and SIGQUIT: once stops cleanly, again after a moment at once.
//!
//! Every command is watched from its first moment, for as process 1 of a container it has no default to rely on. A command
//! that ends in good order takes its signals over with [`Signals::take`]; all others end at once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use reelq_console::Exit;
use reelq_model::{Clock as _, SystemClock};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals within this time are one: supervisors send several, and Ctrl-C reaches a process and whoever started it.
const ONE: Duration = Duration::from_secs(1);

/// How many parts of the program have taken the signals over.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// The signals that end a command, taken over from the watch over all commands until it is dropped.
#[derive(Debug)]
pub struct Signals {
    all: Vec<Signal>,
    clock: SystemClock,
    /// When the last one was told.
    told: Option<Duration>,
}

impl Signals {
    /// Takes the signals over.
    pub fn take() -> std::io::Result<Self> {
        let all = listen()?;
        TAKEN.fetch_add(1, Ordering::SeqCst);
        Ok(Self { all, clock: SystemClock::new(), told: None })
    }

    /// Waits for the next one that does not belong to the last.
    pub async fn next(&mut self) {
        loop {
            any(&mut self.all).await;
            let now = self.clock.monotonic();
            if !belongs_to(self.told, now) {
                self.told = Some(now);
                return;
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        TAKEN.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Ends the process at a signal that no part of the program has taken over. What a command had begun is as after a kill:
/// files are placed whole or not at all, and the store is safe.
///
/// # Errors
///
/// Where the system lets no one listen for signals.
pub fn watch() -> std::io::Result<()> {
    let mut all = listen()?;
    #[expect(clippy::disallowed_methods, reason = "it lives as long as the process, and holds nothing")]
    drop(tokio::spawn(async move {
        let (clock, mut stopping) = (SystemClock::new(), None);
        loop {
            any(&mut all).await;
            let now = clock.monotonic();
            if TAKEN.load(Ordering::SeqCst) > 0 {
                stopping = Some(now);
            } else if !belongs_to(stopping, now) {
                #[expect(clippy::disallowed_methods, reason = "the command may be in a call that nothing interrupts")]
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    }));
    Ok(())
}

/// Whether a signal that comes now is one with the last.
fn belongs_to(last: Option<Duration>, now: Duration) -> bool {
    last.is_some_and(|last| now.saturating_sub(last) < ONE)
}

fn listen() -> std::io::Result<Vec<Signal>> {
    let ignored = ignored();
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()].into_iter();
    // A process that was started to outlast its terminal (nohup) is left as it was started.
    let asked = [SignalKind::hangup(), SignalKind::quit()].into_iter();
    kinds.chain(asked.filter(|kind| !is_in(ignored, *kind))).map(signal).collect()
}

/// The signals that whoever started this process had set to be ignored, as bits from signal 1 on.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

const fn is_in(mask: u64, kind: SignalKind) -> bool {
    mask & (1 << (kind.as_raw_value() - 1)) != 0
}

async fn any(all: &mut [Signal]) {
    std::future::poll_fn(|context| {
        // Each is asked, so that each wakes this task.
        let mut came = false;
        for signal in all.iter_mut() {
            came |= signal.poll_recv(context).is_ready();
        }
        if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_found_in_the_mask_that_the_system_shows() {
        assert!(is_in(0b1, SignalKind::hangup()) && !is_in(0b1, SignalKind::quit()));
        assert!(is_in(0b100, SignalKind::quit()));
    }
}
