//! Where the program's words go.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
};

use console::Style;
use reelq_manifest::Problems;
use reelq_model::visible;
use serde::Serialize;

use super::{document, stdout};
use crate::exit::Exit;

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Color {
    /// As the environment wishes, else on a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Painted {
    Nothing,
    /// Messages go to a terminal and data does not.
    Logs,
    Everything,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Volume {
    /// Everything.
    Usual,
    /// What is wrong, and what to do about it.
    Quiet,
}

/// Where the program's words go: data to stdout, messages to stderr.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// Data as JSON.
    json: bool,
    painted: Painted,
    /// Messages go to a terminal.
    terminal: bool,
    volume: Volume,
}

impl Out {
    /// Where the words go by what the user asked for; `wish` is the environment's wish for colours.
    pub fn new(json: bool, color: Color, wish: Option<bool>) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let wish = match color {
            Color::Auto => wish,
            Color::Always => Some(true),
            Color::Never => Some(false),
        };
        let painted = match (wish, terminal) {
            (Some(true), _) => Painted::Everything,
            (None, true) if std::io::stdout().is_terminal() => Painted::Everything,
            (None, true) => Painted::Logs,
            (Some(false), _) | (None, false) => Painted::Nothing,
        };
        console::set_colors_enabled(painted == Painted::Everything);
        console::set_colors_enabled_stderr(painted == Painted::Everything);
        Self { json, painted, terminal, volume: Volume::Usual }
    }

    /// The same, but where `quiet`, it says only what is wrong; data is written where JSON is asked for.
    #[must_use]
    pub const fn quiet_if(self, quiet: bool) -> Self {
        if quiet { Self { volume: Volume::Quiet, ..self } } else { self }
    }

    /// Whether logs have colours.
    pub fn colors_logs(self) -> bool {
        self.painted != Painted::Nothing
    }

    /// Whether data is to be JSON.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Whether messages go to a terminal.
    pub const fn is_terminal(self) -> bool {
        self.terminal
    }

    /// Whether someone looks on who wants to see how it goes.
    pub fn shows_progress(self) -> bool {
        self.terminal && !self.is_quiet()
    }

    /// Whether data is written as text.
    pub(crate) fn has_text(self) -> bool {
        !self.json && !self.is_quiet()
    }

    fn is_quiet(self) -> bool {
        self.volume == Volume::Quiet
    }

    /// Writes data for people. Texts from outside are in it: nothing of them reaches the terminal but what can be seen. What
    /// cannot be written makes the command fail at its end ([`Out::end`]).
    pub fn data(self, text: &str) {
        stdout::write(format!("{}\n", visible(text.trim_end())).as_bytes());
    }

    /// Writes data for programs, with its version.
    pub fn json<T: Serialize>(self, value: &T) {
        self.written(document::pretty(value));
    }

    /// Writes data for programs, in one line: one of many to come.
    pub fn json_line<T: Serialize>(self, value: &T) {
        self.written(document::line(value));
    }

    /// Writes JSON whose form is not ours.
    pub fn foreign_json<T: Serialize>(self, value: &T) {
        self.written(document::foreign(value));
    }

    fn written(self, json: serde_json::Result<String>) {
        match json {
            Ok(text) => self.data(&text),
            Err(error) => self.error(&format!("failed to write JSON: {error}")),
        }
    }

    /// Writes `value` as JSON where JSON is asked for, else the text that `draw` makes of it.
    pub fn report<T: Serialize>(self, value: &T, draw: impl FnOnce(&T) -> String) {
        if self.json {
            self.json(value);
        } else if !self.is_quiet() {
            self.data(&draw(value));
        }
    }

    /// The same for a list: as JSON, an object with the list under `name`.
    pub fn report_list<T: Serialize>(self, name: &str, list: &T, draw: impl FnOnce(&T) -> String) {
        if self.json {
            self.json(&BTreeMap::from([(name, list)]));
        } else if !self.is_quiet() {
            self.data(&draw(list));
        }
    }

    /// Writes raw bytes of data.
    pub fn raw(self, bytes: &[u8]) {
        stdout::write(bytes);
    }

    /// Writes a message that no one needs where all goes well.
    pub fn note(self, text: &str) {
        if !self.is_quiet() {
            self.say(text);
        }
    }

    /// Writes a message that someone has to see.
    pub fn say(self, text: &str) {
        self.drawn(&visible(text));
    }

    /// Writes a message whose colours are ours, and whose texts are safe to look at.
    #[expect(clippy::unused_self, reason = "only who was handed an `Out` may print")]
    fn drawn(self, text: &str) {
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }

    /// Writes how something ended: needed only where it did not end well.
    pub fn ending(self, exit: Exit, text: &str) {
        if exit == Exit::Done { self.note(text) } else { self.say(text) }
    }

    /// Writes a warning.
    pub fn warning(self, text: &str) {
        self.drawn(&format!("{} {}", self.style().yellow().bold().apply_to("warning:"), visible(text)));
    }

    /// Writes an error.
    pub fn error(self, text: &str) {
        self.drawn(&format!("{} {}", self.style().red().bold().apply_to("error:"), visible(text)));
    }

    /// Writes what is wrong with a manifest or the configuration; with JSON, also as data.
    pub fn problems(self, problems: &Problems) {
        if problems.is_empty() {
            return;
        }
        if self.json && problems.is_fatal() {
            self.json(&serde_json::json!({ "problems": problems }));
            return;
        }
        self.findings(problems);
        if problems.is_fatal() {
            let (errors, s) = (problems.error_count(), super::plural(problems.error_count()));
            self.error(&format!("{errors} error{s}; nothing was enqueued"));
        }
    }

    /// Writes problems as people read them, and nothing about what comes of them.
    pub fn findings(self, problems: &Problems) {
        if !problems.is_empty() {
            let width = console::Term::stderr().size_checked().map_or(100, |(_, width)| usize::from(width)).min(120);
            self.drawn(problems.render(self.painted == Painted::Everything, width).trim_end());
        }
    }

    /// The exit code of a command that would end so: data that was not written is a failure, but for a reader that went away.
    pub fn end(self, exit: Exit) -> Exit {
        match stdout::finish() {
            Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                self.error(&format!("failed to write to standard output, what is there is not whole: {error}"));
                Exit::Internal
            }
            _ => exit,
        }
    }

    /// Clears the terminal that data goes to.
    pub fn clear(self) {
        drop(console::Term::stdout().clear_screen());
    }

    fn style(self) -> Style {
        Style::new().for_stderr().force_styling(self.painted == Painted::Everything)
    }
}
