//! Breaks the Redis store's scripts, one small way at a time, and sees that a test turns red.
//!
//! Nothing is compiled for a mutation: the tests' binaries hold the scripts as text, so it is written into copies of
//! them. `mutations.diff` lists what is broken.

mod binary;
mod choice;
mod list;
mod tests;

use std::{fmt::Write as _, time::Instant};

use anyhow::{Result, ensure};

use crate::command::say;
use choice::Choice;
use list::Mutation;
use tests::{Outcome, Tests};

/// What the table shows in place of a test's name where no test noticed.
const SURVIVED: &str = "**SURVIVED**";

/// One line of the table.
struct Row {
    mutation: Mutation,
    outcome: Outcome,
    seconds: f32,
}

/// Tries the mutations that the arguments choose; fails where one is not noticed.
pub(crate) fn run_mutations(arguments: &[String]) -> Result<()> {
    let choice = Choice::read(arguments)?;
    let mutations: Vec<Mutation> =
        list::all()?.into_iter().filter(|mutation| choice.includes(&mutation.name)).collect();
    ensure!(!mutations.is_empty(), "no mutation is left to be tried");
    let tests = Tests::build()?;
    say("the tests, with the scripts as they are:");
    ensure!(matches!(tests.run(None)?, Outcome::Green), "the tests are red before anything is broken");
    let mut rows = Vec::new();
    for mutation in mutations {
        let row = try_one(&tests, mutation)?;
        say(&line(&row));
        rows.push(row);
    }
    conclude(&rows)
}

fn try_one(tests: &Tests, mutation: Mutation) -> Result<Row> {
    #[expect(clippy::disallowed_methods, reason = "the table says how long a test took to notice")]
    let began = Instant::now();
    let outcome = tests.with(&mutation, || tests.run(mutation.hint.as_deref()))?;
    Ok(Row { mutation, outcome, seconds: began.elapsed().as_secs_f32() })
}

fn line(row: &Row) -> String {
    let end = match &row.outcome {
        Outcome::Green => SURVIVED,
        Outcome::Red(test) => test,
    };
    let mut text = String::new();
    let (script, what) = (row.mutation.script(), row.mutation.what());
    _ = write!(text, "| {script} | {what} | {end} | {:.1} |", row.seconds);
    text
}

fn conclude(rows: &[Row]) -> Result<()> {
    let survivors: Vec<&str> =
        rows.iter().filter(|row| matches!(row.outcome, Outcome::Green)).map(|row| row.mutation.name.as_str()).collect();
    say(&format!("{} mutations, {} survived", rows.len(), survivors.len()));
    ensure!(survivors.is_empty(), "no test noticed:\n  {}", survivors.join("\n  "));
    Ok(())
}
