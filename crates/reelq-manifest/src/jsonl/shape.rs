//! Which shape a JSON or YAML file has: lines of objects, a list, an object of objects.

use serde_json::{Map, Value};

use reelq_forms::Bytes;

use super::{items::Items, parse, pieces::Pieces};
use crate::{
    Format, Problem,
    assemble::plain,
    input::Input,
    names::{NameMeaning, Names},
    problem::readable,
    proposal::is_prompt_name,
    shell::shell_word,
};

/// How much of a file is looked at to tell its shape.
const START: usize = 1 << 20;

/// Where the rows of the file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One object a line.
    Lines,
    /// A list; it begins after so many bytes, on this line.
    List { after: usize, line: u64 },
    /// A list inside an object.
    Inner { after: usize, line: u64 },
    /// An object of objects, whose names are the rows' ids.
    Entries { after: usize, line: u64 },
    /// A single object that is one row.
    One,
    /// A YAML file.
    Yaml,
}

impl Shape {
    /// Tells it by the file's beginning.
    pub(crate) fn of(
        input: &Input,
        format: Format,
        names: &Names,
        told: &mut Vec<String>,
    ) -> Result<Self, Box<Problem>> {
        if format == Format::Yaml {
            return Ok(Self::Yaml);
        }
        let mut bytes = input.open()?;
        let start = bytes.start(START).map_err(|error| input.unreadable(&error))?;
        match start.trim_ascii_start().first() {
            Some(b'[') => Ok(Self::list(start)),
            Some(b'{') if format == Format::Json => of_object(input, start, names, told),
            Some(_) => Ok(Self::Lines),
            None => {
                let hint = "each row is one object, for example {\"prompt\": \"a red kite\"}";
                Err(Box::new(Problem::of_file(&input.path, "the file is empty").with_hint(hint)))
            }
        }
    }

    fn list(start: &[u8]) -> Self {
        let (after, line) = after(start, b'[');
        Self::List { after, line }
    }

    /// Begins to read.
    pub(crate) fn open(self, input: &Input) -> Result<Pieces, Box<Problem>> {
        let mut bytes = input.open()?;
        Ok(match self {
            Self::Lines => Pieces::Lines(bytes, 0),
            Self::List { after, line } => {
                Pieces::Items(Box::new(Items::new(skipped(input, bytes, after)?, line, false)))
            }
            Self::Inner { after, line } => {
                Pieces::Items(Box::new(Items::new(skipped(input, bytes, after)?, line, false).inside()))
            }
            Self::Entries { after, line } => {
                Pieces::Items(Box::new(Items::new(skipped(input, bytes, after)?, line, true)))
            }
            Self::One => {
                let start = bytes.start(START).map_err(|error| input.unreadable(&error))?;
                let item = reelq_forms::YamlItem {
                    line: 1,
                    key: None,
                    json: String::from_utf8_lossy(start).trim().to_owned(),
                };
                Pieces::Yaml(vec![item].into_iter())
            }
            Self::Yaml => Pieces::Yaml(yaml(input)?.into_iter()),
        })
    }
}

/// Bytes up to a bracket and with it, and the line that it stands on.
fn after(start: &[u8], bracket: u8) -> (usize, u64) {
    let at = start.iter().position(|byte| *byte == bracket).map_or(0, |at| at + 1);
    (at, 1 + memchr::memchr_iter(b'\n', &start[..at]).count() as u64)
}

fn skipped(input: &Input, mut bytes: Bytes, count: usize) -> Result<Bytes, Box<Problem>> {
    for _ in 0..count {
        bytes.next().map_err(|error| input.unreadable(&error))?;
    }
    Ok(bytes)
}

fn of_object(input: &Input, start: &[u8], names: &Names, told: &mut Vec<String>) -> Result<Shape, Box<Problem>> {
    let text = String::from_utf8_lossy(start);
    let Ok(Value::Object(object)) = parse(text.trim()) else { return Ok(of_beginning(start, &text)) };
    if is_keyframes(&object) {
        let rule = "the file is a schedule of keyframes as Deforum has it, not a list of rows";
        let hint = "each of its texts is for a moment of one film: a row is a film of its own; write one prompt a row";
        return Err(Box::new(Problem::of_file(&input.path, rule).with_hint(hint)));
    }
    if !object.is_empty() && object.values().all(Value::is_object) {
        let (after, line) = after(start, b'{');
        return Ok(Shape::Entries { after, line });
    }
    match inner_list(&object) {
        Some(name) => {
            refuse_beside(input, &object, names)?;
            told.push(format!("the list under `{}` is read", readable(name)));
            Ok(of_inner(start, &text, name))
        }
        None => Ok(Shape::One),
    }
}

/// Names that people give the list of their rows; any name does that says what a prompt is.
const LISTS: [&str; 16] = [
    "rows",
    "items",
    "data",
    "samples",
    "examples",
    "entries",
    "records",
    "jobs",
    "tasks",
    "scenes",
    "shots",
    "videos",
    "clips",
    "list",
    "results",
    "questions",
];

/// `{"prompts": [...]}`, with some words about the list beside it. Where there are several lists, or one of something else, no
/// one can tell which are the rows.
fn inner_list(object: &Map<String, Value>) -> Option<&str> {
    let mut lists = object.iter().filter(|(_, value)| value.is_array());
    let (name, list) = lists.next()?;
    let items = list.as_array().filter(|items| !items.is_empty())?;
    let is_rows = items.iter().all(Value::is_object) || items.iter().all(Value::is_string);
    let is_named = LISTS.contains(&name.to_lowercase().as_str()) || is_prompt_name(name);
    (is_rows && is_named && !object.contains_key("prompt") && lists.next().is_none()).then_some(name.as_str())
}

/// A field beside the list was meant for its rows, and would be lost.
fn refuse_beside(input: &Input, object: &Map<String, Value>, names: &Names) -> Result<(), Box<Problem>> {
    let is_field = |(name, value): &(&String, &Value)| {
        !value.is_array() && names.key(name) != NameMeaning::Unknown && *name != "id" && !value.is_null()
    };
    let Some((name, value)) = object.iter().find(is_field) else { return Ok(()) };
    let rule = format!("`{name}` stands beside the list of rows, and is not read");
    let hint = format!(
        "give it to the rows: `--set {}`, and take it out of the file",
        shell_word(&format!("{name}={}", plain(value)))
    );
    Err(Box::new(Problem::of_file(&input.path, rule).with_field(name).with_hint(hint)))
}

fn of_inner(start: &[u8], text: &str, name: &str) -> Shape {
    let quoted = Value::String(name.to_owned()).to_string();
    let Some(at) = text.find(&quoted).map(|at| at + quoted.len()) else { return Shape::One };
    let (after, line) = after(&start[at.min(start.len())..], b'[');
    let before = memchr::memchr_iter(b'\n', &start[..at.min(start.len())]).count() as u64;
    Shape::Inner { after: at + after, line: line + before }
}

/// Several objects, or one that is longer than what was looked at.
fn of_beginning(start: &[u8], text: &str) -> Shape {
    let mut first = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if first.next().is_some_and(|line| parse(line).is_ok()) {
        return Shape::Lines;
    }
    let inside = text.trim_start().trim_start_matches('{').trim_start();
    let value = inside.split_once(':').map(|(_, value)| value.trim_start().chars().next());
    match value.flatten() {
        Some('{') if start.len() >= START => {
            let (after, line) = after(start, b'{');
            Shape::Entries { after, line }
        }
        Some('[') if start.len() >= START => Shape::list(start),
        _ => Shape::Lines,
    }
}

/// Deforum's prompts: moments of one film by the number of the frame.
fn is_keyframes(object: &Map<String, Value>) -> bool {
    !object.is_empty()
        && object
            .iter()
            .all(|(name, value)| value.is_string() && !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
}

fn yaml(input: &Input) -> Result<Vec<reelq_forms::YamlItem>, Box<Problem>> {
    let text = input.text("a YAML manifest", "make it JSON lines or CSV, which are read in pieces")?;
    let items = reelq_forms::items(&text).map_err(|error| {
        let mut problem =
            Problem::of_file(&input.path, format!("the file is not valid YAML: {}", readable(&error.message)));
        (problem.line, problem.column) = error.at.unzip();
        Box::new(problem)
    })?;
    let object: Map<String, Value> =
        items.iter().filter_map(|item| Some((item.key.clone()?, serde_json::from_str(&item.json).ok()?))).collect();
    if let Some(name) = inner_list(&object).filter(|_| object.len() == items.len())
        && let Some(Value::Array(list)) = object.get(name)
    {
        let line = items.iter().find(|item| item.key.as_deref() == Some(name)).map_or(1, |item| item.line);
        let item = |value: &Value| reelq_forms::YamlItem { line, key: None, json: value.to_string() };
        return Ok(list.iter().map(item).collect());
    }
    let lone = items.len() == object.len() && !object.is_empty() && !object.values().all(Value::is_object);
    if lone && object.contains_key("prompt") {
        return Ok(vec![reelq_forms::YamlItem { line: 1, key: None, json: Value::Object(object).to_string() }]);
    }
    Ok(items)
}
