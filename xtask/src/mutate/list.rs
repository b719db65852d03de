//! The mutations: what is taken out of a script and what stands there instead.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::command::root;

/// One way to break one script.
#[derive(Debug, Default)]
pub(super) struct Mutation {
    /// The script, a colon, and what is broken.
    pub name: String,
    /// The tests that are likely to notice, as a regular expression; it saves time and decides nothing.
    pub hint: Option<String>,
    taken: String,
    put: String,
}

impl Mutation {
    /// The script's name.
    pub(super) fn script(&self) -> &str {
        self.name.split_once(": ").map_or("", |(script, _)| script)
    }

    /// What is broken.
    pub(super) fn what(&self) -> &str {
        self.name.split_once(": ").map_or("", |(_, what)| what)
    }

    /// The script's text as it is, and broken: of the same length, so that it fits in its place.
    pub(super) fn texts(&self) -> Result<(String, String)> {
        let path = scripts().join(format!("{}.lua", self.script()));
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let found = text.matches(&self.taken).count();
        ensure!(found == 1, "{}: what it takes out stands in the script {found} times", self.name);
        let broken = fit(&text.replacen(&self.taken, &self.put, 1), text.len());
        ensure!(broken.len() == text.len(), "{}: the broken script is too long", self.name);
        Ok((text, broken))
    }
}

/// Where the scripts lie.
fn scripts() -> PathBuf {
    root().join("crates/reelq-store-redis/src/scripts")
}

/// Comments give way until a text is no longer than `length`; blanks fill what is left.
fn fit(text: &str, length: usize) -> String {
    let mut over = text.len().saturating_sub(length);
    let mut fitted = String::with_capacity(length);
    for line in text.split_inclusive('\n') {
        if over > 0 && line.trim_start().starts_with("--") {
            over = over.saturating_sub(line.len());
        } else {
            fitted.push_str(line);
        }
    }
    let missing = length.saturating_sub(fitted.len());
    fitted.extend(std::iter::repeat_n('\n', missing));
    fitted
}

/// Every mutation, each of which fits its script, and of each script one at least: the first of each script, the second
/// of each, and so on, so that a run that is broken off has been everywhere.
pub(super) fn all() -> Result<Vec<Mutation>> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut mutations = Vec::new();
    for mutation in read()? {
        let turn = seen.entry(mutation.script().to_owned()).or_default();
        *turn += 1;
        mutations.push((*turn, mutation));
    }
    mutations.sort_by_key(|(turn, _)| *turn);
    let mutations: Vec<Mutation> = mutations.into_iter().map(|(_, mutation)| mutation).collect();
    for mutation in &mutations {
        mutation.texts()?;
    }
    for entry in fs::read_dir(scripts())? {
        let path = entry?.path();
        let script = path.file_stem().context("a script has a name")?.to_string_lossy();
        ensure!(seen.contains_key(&*script), "{script}.lua has no mutation");
    }
    Ok(mutations)
}

fn read() -> Result<Vec<Mutation>> {
    let mut mutations: Vec<Mutation> = Vec::new();
    for line in include_str!("mutations.diff").lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("== ") {
            mutations.push(Mutation { name: name.to_owned(), ..Mutation::default() });
            continue;
        }
        let mutation = mutations.last_mut().context("the list begins without a name")?;
        if let Some(hint) = line.strip_prefix("? ") {
            mutation.hint = Some(hint.to_owned());
            continue;
        }
        let (text, rest) = match line.split_at_checked(1) {
            Some(("-", rest)) => (&mut mutation.taken, rest),
            Some(("+", rest)) => (&mut mutation.put, rest),
            _ => anyhow::bail!("{}: a line is neither taken nor put: {line}", mutation.name),
        };
        text.push_str(rest);
        text.push('\n');
    }
    Ok(mutations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_fits_and_every_script_has_one() {
        assert!(!all().unwrap().is_empty());
    }
}
