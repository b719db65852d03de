//! What a file's columns likely mean where no name says it: proposed, and never done by itself.

use std::fmt;

use reelq_results::taken;
use serde::Serialize;

use crate::{names::header_form, shell::shell_word};

/// Names that people give the column of their prompts, likeliest first, in the form in which headers are compared.
const PROMPTS: [&str; 32] = [
    "prompts",
    "prompt_en",
    "prompt_text",
    "text_prompt",
    "body.prompt",
    "input.prompt",
    "video_prompt",
    "positive_prompt",
    "positive",
    "prompt_positive",
    "final_prompt",
    "full_prompt",
    "base_prompt",
    "user_prompt",
    "enhanced_prompt",
    "提示词",
    "提示詞",
    "プロンプト",
    "프롬프트",
    "caption",
    "captions",
    "text",
    "description",
    "sentence",
    "instruction",
    "query",
    "文本",
    "描述",
    "name",
    "title",
    "shot_description",
    "image_prompt",
];

/// Names of what must not appear in a picture; a model that takes no such field would buy it unsaid.
const NEGATIVES: [&str; 6] = ["negative", "neg", "negatives", "neg_prompt", "prompt_negative", "negativeprompt"];

/// Names that likely mean a request field.
const FIELDS: [(&str, &str); 18] = [
    ("length", "duration"),
    ("seconds", "duration"),
    ("secs", "duration"),
    ("duration_s", "duration"),
    ("duration_seconds", "duration"),
    ("时长", "duration"),
    ("ratio", "aspect_ratio"),
    ("aspect", "aspect_ratio"),
    ("size", "resolution"),
    ("quality", "resolution"),
    ("image", "image_urls"),
    ("images", "image_urls"),
    ("reference", "image_urls"),
    ("references", "image_urls"),
    ("attachment", "image_urls"),
    ("attachments", "image_urls"),
    ("first_frame", "image_urls"),
    ("图片", "image_urls"),
];

/// How to read a file whose columns no one named: what to add to the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnProposal {
    /// A column of the file, and the field that it likely is.
    pub map: (String, String),
    /// Columns that would go unsent, and are better left out in so many words.
    pub ignore: Vec<String>,
}

impl ColumnProposal {
    /// The column of the prompts among columns that mean nothing yet; `None` where none of them is likely.
    pub(crate) fn of_prompts<'a>(strangers: impl IntoIterator<Item = &'a str> + Clone) -> Option<Self> {
        let found = likeliest(strangers.clone())?;
        let negative = |name: &&str| NEGATIVES.contains(&header_form(name).as_str());
        let ignore = strangers.into_iter().filter(negative).map(str::to_owned).collect();
        Some(Self { map: (found.to_owned(), "prompt".to_owned()), ignore })
    }

    /// The flags that say so, each a word of its own.
    pub fn flags(&self) -> Vec<String> {
        let (theirs, ours) = &self.map;
        let mut flags = vec!["--map".to_owned(), format!("{theirs}={ours}")];
        for column in &self.ignore {
            flags.extend(["--ignore".to_owned(), column.clone()]);
        }
        flags
    }
}

impl fmt::Display for ColumnProposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read the column `{}` as `{}`", self.map.0, self.map.1)?;
        match self.ignore.as_slice() {
            [] => Ok(()),
            ignored => write!(f, ", and leave out {}", quoted(ignored)),
        }
    }
}

fn likeliest<'a>(strangers: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let ranked = strangers.into_iter().filter_map(|name| Some((rank(&header_form(name))?, name)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, name)| name)
}

fn rank(form: &str) -> Option<usize> {
    if NEGATIVES.contains(&form) || form.contains("negative") {
        return None;
    }
    let known = PROMPTS.iter().position(|name| *name == form);
    // Some other prompt of a file goes before the names that only may be one.
    known.or_else(|| form.split(['_', '.']).any(|word| word == "prompt").then_some(15))
}

/// Whether a lone word is what people call such a column.
pub(crate) fn is_prompt_name(name: &str) -> bool {
    rank(&header_form(name)).is_some()
}

/// The field that a stranger's name likely means, where the vocabulary has it.
pub(crate) fn likely_field(name: &str) -> Option<&'static str> {
    let form = header_form(name);
    FIELDS.iter().find(|(alias, _)| *alias == form).map(|(_, field)| *field)
}

/// What there is to tell of columns that go into the result manifest: that they do, and which of them may have been meant for
/// the vendor.
pub fn told_of_carried(names: &[String]) -> Vec<String> {
    const SHOWN: usize = 12;
    let own: Vec<String> = names.iter().filter(|name| !name.to_ascii_lowercase().starts_with("x_")).cloned().collect();
    let renamed =
        names.iter().filter_map(|name| name.strip_prefix("x_")).filter(|name| taken().any(|ours| ours == *name));
    let mut told = Vec::new();
    if !own.is_empty() {
        let more = if own.len() > SHOWN { format!(" and {} more", own.len() - SHOWN) } else { String::new() };
        let shown = quoted(&own[..own.len().min(SHOWN)]);
        told.push(format!("carried to the result manifest, not sent: {shown}{more}"));
    }
    for name in renamed {
        told.push(format!("`{name}` is carried as `x_{name}`: the result manifest has a column of that name"));
    }
    for (name, field) in own.iter().filter_map(|name| Some((name, likely_field(name)?))) {
        told.push(format!(
            "`{name}` looks like `{field}`: to send it, add `--map {}`",
            shell_word(&format!("{name}={field}"))
        ));
    }
    told
}

/// Names as a sentence has them.
pub(crate) fn quoted(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{}`", crate::problem::readable(name))).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(columns: &[&str]) -> Option<String> {
        Some(ColumnProposal::of_prompts(columns.iter().copied())?.flags().join(" "))
    }

    #[test]
    fn the_likeliest_column_is_proposed_and_a_negative_one_is_left_out_in_so_many_words() {
        for (columns, flags) in [
            (vec!["Prompts", "Category"], "--map Prompts=prompt"),
            (vec!["videoid", "name", "type"], "--map name=prompt"),
            (vec!["Number", "positive", "negative"], "--map positive=prompt --ignore negative"),
            (vec!["Image Prompt", "Video Prompt"], "--map Video Prompt=prompt"),
            (vec!["audio_prompt", "title"], "--map audio_prompt=prompt"),
        ] {
            assert_eq!(proposed(&columns).as_deref(), Some(flags));
        }
        assert_eq!(proposed(&["Scene", "Take"]), None);
        assert_eq!(proposed(&["negative_prompt"]), None);
    }
}
