//! The template of file names: literal text, `{field}` and `{field:06}`.

use std::fmt;

use reelq_model::{Job, JobId};
use reelq_store::Line;

use super::safe;
use crate::Media;

/// The fields that a template may name.
const FIELDS: [&str; 9] = ["row", "id", "job", "copy", "account", "provider", "model", "batch", "output"];

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// A brace without its partner.
    #[error("read the file name `{0}`: a brace is not closed or not opened")]
    Brace(String),
    /// An unknown field.
    #[error("read the file name: `{{{0}}}` is none of row, id, job, copy, account, provider, model, batch, output")]
    Field(String),
    /// A width that is none.
    #[error("read the file name: `:{0}` is not a width such as `:06`")]
    Width(String),
    /// It would leave the output place, or name nothing.
    #[error("read the file name `{0}`: it must be a relative path without `.` and `..` parts")]
    Path(String),
}

/// A checked template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate {
    parts: Vec<Vec<Piece>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field { field: &'static str, width: usize },
}

/// What a name is made of.
#[derive(Debug, Clone)]
pub struct NameValues<'a> {
    /// The job.
    pub job: &'a Job,
    /// The row and copy that it stands for; `None` where its line is gone.
    pub line: Option<&'a Line>,
    /// Counts the job's outputs from 1.
    pub output: usize,
    /// How many there are.
    pub outputs: usize,
    /// The extensions that its content may have; the first is given where the template names none of them.
    pub extensions: &'a [&'a str],
}

impl NameTemplate {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let path = || NameError::Path(text.to_owned());
        let parts: Vec<_> = text.split('/').map(|part| parse_part(part, text)).collect::<Result<_, _>>()?;
        let escapes = text.contains('\\') || text.split('/').any(|part| matches!(part.trim(), "" | "." | ".."));
        if escapes { Err(path()) } else { Ok(Self { parts }) }
    }

    /// The name of an output, relative to the output place, with `/` between its parts.
    pub fn name(&self, values: &NameValues<'_>) -> String {
        let mark = short(values.job.id);
        let mut parts: Vec<String> = self.parts.iter().map(|part| render(part, values)).collect();
        if let Some(last) = parts.last_mut() {
            *last = self.finished(last, values, &mark);
        }
        parts.iter().map(|part| safe::part(part, &mark)).collect::<Vec<_>>().join("/")
    }

    /// Adds what the template leaves out but two jobs need to never share a name.
    fn finished(&self, last: &str, values: &NameValues<'_>, mark: &str) -> String {
        let (stem, written) = split_extension(last);
        let mut stem = stem.to_owned();
        let unique = self.names("job")
            || (self.names("row") && self.names("copy") && values.line.is_some() && values.job.orphan_of.is_none());
        if !unique {
            stem = format!("{stem}-{mark}");
        }
        if values.outputs > 1 && !self.names("output") {
            stem = format!("{stem}-out{}", values.output);
        }
        let is_fitting = |written: &&str| values.extensions.iter().any(|known| known.eq_ignore_ascii_case(written));
        let own = safe::value(values.extensions.first().unwrap_or(&"bin"));
        format!("{stem}.{}", written.filter(is_fitting).unwrap_or(&own))
    }

    fn names(&self, wanted: &str) -> bool {
        self.parts.iter().flatten().any(|piece| matches!(piece, Piece::Field { field, .. } if *field == wanted))
    }
}

/// A name and the extension that it was given for its content; what else follows a dot is part of the name.
fn split_extension(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if Media::of_extension(extension).is_some() => (stem, Some(extension)),
        _ => (name, None),
    }
}

fn parse_part(part: &str, whole: &str) -> Result<Vec<Piece>, NameError> {
    let brace = || NameError::Brace(whole.to_owned());
    let (mut pieces, mut rest) = (Vec::new(), part);
    while let Some((text, after)) = rest.split_once('{') {
        let (field, after) = after.split_once('}').ok_or_else(brace)?;
        if text.contains('}') || field.contains('{') {
            return Err(brace());
        }
        pieces.push(Piece::Text(text.to_owned()));
        pieces.push(parse_field(field)?);
        rest = after;
    }
    if rest.contains('}') {
        return Err(brace());
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}

fn parse_field(text: &str) -> Result<Piece, NameError> {
    let (name, width) = text.split_once(':').unwrap_or((text, "0"));
    let field = FIELDS.into_iter().find(|field| *field == name.trim());
    let field = field.ok_or_else(|| NameError::Field(name.to_owned()))?;
    let parsed = width.parse::<usize>().ok().filter(|width| *width <= 20);
    Ok(Piece::Field { field, width: parsed.ok_or_else(|| NameError::Width(width.to_owned()))? })
}

fn render(part: &[Piece], values: &NameValues<'_>) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Field { field, width } => format!("{:0>width$}", safe::value(&value_of(field, values)), width = *width),
    };
    part.iter().map(piece).collect()
}

fn value_of(field: &str, values: &NameValues<'_>) -> String {
    let (spec, line) = (&values.job.spec, values.line);
    let shown = |value: &dyn fmt::Display| value.to_string();
    match field {
        "row" => shown(&line.map_or(0, |line| line.row)),
        "copy" => shown(&line.map_or(1, |line| line.copy)),
        "id" => line.and_then(|line| line.label.clone()).unwrap_or_else(|| short(values.job.id)),
        "account" => shown(&spec.account),
        "provider" => shown(&spec.provider),
        "model" => shown(&spec.model),
        "batch" => shown(&values.job.batch),
        "output" => shown(&values.output),
        _ => shown(&values.job.id),
    }
}

/// The first eight digits of a job's id.
fn short(id: JobId) -> String {
    id.to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        path::{Component, Path},
    };

    use proptest::prelude::*;

    use super::*;
    use reelq_testkit::sample;

    const USUAL: &str = "{row:06}-{id}-{copy}.mp4";

    fn line(row: u64, copy: u32, label: Option<&str>) -> Line {
        Line { row, copy, label: label.map(str::to_owned), passthrough: BTreeMap::new() }
    }

    fn name(template: &str, job: &Job, line: Option<&Line>) -> String {
        let values = NameValues { job, line, output: 1, outputs: 1, extensions: Media::Mp4.extensions() };
        NameTemplate::parse(template).unwrap().name(&values)
    }

    #[test]
    fn usual_template_gives_the_usual_name() {
        let job = sample::job("cat");
        assert_eq!(name(USUAL, &job, Some(&line(7, 2, Some("cat one")))), "000007-cat_one-2.mp4");
        let short = short(job.id);
        assert_eq!(name(USUAL, &job, Some(&line(7, 2, None))), format!("000007-{short}-2.mp4"));
        assert_eq!(name(USUAL, &job, None), format!("000000-{short}-1-{short}.mp4"));
        assert_eq!(name("{model}/{id}.mp4", &job, Some(&line(1, 1, Some("x")))), format!("hailuo-2.3/x-{short}.mp4"));
    }

    fn name_of(template: &str, extensions: &[&str]) -> String {
        let job = sample::job("cat");
        let line = line(1, 1, Some("x"));
        let values = NameValues { job: &job, line: Some(&line), output: 2, outputs: 2, extensions };
        NameTemplate::parse(template).unwrap().name(&values)
    }

    #[test]
    fn several_outputs_are_counted_and_each_has_the_extension_of_its_content() {
        assert_eq!(name_of(USUAL, Media::Png.extensions()), "000001-x-1-out2.png");
        assert_eq!(name_of(USUAL, Media::Webm.extensions()), "000001-x-1-out2.webm");
        assert_eq!(name_of("{row}-{copy}.MOV", Media::Mp4.extensions()), "1-1-out2.mp4");
        assert_eq!(name_of("{row}-{copy}.MOV", Media::Mov.extensions()), "1-1-out2.MOV");
        assert_eq!(name_of("{row}-{copy}.m4v", Media::Mp4.extensions()), "1-1-out2.m4v");
        assert_eq!(name_of("{row}-{copy}.v2", Media::Mp4.extensions()), "1-1.v2-out2.mp4");
        assert_eq!(name_of(USUAL, &["png.unverified"]), "000001-x-1-out2.png.unverified");
    }

    #[test]
    fn bad_templates_are_refused() {
        for text in [
            "",
            "/a.mp4",
            "../{row}.mp4",
            "a//b.mp4",
            "a\\b.mp4",
            "{row",
            "row}",
            "{{row}}",
            "{rows}",
            "{row:x}",
            "{row:99}",
            "./a",
        ] {
            assert!(NameTemplate::parse(text).is_err(), "{text}");
        }
    }

    fn is_safe(name: &str) -> bool {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        let parts = name.split('/').all(|part| {
            !part.is_empty()
                && part.len() <= 200
                && !part.starts_with(['.', ' ', '-'])
                && !part.ends_with(['.', ' '])
                && !part.contains(|c: char| c.is_control() || r#"<>:"\|?*"#.contains(c))
        });
        inside && parts
    }

    proptest! {
        #[test]
        fn any_label_gives_a_safe_name(label in any::<String>(), row: u64, copy: u32) {
            let job = sample::job("cat");
            for template in [USUAL, "{id}/{id}.mp4", "{id}", "{id}.{row}.{copy}"] {
                let name = name(template, &job, Some(&line(row, copy, Some(&label))));
                prop_assert!(is_safe(&name), "{name:?} from {label:?}");
            }
        }

        #[test]
        fn jobs_never_share_a_name(labels in proptest::collection::vec("[a-c/.:]{0,3}|x{300}", 1..20)) {
            for template in [USUAL, "{id}.mp4", "{id}/{model}.mp4", "{job}.mp4", "{row}.mp4"] {
                let mut names = BTreeSet::new();
                for (n, label) in labels.iter().enumerate() {
                    let job = sample::job(&format!("prompt {n}"));
                    let line = line(n as u64 / 2, u32::try_from(n % 2).unwrap(), Some(label));
                    let name = name(template, &job, Some(&line));
                    prop_assert!(names.insert(name.to_lowercase()), "{name} twice");
                }
            }
        }
    }
}
