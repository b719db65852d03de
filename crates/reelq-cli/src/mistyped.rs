//! Commands that people type and that are called otherwise here: each leads to the one that was meant, and none does
//! something else silently.

use reelq_console::quoted;

/// What people type, and what it is called here.
const MEANT: [(&str, &str); 26] = [
    ("ls", "status"),
    ("list", "status"),
    ("ps", "status"),
    ("jobs", "status"),
    ("batches", "status"),
    ("stat", "status"),
    ("info", "status"),
    ("watch", "status --watch"),
    ("top", "status --watch"),
    ("validate", "plan"),
    ("check", "plan"),
    ("verify", "plan"),
    ("lint", "plan"),
    ("dry-run", "plan"),
    ("preview", "plan"),
    ("export", "results"),
    ("download", "results"),
    ("output", "results"),
    ("start", "run"),
    ("submit", "run"),
    ("add", "enqueue"),
    ("stop", "pause"),
    ("log", "logs"),
    ("view", "open"),
    ("delete", "purge"),
    ("rm", "purge"),
];

/// The word that no command is called by, and the whole command that was meant; `arguments` are those behind the program's
/// name.
pub(crate) fn meant(arguments: &[String]) -> Option<(&str, String)> {
    let at = command_at(arguments)?;
    let typed = arguments[at].as_str();
    let (_, command) = MEANT.iter().find(|(word, _)| *word == typed)?;
    let before = arguments[..at].iter().map(|argument| word(argument));
    let behind = arguments[at + 1..].iter().map(|argument| word(argument));
    let words: Vec<_> = before.chain([(*command).to_owned()]).chain(behind).collect();
    Some((typed, format!("reelq {}", words.join(" "))))
}

/// An argument as a shell takes it for one word; a flag stays one.
fn word(argument: &str) -> String {
    match argument.strip_prefix('-') {
        Some(flag) if !flag.is_empty() => format!("-{}", word(flag)),
        _ => quoted(argument),
    }
}

/// Flags of every command that take a value.
const WITH_VALUE: [&str; 4] = ["--config", "--store", "--log", "--color"];

/// Where the command stands: behind flags and their values.
fn command_at(arguments: &[String]) -> Option<usize> {
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        if !argument.starts_with('-') {
            return Some(at);
        }
        at += if WITH_VALUE.contains(&argument.as_str()) { 2 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        meant(&words).map(|(_, command)| command)
    }

    #[test]
    fn what_people_type_leads_to_the_whole_command() {
        for (typed, told) in [
            ("ls", Some("reelq status")),
            ("watch shots", Some("reelq status --watch shots")),
            (
                "--simulate --store s.db validate my.csv --account wave",
                Some("reelq --simulate --store s.db plan my.csv --account wave"),
            ),
            ("status ls", None),
            ("rnu", None),
        ] {
            assert_eq!(of(typed).as_deref(), told, "{typed}");
        }
    }
}
