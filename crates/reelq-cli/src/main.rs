//! `reelq`: a durable batch runner for paid, asynchronous generation APIs. This file only starts the runtime.

mod app;
mod args;
mod commands;
mod mistyped;

fn main() -> std::process::ExitCode {
    app::main().into()
}
