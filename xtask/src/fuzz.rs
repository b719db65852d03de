//! Runs every fuzz target for a while.

use anyhow::{Context as _, Result};

use crate::command::{capture, cargo, root, run};

/// Runs each target for the seconds in the first argument, 60 where there is none.
///
/// libFuzzer's instrumentation needs flags that the stable compiler hides; `RUSTC_BOOTSTRAP` shows them, so that no
/// second toolchain is needed.
pub(crate) fn run_targets(arguments: &[String]) -> Result<()> {
    let seconds: u32 = match arguments.first() {
        Some(text) => text.parse().with_context(|| format!("read `{text}` as a number of seconds"))?,
        None => 60,
    };
    let folder = root().join("fuzz");
    let fuzz = |verb: &str| {
        let mut command = cargo();
        command.current_dir(&folder).env("RUSTC_BOOTSTRAP", "1").args(["fuzz", verb, "--fuzz-dir", "."]);
        // The bundled SQLite defines one name twice on purpose; the sanitizer would stop before the first input.
        command.env("ASAN_OPTIONS", "detect_odr_violation=0");
        command
    };
    for target in capture(&mut fuzz("list"))?.lines() {
        let limit = format!("-max_total_time={seconds}");
        run(fuzz("run").args([target, "--", &limit, "-print_final_stats=1", "-verbosity=0"]))?;
    }
    Ok(())
}
