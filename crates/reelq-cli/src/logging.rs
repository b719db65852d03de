//! Logs, to stderr. No secret is ever a field of one.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging by a filter such as `warn` or `reelq_http=debug`.
pub(crate) fn start(filter: &str) -> Result<(), String> {
    let parsed = EnvFilter::try_new(filter).map_err(|error| format!("`{filter}` is not a log filter: {error}"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    let started = logs.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init();
    started.map_err(|error| format!("failed to start logging: {error}"))
}
