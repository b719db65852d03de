//! Complaints as problems, so that configuration and manifests are told in one style.

use std::{collections::BTreeMap, path::PathBuf};

use reelq_manifest::{Excerpt, GroupedProblems, Problem, Problems};
use reelq_model::Severity;

use super::{ConfigProblem, MergedSettings, origin::Origin};

/// All complaints, each with the line that it is about.
pub fn problems(settings: &MergedSettings) -> Problems {
    let mut problems = Problems::default();
    problems.extend(settings.complaints.iter().map(|complaint| problem(complaint, &settings.files)));
    problems
}

fn problem(complaint: &ConfigProblem, files: &BTreeMap<PathBuf, String>) -> Problem {
    let (file, line, column) = match &complaint.origin {
        Origin::File { path, line, column } => (path.clone(), u64::try_from(*line).ok(), u64::try_from(*column).ok()),
        other => (PathBuf::from(other.to_string()), None, None),
    };
    let named = complaint.key.is_empty() || complaint.rule.starts_with(&complaint.key);
    let rule = if named { complaint.rule.clone() } else { format!("`{}` {}", complaint.key, complaint.rule) };
    Problem {
        severity: if complaint.warning { Severity::Warning } else { Severity::Error },
        excerpt: excerpt(complaint, files),
        proposal: None,
        file,
        line,
        column,
        field: Some(complaint.key.clone()).filter(|key| !key.is_empty()),
        value: complaint.value.clone().filter(|value| !may_be_secret(&complaint.key) && !value.contains('@')),
        rule,
        hint: complaint.hint.clone(),
        grouped: GroupedProblems::default(),
    }
}

fn excerpt(complaint: &ConfigProblem, files: &BTreeMap<PathBuf, String>) -> Option<Excerpt> {
    let Origin::File { path, line, column } = &complaint.origin else { return None };
    let line = files.get(path)?.lines().nth(line.checked_sub(1)?)?;
    let offset = line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(offset, _)| offset);
    let is_account = complaint.key.starts_with("accounts.") && complaint.key.matches('.').count() == 1;
    let text = without_secret(line, is_account);
    let offset = offset.min(text.len());
    let rest = text.get(offset..)?;
    let shown = complaint.value.as_deref().filter(|value| rest.starts_with(value));
    let word = || rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | ']')).unwrap_or(rest.len());
    let length = shown.map_or_else(word, str::len);
    Some(Excerpt { text, offset, length })
}

/// What a key that may hold a secret has in its name.
const SECRET_WORDS: [&str; 5] = ["key", "secret", "token", "password", "accounts"];

/// Whether a key's value must not be shown: people paste secrets into the wrong place.
pub(crate) fn may_be_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key).to_lowercase();
    SECRET_WORDS.iter().any(|word| last.contains(word))
}

/// The line up to the first value that may be a secret.
fn without_secret(line: &str, is_account: bool) -> String {
    let lower = line.to_ascii_lowercase();
    let word = SECRET_WORDS.iter().filter_map(|word| lower.find(word)).min().or(is_account.then_some(0));
    let after_word = word.and_then(|word| Some(word + line.get(word..)?.find('=')? + 1));
    let userinfo = line.find("://").filter(|start| line[*start..].contains('@')).map(|start| start + 3);
    match after_word.into_iter().chain(userinfo).min() {
        Some(cut) => format!("{} …", line[..cut].trim_end()),
        None => line.to_owned(),
    }
}
