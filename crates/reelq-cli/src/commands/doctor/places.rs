//! Checks of this machine: clock, folders, disk, store.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use reelq_config::StorePlace;
use reelq_console::{CommandError, bytes};
use reelq_model::Timestamp;
use reelq_runner::{context::CommandContext, opened::OpenedStore};

use super::check::Check;

/// 2026-01-01: no machine that runs this is earlier.
const EARLIEST: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// Less room than this is soon full.
const ROOM: u64 = 2_000_000_000;

/// How far apart the two times may be without a word: drift, and what a round trip to a server takes.
const APART: Duration = Duration::from_secs(5);

/// The clock should show what the store's time is.
pub(super) async fn clock(context: &CommandContext) -> Check {
    let now = context.clock.now();
    let fix = "set the machine's clock (for example with NTP): link deadlines are compared with it";
    if now < EARLIEST {
        return Check::bad("clock", format!("it says {now}"), fix);
    }
    let time = match OpenedStore::read(context).await {
        Ok(Some(store)) => store.now().await.unwrap_or(now),
        _ => now,
    };
    if time.since(now).max(now.since(time)) > APART {
        let found = format!(
            "it says {now}, and the state's time is {time}: one of them was set. Waits, leases and deadlines go by the \
             state's, which comes to the clock by six minutes an hour; schedules go by the clock"
        );
        return Check::doubtful("clock", found, fix);
    }
    Check::good("clock", now.to_string())
}

/// The state's folder and the output place must take files, and have room.
pub(super) fn folders(context: &CommandContext) -> Vec<Check> {
    let mut checks = vec![folder("state folder", &context.state_folder())];
    let output = &context.config.output;
    if output.contains("://") {
        let fix = "a run writes to it first thing; check its credentials with the provider's own tool";
        checks.push(Check::doubtful("output place", format!("{output} is not looked at"), fix));
    } else {
        checks.push(folder("output place", Path::new(output)));
    }
    checks
}

fn folder(what: &str, path: &Path) -> Check {
    let shown = path.display();
    let there = existing(path);
    let probe = there.join(format!(".reelq-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"x");
    // A full disk takes the name and not what is in it.
    let removed = std::fs::remove_file(&probe);
    if let Err(error) = written.and(removed) {
        let fix = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on its disk",
            _ => "make it writable, or choose another with store or output in reelq.toml",
        };
        return Check::bad(what, format!("{shown} does not take files: {error}"), fix);
    }
    match fs4::available_space(&there) {
        Ok(room) if room < ROOM => Check::doubtful(
            what,
            format!("{shown} has {} left", bytes(room)),
            "make room: submission pauses when it is nearly full",
        ),
        Ok(room) => Check::good(what, format!("{shown}, {} left", bytes(room))),
        Err(error) => Check::doubtful(what, format!("{shown}: its room is not known ({error})"), "check it by hand"),
    }
}

/// The folder itself, or the nearest one above it that is there already.
fn existing(path: &Path) -> PathBuf {
    let above = path.ancestors().find(|folder| folder.is_dir()).filter(|folder| !folder.as_os_str().is_empty());
    above.unwrap_or(Path::new(".")).to_owned()
}

/// The store must open.
pub(super) async fn store(context: &CommandContext) -> Check {
    let shown = context.place().to_string();
    match OpenedStore::read(context).await {
        Ok(Some(_)) => Check::good("store", shown),
        Ok(None) => Check::good("store", format!("{shown} will be made by the first run")),
        Err(CommandError::Other(error)) => Check::bad("store", format!("failed to {error:#}"), elsewhere(context)),
        Err(CommandError::Usage(message) | CommandError::Again(message)) => {
            Check::bad("store", message, elsewhere(context))
        }
        Err(_) => Check::bad("store", format!("{shown} does not open"), elsewhere(context)),
    }
}

fn elsewhere(context: &CommandContext) -> &'static str {
    match context.place() {
        StorePlace::Sqlite(_) => "name another file with store = \"sqlite:…\", or fix this one",
        StorePlace::Redis(_) => "start the server, or fix `store` and [redis] in reelq.toml",
    }
}
