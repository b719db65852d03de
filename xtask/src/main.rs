//! The project's chores: `cargo xtask setup | test | docs | bench | fuzz | mutate-lua | tidy`.
//!
//! Depends on none of the project's crates and on little else, so that it builds in seconds on a bare machine.

mod bench;
mod command;
mod docs;
mod fuzz;
mod mutate;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup             find or install the tools that the tests need
  test              everything that CI runs: format, sizes (tidy), lints, tests, doctests, licences, generated docs
  docs [--check]    write the generated docs, or fail where they are not current
  bench [ARGS]      measure; `cargo xtask bench --help` lists what
  fuzz [SECONDS]    run every fuzz target for so long (default 60 each)
  mutate-lua [NAME...] [--except-noticed TABLE]
                    break the Redis store's scripts one by one (those whose name contains a NAME, without those that the
                    TABLE of an earlier run shows as noticed); a test must turn red
  tidy [--all]      measure sizes, circles, names and sentences, and fail over a limit; --all lists the largest";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match name {
        "setup" => setup::run(),
        "test" => test::run_checks(),
        "docs" => docs::build().and_then(|()| docs::run(rest.iter().any(|argument| argument == "--check"))),
        "bench" => bench::run_bench(rest),
        "fuzz" => fuzz::run_targets(rest),
        "mutate-lua" => mutate::run_mutations(rest),
        "tidy" => tidy::run(rest.iter().any(|argument| argument == "--all")),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            command::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
