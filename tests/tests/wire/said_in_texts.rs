//! Commands that the docs and the program's own texts name are commands that there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use reelq_tests::reelq;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

/// Where a command ends in a text.
const ENDS: [&str; 16] = [
    "`",
    "\"",
    "\\n",
    "\n",
    "; ",
    " | ",
    " || ",
    " && ",
    " #",
    " > ",
    "  ",
    " or reelq",
    ", then",
    " (",
    "\u{2026}",
    "} ",
];

fn ended(rest: &str) -> &str {
    let end = ENDS.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ',', ':', ')', '\\'])
}

/// The subcommand and the flags of each command in a text; what is no word of its own is passed over.
fn named(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let starts = text.match_indices("reelq ").filter(|(at, _)| {
        text[..*at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && !"-_/.".contains(before))
    });
    let words = starts.map(|(at, _)| ended(&text[at..]).split_whitespace().skip(1).map(str::to_owned).collect());
    words.filter_map(|words: Vec<String>| command(&words)).collect()
}

fn command(words: &[String]) -> Option<(String, BTreeSet<String>)> {
    let plain = |word: &String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let at = words.iter().position(plain).filter(|at| *at == 0)?;
    let mut name = words[at].clone();
    if ["cron", "config"].contains(&name.as_str()) {
        name = format!("{name} {}", words.get(1).filter(|word| plain(word))?);
    }
    let flag = |word: &String| {
        let flag: String = word.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        (flag.starts_with("--") && flag.len() > 2).then_some(flag)
    };
    Some((name, words.iter().filter_map(flag).collect()))
}

/// The help of each command, read once.
#[derive(Default)]
struct Help(BTreeMap<String, Option<String>>);

impl Help {
    fn of(&mut self, name: &str) -> Option<&str> {
        let read = || {
            let folder = tempfile::tempdir().unwrap();
            let arguments: Vec<&str> = name.split(' ').chain(["--help"]).collect();
            let ended = reelq(folder.path(), &arguments);
            (ended.code == Some(0)).then_some(ended.stdout)
        };
        self.0.entry(name.to_owned()).or_insert_with(read).as_deref()
    }
}

/// Words behind the program's name that begin a sentence about it.
const PROSE: [&str; 30] = [
    "account", "and", "asks", "as", "buys", "cannot", "can", "does", "ended", "ends", "has", "in", "is", "itself",
    "job", "keeps", "knows", "left", "made", "manifest", "never", "of", "on", "orphan", "reads", "runs", "says",
    "test", "that", "wrote",
];

#[test]
fn every_command_in_the_docs_and_in_the_programs_texts_is_there_with_its_flags() {
    let mut texts = vec![root().join("README.md")];
    files(&root().join("docs"), "md", &mut texts);
    for owner in [
        "cli",
        "config",
        "console",
        "runner",
        "store",
        "collector",
        "worker",
        "submitter",
        "poller",
        "producer",
        "manifest",
    ] {
        files(&root().join(format!("crates/reelq-{owner}/src")), "rs", &mut texts);
    }
    let (mut help, mut missing, mut checked) = (Help::default(), BTreeSet::new(), 0);
    for path in texts {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (name, flags) in lines.flat_map(named) {
            let first = name.split(' ').next().unwrap_or_default();
            let Some(help) = help.of(&name) else {
                if !PROSE.contains(&first) && !flags.is_empty() {
                    missing.insert(format!("{}: reelq {name}", path.display()));
                }
                continue;
            };
            checked += 1;
            let absent = |flag: &&String| !help.contains(&format!("{flag} ")) && !help.contains(&format!("{flag}\n"));
            missing.extend(flags.iter().filter(absent).map(|flag| format!("{}: reelq {name} {flag}", path.display())));
        }
    }
    assert!(checked > 100, "only {checked} commands were found");
    assert!(missing.is_empty(), "{missing:#?}");
}
