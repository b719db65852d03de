//! Logs, to stderr. No secret is ever a field of one, and no text from outside steers the terminal.

use std::io::{self, Write};

use reelq_model::{is_hidden, visible};
use tracing_subscriber::EnvFilter;

/// Starts logging by a filter such as `warn` or `reelq_http=debug`; with colours where they are wanted.
pub fn start(filter: &str, colored: bool) -> Result<(), String> {
    let parsed = EnvFilter::try_new(filter).map_err(|error| format!("`{filter}` is not a log filter: {error}"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(move || LogOutput { colored });
    let started = logs.with_ansi(colored).with_target(false).try_init();
    started.map_err(|error| format!("failed to start logging: {error}"))
}

/// Standard error, a whole event at a time.
#[derive(Debug)]
struct LogOutput {
    /// The formatter's own colours are in it. It escapes those of a text from outside itself.
    colored: bool,
}

impl Write for LogOutput {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let shown = if self.colored { seen_in_color(&text) } else { visible(&text).into_owned() };
        // No one can be told that no one can be told.
        drop(io::stderr().lock().write_all(shown.as_bytes()));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Keeps the escapes that only colour.
fn seen_in_color(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_hidden) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let length = color_length(from).unwrap_or_else(|| from.chars().next().map_or(1, char::len_utf8));
        let (hidden, after) = from.split_at(length);
        let keep = color_length(from).is_some();
        shown.push_str(&if keep { hidden.into() } else { visible(hidden) });
        rest = after;
    }
    shown + rest
}

/// The length of the colour that the text begins with: `ESC [ digits and ; m`.
fn color_length(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let end = body.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    body[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_stay_and_everything_else_is_written_out() {
        let event = "\u{1b}[33m WARN\u{1b}[0m task \u{1b}[2J\u{9b}1A \u{202e}gone\n";
        let shown = seen_in_color(event);
        assert_eq!(shown, "\u{1b}[33m WARN\u{1b}[0m task \\u{1b}[2J\\u{9b}1A \\u{202e}gone\n");
    }
}
