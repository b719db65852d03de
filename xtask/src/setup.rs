//! Finds or installs the tools that the tests need.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command::{self, cargo, say, works};

/// Tools that are cargo subcommands, by the crate that installs them.
const CARGO_TOOLS: [(&str, &str); 2] = [("nextest", "cargo-nextest"), ("deny", "cargo-deny")];

/// Installs what is missing.
pub(crate) fn run() -> Result<()> {
    for (subcommand, package) in CARGO_TOOLS {
        if !works(cargo().args([subcommand, "--version"])) {
            // Unoptimised they are built in half the time, and they wait for others most of theirs.
            command::run(cargo().args(["install", "--locked", "--debug", package]))?;
        }
    }
    redis_server()?;
    say("every tool that the tests need is here");
    Ok(())
}

/// Only the program matters: the tests start servers of their own, on ports of their own.
fn redis_server() -> Result<()> {
    if works(Command::new("redis-server").arg("--version")) {
        return Ok(());
    }
    let by_hand = "install Redis 7 or newer by hand (https://redis.io/docs/latest/operate/oss_and_stack/install), so \
                   that `redis-server` is on the PATH";
    let Some(root) = as_root() else { bail!("redis-server is missing, and there is no way to become root: {by_hand}") };
    let apt = |arguments: &[&str]| {
        let (program, before) = root.split_first().unwrap_or((&"apt-get", &[]));
        // A machine that has just started may be updating itself.
        let patient = ["--option", "DPkg::Lock::Timeout=300"];
        command::run(Command::new(program).args(before).args(patient).args(arguments))
    };
    apt(&["update"])
        .and_then(|()| apt(&["install", "--yes", "--no-install-recommends", "redis-server"]))
        .with_context(|| format!("redis-server is missing, and apt-get does not install it: {by_hand}"))
}

/// The words in front of apt-get's arguments that make it run as root without asking anybody anything.
fn as_root() -> Option<&'static [&'static str]> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if is_root {
        return Some(&["apt-get"]);
    }
    works(Command::new("sudo").args(["--non-interactive", "true"])).then_some(&["sudo", "--non-interactive", "apt-get"])
}
