//! Where the program's words go.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
};

use clap::ValueEnum;
use console::Style;
use reelq_manifest::{Problems, visible};
use serde::Serialize;

use super::{document, stdout};
use crate::exit::Exit;

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
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
pub(crate) struct Out {
    /// Data as JSON.
    json: bool,
    color: bool,
    /// Messages go to a terminal.
    terminal: bool,
    volume: Volume,
}

impl Out {
    pub(crate) fn new(json: bool, color: Color, no_color: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let color = match color {
            Color::Auto => terminal && std::io::stdout().is_terminal() && !no_color,
            Color::Always => true,
            Color::Never => false,
        };
        console::set_colors_enabled(color);
        console::set_colors_enabled_stderr(color);
        Self { json, color, terminal, volume: Volume::Usual }
    }

    /// The same, but where `quiet`, it says only what is wrong; data is written where JSON is asked for.
    pub(crate) const fn quiet_if(self, quiet: bool) -> Self {
        if quiet { Self { volume: Volume::Quiet, ..self } } else { self }
    }

    /// Whether data is to be JSON.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether messages go to a terminal.
    pub(crate) const fn is_terminal(self) -> bool {
        self.terminal
    }

    /// Whether somebody looks on who wants to see how it goes.
    pub(crate) fn shows_progress(self) -> bool {
        self.terminal && !self.is_quiet()
    }

    fn is_quiet(self) -> bool {
        self.volume == Volume::Quiet
    }

    /// Writes data for people. Texts from outside are in it: nothing of them reaches the terminal but what can be seen. What
    /// cannot be written makes the command fail at its end ([`Out::end`]).
    #[expect(clippy::unused_self, reason = "only who was handed an `Out` may print")]
    pub(crate) fn data(self, text: &str) {
        stdout::write(format!("{}\n", visible(text.trim_end())).as_bytes());
    }

    /// Writes data for programs, with its version.
    pub(crate) fn json<T: Serialize>(self, value: &T) {
        self.written(document::pretty(value));
    }

    /// Writes data for programs, in one line: one of many to come.
    pub(crate) fn json_line<T: Serialize>(self, value: &T) {
        self.written(document::line(value));
    }

    /// Writes JSON whose form is not ours.
    pub(crate) fn foreign_json<T: Serialize>(self, value: &T) {
        self.written(document::foreign(value));
    }

    fn written(self, json: serde_json::Result<String>) {
        match json {
            Ok(text) => self.data(&text),
            Err(error) => self.error(&format!("failed to write JSON: {error}")),
        }
    }

    /// Writes `value` as JSON where JSON is asked for, else the text that `draw` makes of it.
    pub(crate) fn report<T: Serialize>(self, value: &T, draw: impl FnOnce(&T) -> String) {
        if self.json {
            self.json(value);
        } else if !self.is_quiet() {
            self.data(&draw(value));
        }
    }

    /// The same for a list: as JSON, an object with the list under `name`.
    pub(crate) fn report_list<T: Serialize>(self, name: &str, list: &T, draw: impl FnOnce(&T) -> String) {
        if self.json {
            self.json(&BTreeMap::from([(name, list)]));
        } else if !self.is_quiet() {
            self.data(&draw(list));
        }
    }

    /// Writes raw bytes of data.
    #[expect(clippy::unused_self, reason = "only who was handed an `Out` may print")]
    pub(crate) fn raw(self, bytes: &[u8]) {
        stdout::write(bytes);
    }

    /// Writes a message that nobody needs where all goes well.
    pub(crate) fn note(self, text: &str) {
        if !self.is_quiet() {
            self.say(text);
        }
    }

    /// Writes a message that somebody has to see.
    pub(crate) fn say(self, text: &str) {
        self.drawn(&visible(text));
    }

    /// Writes a message whose colours are ours, and whose texts are safe to look at.
    #[expect(clippy::unused_self, reason = "only who was handed an `Out` may print")]
    fn drawn(self, text: &str) {
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }

    /// Writes how something ended: needed only where it did not end well.
    pub(crate) fn ending(self, exit: Exit, text: &str) {
        if exit == Exit::Done { self.note(text) } else { self.say(text) }
    }

    /// Writes a warning.
    pub(crate) fn warning(self, text: &str) {
        self.drawn(&format!("{} {}", self.style().yellow().bold().apply_to("warning:"), visible(text)));
    }

    /// Writes an error.
    pub(crate) fn error(self, text: &str) {
        self.drawn(&format!("{} {}", self.style().red().bold().apply_to("error:"), visible(text)));
    }

    /// Writes what is wrong with a manifest or the configuration; with JSON, also as data.
    pub(crate) fn problems(self, problems: &Problems) {
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
    pub(crate) fn findings(self, problems: &Problems) {
        if !problems.is_empty() {
            let width = console::Term::stderr().size_checked().map_or(100, |(_, width)| usize::from(width)).min(120);
            self.drawn(problems.render(self.color, width).trim_end());
        }
    }

    fn style(self) -> Style {
        Style::new().for_stderr().force_styling(self.color)
    }
}
