//! The tests of the Redis store, in copies of their binaries.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use super::{binary::Binary, list::Mutation};
use crate::command::{capture, cargo, root};

/// Which tests run: all of the store over Redis.
const WANTED: &str = "all()";
/// Tests of several seconds; they run once the others have seen nothing.
const SLOW: &str =
    "test(/invariants_hold|whose_client_died|takes_little|leavings_of|behind_a_thousand|waiting_for_news/)";

/// What the tests said.
pub(super) enum Outcome {
    /// Nothing.
    Green,
    /// This one failed.
    Red(String),
}

/// Copies of the tests' binaries.
pub(super) struct Tests {
    folder: PathBuf,
    binaries: Vec<Binary>,
}

impl Tests {
    /// Builds the tests and copies them.
    pub(super) fn build() -> Result<Self> {
        let list = ["nextest", "list", "--package", "reelq-store-redis", "--list-type", "binaries-only"];
        let metadata = capture(cargo().args(list).args(["--message-format", "json"]))?;
        let paths = paths_in(&metadata);
        let folder = paths.first().and_then(|path| path.parent()).context("there are no tests")?.join("mutate-lua");
        fs::create_dir_all(&folder)?;
        let binaries = paths.iter().map(|path| Binary::copy(path, &folder)).collect::<Result<Vec<_>>>()?;
        let mut moved = metadata;
        for (path, binary) in paths.iter().zip(&binaries) {
            moved = moved.replace(&quoted(path), &quoted(binary.path()));
        }
        fs::write(folder.join("binaries.json"), moved)?;
        Ok(Self { folder, binaries })
    }

    /// Runs `then` while the script is broken.
    pub(super) fn with<T>(&self, mutation: &Mutation, then: impl FnOnce() -> Result<T>) -> Result<T> {
        let (text, broken) = mutation.texts()?;
        let found = self.write(&text, &broken)?;
        ensure!(found > 0, "{}: no test's binary holds the script", mutation.name);
        let outcome = then();
        self.write(&text, &text)?;
        outcome
    }

    fn write(&self, place_of: &str, text: &str) -> Result<usize> {
        let found = self.binaries.iter().map(|binary| binary.write(place_of, text)).collect::<Result<Vec<_>>>()?;
        Ok(found.into_iter().sum())
    }

    /// Runs the tests until one is red: first those that are likely to be, then the quick ones, then the rest.
    pub(super) fn run(&self, hint: Option<&str>) -> Result<Outcome> {
        let likely = hint.map(|hint| format!("({WANTED}) & test(/{hint}/)"));
        let rest = [format!("({WANTED}) - {SLOW}"), format!("({WANTED}) & {SLOW}")];
        for filter in likely.into_iter().chain(rest) {
            let outcome = self.until_red(&filter)?;
            if let Outcome::Red(_) = outcome {
                return Ok(outcome);
            }
        }
        Ok(Outcome::Green)
    }

    /// One run of nextest. Its tests share a server, which ends with them, also where a broken script never lets go of it.
    fn until_red(&self, filter: &str) -> Result<Outcome> {
        let mut command = cargo();
        command.args(["nextest", "run", "--profile", "mutate", "--no-tests", "pass", "--binaries-metadata"]);
        command.arg(self.folder.join("binaries.json")).args(["--filterset", filter]);
        let output = command.output().context("start nextest")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Ok(Outcome::Green);
        }
        let red = said.lines().find_map(red_test).with_context(|| format!("nextest failed: {said}"))?;
        Ok(Outcome::Red(red))
    }
}

/// The binaries that hold scripts, by nextest's list of them.
fn paths_in(metadata: &str) -> Vec<PathBuf> {
    let values = metadata.split("\"binary-path\":\"").skip(1).filter_map(|rest| rest.split_once('"'));
    values.map(|(path, _)| root().join(path)).collect()
}

fn quoted(path: &Path) -> String {
    format!("\"binary-path\":\"{}\"", path.display())
}

/// The test that a line of nextest's says has failed. One that took too long may have noticed, or the machine was busy.
fn red_test(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (first, test) = (words.first()?, words.last()?);
    match *first {
        "FAIL" | "SIGABRT" | "SIGSEGV" => Some((*test).to_owned()),
        "TIMEOUT" => Some(format!("{test} (timed out)")),
        _ => None,
    }
}
