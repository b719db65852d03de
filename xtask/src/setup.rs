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
    PROGRAMS.iter().try_for_each(Program::find_or_install)?;
    say("every tool that the tests need is here");
    Ok(())
}

/// A program that the tests start, and how it is found or installed.
struct Program {
    name: &'static str,
    /// An argument with which it does nothing and ends well.
    harmless: &'static str,
    /// What Debian calls its packages.
    packages: &'static [&'static str],
    /// What to do where apt-get does not install it.
    by_hand: &'static str,
}

/// Only the programs matter: the tests start processes of their own, on ports and in folders of their own.
const PROGRAMS: [Program; 3] = [
    Program {
        name: "redis-server",
        harmless: "--version",
        packages: &["redis-server"],
        by_hand: "install Redis 7 or newer by hand (https://redis.io/docs/latest/operate/oss_and_stack/install)",
    },
    Program {
        name: "soffice",
        harmless: "--version",
        packages: &["libreoffice-calc-nogui"],
        by_hand: "install LibreOffice Calc by hand (https://www.libreoffice.org/download)",
    },
    Program {
        name: "chromedriver",
        harmless: "--version",
        packages: &["chromium", "chromium-driver"],
        by_hand: "install Chromium and its chromedriver by hand (https://developer.chrome.com/docs/chromedriver)",
    },
];

impl Program {
    fn find_or_install(&self) -> Result<()> {
        let Self { name, by_hand, .. } = self;
        if works(Command::new(name).arg(self.harmless)) {
            return Ok(());
        }
        let by_hand = format!("{by_hand}, so that `{name}` is on the PATH");
        let Some(root) = as_root() else { bail!("{name} is missing, and there is no way to become root: {by_hand}") };
        let install = [&["install", "--yes", "--no-install-recommends"], self.packages].concat();
        apt(root, &["update"])
            .and_then(|()| apt(root, &install))
            .with_context(|| format!("{name} is missing, and apt-get does not install it: {by_hand}"))
    }
}

fn apt(root: &[&str], arguments: &[&str]) -> Result<()> {
    let (program, before) = root.split_first().unwrap_or((&"apt-get", &[]));
    // A machine that has just started may be updating itself.
    let patient = ["--option", "DPkg::Lock::Timeout=300"];
    command::run(Command::new(program).args(before).args(patient).args(arguments))
}

/// The words in front of apt-get's arguments that make it run as root without asking anybody anything.
fn as_root() -> Option<&'static [&'static str]> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if is_root {
        return Some(&["apt-get"]);
    }
    works(Command::new("sudo").args(["--non-interactive", "true"])).then_some(&["sudo", "--non-interactive", "apt-get"])
}
