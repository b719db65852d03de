//! Everything that CI runs.

use anyhow::Result;

use crate::{
    command::{cargo, run, say, works},
    docs, setup, tidy,
};

/// Runs every check, the quick ones first.
pub(crate) fn run_checks() -> Result<()> {
    setup::run()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    say("\n$ cargo xtask tidy");
    tidy::run(false)?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    deny()?;
    run(cargo().args(["nextest", "run", "--workspace", "--all-features", "--test-threads", &threads()]))?;
    run(cargo().args(["test", "--doc", "--workspace", "--all-features"]))?;
    // The program is there: its tests have run it. To build it by itself, without what only tests need of its
    // dependencies, takes minutes.
    docs::run(true)
}

/// Half as many again as there are cores: tests wait for vendors, servers and clocks for most of their time.
fn threads() -> String {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    (cores + cores.div_ceil(2)).to_string()
}

/// Licences, bans and sources always; advisories where their database can be had.
fn deny() -> Result<()> {
    let check = || {
        let mut command = cargo();
        command.args(["deny", "--log-level", "error", "--all-features", "check"]);
        command
    };
    run(check().args(["bans", "licenses", "sources"]))?;
    if works(cargo().args(["deny", "fetch", "db"])) {
        return run(check().arg("advisories"));
    }
    say(
        "NOT CHECKED: advisories. Their database cannot be fetched here; run `cargo deny check advisories` with a network.",
    );
    Ok(())
}
