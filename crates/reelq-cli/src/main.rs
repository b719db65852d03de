//! `reelq`: a durable batch runner for paid, asynchronous generation APIs. This file only starts the runtime.

mod app;
mod args;
mod commands;
mod images;
mod next_step;
mod paid;
mod providers;
mod running;
mod session;
mod simulation;
mod store;

fn main() -> std::process::ExitCode {
    app::main().into()
}
