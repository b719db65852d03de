//! Values from outside a manifest, for rows that name none: `model=hailuo-2.3`. They come after every default of its own.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    Problems, ReadingOptions, Vocabulary,
    assemble::FieldEntry,
    csv::{self, ColumnPlan},
    entries::Defaults,
    jsonl::flatten,
    location::{FieldSpans, KeySpan, Layer},
    names::{NameMeaning, Names, RowField},
};

/// What rows take that no one else gives a value: from the command line, and from the configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct OuterDefaults {
    /// Those of `--set`.
    pub(crate) set: Option<Arc<Defaults>>,
    /// Those of the configuration, which come last.
    configured: Option<Arc<Defaults>>,
}

impl OuterDefaults {
    /// Reads what the options say.
    pub(crate) fn read(options: &ReadingOptions, vocabulary: &Vocabulary) -> Result<Self, Problems> {
        let set = read(&options.set, Path::new("--set"), vocabulary)?.map(Arc::new);
        let configured = match &options.defaults {
            Some((file, values)) => configured(file, values, vocabulary)?.map(Arc::new),
            None => None,
        };
        Ok(Self { set, configured })
    }

    /// Whether one of them gives a prompt.
    pub(crate) fn give_prompt(&self) -> bool {
        self.weakest_first().any(|defaults| gives_prompt(&defaults.entries))
    }

    fn weakest_first(&self) -> impl Iterator<Item = &Defaults> {
        self.configured.iter().chain(&self.set).map(AsRef::as_ref)
    }

    /// The layers of defaults of a source, weakest first.
    pub(crate) fn below<'a>(&'a self, own: &'a [Defaults]) -> Vec<&'a Defaults> {
        self.weakest_first().chain(own).collect()
    }
}

/// Whether some of the entries are a prompt.
pub(crate) fn gives_prompt(entries: &[FieldEntry]) -> bool {
    entries.iter().any(|entry| entry.target.name() == "prompt")
}

fn configured(file: &Path, values: &Map<String, Value>, vocabulary: &Vocabulary) -> Result<Option<Defaults>, Problems> {
    let plan = ColumnPlan { names: Arc::new(Names::new(vocabulary, &[])), ..ColumnPlan::default() };
    let text = Value::Object(values.clone()).to_string();
    let layer = Layer { fields: FieldSpans::None, ..Layer::plain(&Arc::from(file), &text, 1) };
    let mut found = Vec::new();
    let entries = flatten(values.clone(), &plan, &layer, &mut found);
    let mut problems = Problems::default();
    for mut problem in found {
        // Where it stands in the configuration's own text is not known here.
        (problem.line, problem.column, problem.excerpt) = (None, None, None);
        problem.rule = format!("[defaults]: {}", problem.rule);
        problems.push(problem);
    }
    if problems.is_fatal() {
        return Err(problems);
    }
    Ok((!entries.is_empty()).then(|| Defaults { entries, layer: Arc::new(layer) }))
}

/// Reads `FIELD=VALUE` texts; values are read as CSV cells are. `origin` stands for their file in problems.
pub(crate) fn read(given: &[String], origin: &Path, vocabulary: &Vocabulary) -> Result<Option<Defaults>, Problems> {
    let names = Names::new(vocabulary, &[]);
    let text = given.join("\n");
    let plain = Layer::plain(&Arc::from(origin), &text, 1);
    let (mut spans, mut entries, mut problems) = (BTreeMap::new(), Vec::<FieldEntry>::new(), Problems::default());
    let mut start = 0;
    for one in given {
        let name = one.split('=').next().unwrap_or_default();
        let key = start..start + name.len();
        let value = (key.end + 1).min(start + one.len())..start + one.len();
        match entry(one, &names) {
            Ok(entry) if entries.iter().any(|other| other.target == entry.target) => {
                problems.push(plain.problem(key, format!("`{}` is given twice", entry.target.name())));
            }
            Ok(entry) => {
                spans.insert(entry.target.name().to_owned(), KeySpan { key, value });
                entries.push(entry);
            }
            Err((rule, hint)) => problems.push(plain.problem(key, rule).with_field(name).with_hint(hint)),
        }
        start += one.len() + 1;
    }
    if problems.is_fatal() {
        return Err(problems);
    }
    let layer = Arc::new(Layer { fields: FieldSpans::Keys(Arc::new(spans)), ..plain });
    Ok((!entries.is_empty()).then_some(Defaults { entries, layer }))
}

type RecordError = (String, String);

fn entry(one: &str, names: &Names) -> Result<FieldEntry, RecordError> {
    let Some((name, value)) = one.split_once('=') else {
        return Err(("a value must be given as FIELD=VALUE".to_owned(), "for example `model=hailuo-2.3`".to_owned()));
    };
    let target = match names.header(name) {
        NameMeaning::Field(target @ (RowField::Id | RowField::Passthrough(_))) => {
            let rule = format!("`{}` belongs to each row and cannot be given for all", target.name());
            return Err((rule, "write it into the manifest".to_owned()));
        }
        NameMeaning::Field(target) => target,
        NameMeaning::Parent => {
            return Err((format!("`{name}` has parts"), format!("give each part: `{name}.PART=VALUE`")));
        }
        NameMeaning::Unknown => {
            let near = names.nearest(name).map(|near| format!("did you mean `{near}`? "));
            let hint = format!("{}`reelq models` shows the fields of each model", near.unwrap_or_default());
            return Err((format!("unknown field `{}`", crate::problem::readable(name)), hint));
        }
    };
    let value = csv::value(&target, value, value.trim().into()).map_err(|error| {
        (format!("the value of `{name}` is not valid JSON: {error}"), "quote it for the shell".into())
    })?;
    if value == Value::String(String::new()) {
        return Err((format!("`{name}` must have a value"), format!("for example `{name}=VALUE`")));
    }
    Ok(FieldEntry { target, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[&str]) -> Result<Option<Defaults>, Problems> {
        let vocabulary =
            Vocabulary { fields: vec!["prompt".to_owned(), "duration".to_owned(), "image_urls".to_owned()] };
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        read(&texts, Path::new("--set"), &vocabulary)
    }

    #[test]
    fn values_are_read_as_cells_are() {
        let read = given(&["model=hailuo=2", "Image-URLs=[\"a.png\"]"]).unwrap().unwrap();
        let values: Vec<_> = read.entries.iter().map(|entry| (entry.target.name(), entry.value.to_string())).collect();
        assert_eq!(values, [("model", "\"hailuo=2\"".to_owned()), ("image_urls", "[\"a.png\"]".to_owned())]);
        assert!(given(&[]).unwrap().is_none());
    }

    #[test]
    fn every_slip_is_told_with_its_place() {
        let problems = given(&["model", "durtion=6", "id=a", "model=", "duration=6", "duration=7"]).unwrap_err();
        let spans: Vec<_> = problems.errors().iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(spans, [1, 2, 3, 4, 6].map(|line| (Some(line), Some(1))));
        assert!(problems.to_string().contains("unknown field `durtion`"), "{problems}");
    }
}
