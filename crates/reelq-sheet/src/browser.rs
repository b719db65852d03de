//! Opens the sheet in a browser, where there is a screen.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use reelq_console::Out;
use reelq_runner::context::CommandContext;

/// Opens a file in the browser of the person who looks on. That it cannot be is no failure: its path was said.
pub(crate) fn open(path: &Path, context: &CommandContext, out: Out) {
    let is_mac = cfg!(target_os = "macos");
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| context.environment.plain(name).is_some());
    if !is_mac && !has_screen {
        return out.note("there is no screen here: open it in a browser");
    }
    let program = if is_mac { "open" } else { "xdg-open" };
    let started =
        Command::new(program).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        out.note(&format!("`{program}` cannot be started ({error}): open it in a browser"));
    }
}
