//! The commands that people are told to use next: complete, and leading to the same state.

use reelq_config::shown_store;
use reelq_console::{quoted, shell_word};
use reelq_model::BatchName;
use reelq_store::BatchDraft;

use crate::context::CommandContext;

impl CommandContext {
    /// The flags that lead another command to the same state.
    pub fn flags(&self) -> String {
        let simulate = self.is_simulated().then(|| " --simulate".to_owned());
        let config = self
            .invocation
            .flags
            .config
            .as_ref()
            .map(|path| format!(" --config {}", quoted(&path.display().to_string())));
        let store =
            self.invocation.flags.store.as_ref().map(|store| format!(" --store {}", quoted(&shown_store(store))));
        [simulate, config, store].into_iter().flatten().collect()
    }

    /// The command as it was typed, with more words; the address of a store without its password.
    pub fn same_command(&self, more: &[String]) -> String {
        Self::shown(&self.invocation.words, more)
    }

    /// The command as it was typed, but of another name and for people; nothing where it read standard input, which is gone.
    pub fn same_words_with(&self, name: &str, other: &str) -> Option<String> {
        let words = &self.invocation.words;
        let at = words.iter().position(|word| word == name)?;
        if words.iter().any(|word| word == "-") {
            return None;
        }
        let mut words = words.clone();
        words.splice(at..=at, [other.to_owned()]);
        words.retain(|word| word != "--json");
        Some(Self::shown(&words, &[]))
    }

    fn shown(words: &[String], more: &[String]) -> String {
        let mut shown: Vec<String> = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let is_store =
                index.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|word| word == "--store");
            let word = match word.strip_prefix("--store=") {
                Some(store) => format!("--store={}", shown_store(store)),
                None if is_store => shown_store(word),
                None => word.clone(),
            };
            shown.push(shell_word(&word));
        }
        // What follows `--` is no flag.
        let end = shown.iter().position(|word| word == "--").unwrap_or(shown.len());
        shown.splice(end..end, more.iter().map(|word| shell_word(word)));
        format!("reelq {}", shown.join(" "))
    }

    /// The command that tells what loading a batch's manifest again, in the same way, would do. It changes nothing.
    pub fn plan_command(&self, batch: &BatchDraft) -> String {
        let with = batch.loaded_with.clone().unwrap_or_default();
        let manifest = if with.manifest.is_empty() { &batch.manifest } else { &with.manifest };
        let flag = |name: &str, value: &String| format!(" {name} {}", quoted(value));
        let config =
            with.config.iter().filter(|_| self.invocation.flags.config.is_none()).map(|path| flag("--config", path));
        let account = with.account.iter().map(|account| flag("--account", account));
        let output = with.output.iter().map(|place| flag("--output", place));
        let set = with.set.iter().map(|one| flag("--set", one));
        let stop = with.stop_if.iter().map(|rule| format!(" --stop-if {}", shell_word(rule)));
        let reading = with.reading.iter().map(|word| format!(" {}", shell_word(word)));
        let flags: String = account.chain(output).chain(set).chain(reading).chain(stop).chain(config).collect();
        format!("reelq plan {} --batch {}{flags}{}", quoted(manifest), batch.name, self.flags())
    }

    /// The command that goes on with what is in the store for a batch, and adds nothing to it.
    pub fn continue_command(&self, batch: &BatchName) -> String {
        format!("reelq continue {batch}{}", self.flags())
    }

    /// The command that follows and fetches what a batch has bought, and buys nothing.
    pub fn follow_command(&self, batch: &BatchName) -> String {
        format!("reelq worker --batch {batch} --stages poll,collect --drain{}", self.flags())
    }
}

/// What holds for a state that came from a backup.
pub fn held(context: &CommandContext) -> String {
    let flags = context.flags();
    format!(
        "what was bought since is not in it, so that nothing is bought before you say that it may be:\n  \
         to follow and fetch what it knows, free of charge: reelq worker --stages poll,collect --drain{flags}\n  \
         to buy what is queued in it, though some of it may be bought already: reelq resume --after-loss{flags}"
    )
}
