//! `reelq help-markdown`: every command's long help as one Markdown page, the same on every machine.

use clap::Command;
use reelq_console::{Exit, Out};

/// Wide enough for a line of the page, whatever the terminal.
const WIDTH: usize = 100;

pub(crate) fn run(program: Command, out: Out) -> Exit {
    out.data(&page(program));
    Exit::Done
}

fn page(program: Command) -> String {
    let mut root = program.term_width(WIDTH);
    root.build();
    let intro = "# The commands of reelq\n\nWritten by `cargo xtask docs`; do not edit by hand.";
    let mut sections = vec![intro.to_owned()];
    describe(&root, "reelq", &mut sections);
    sections.join("\n\n")
}

fn describe(command: &Command, name: &str, sections: &mut Vec<String>) {
    let help = command.clone().render_long_help().to_string();
    let lines: Vec<_> = help.trim_end().lines().map(str::trim_end).collect();
    sections.push(format!("## `{name}`\n\n```text\n{}\n```", lines.join("\n")));
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
        describe(inner, &format!("{name} {}", inner.get_name()), sections);
    }
}
