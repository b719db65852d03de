//! Templates in texts and filters over rows, both by minijinja, strict about names and bounded in time and size.

mod filters;
mod language;

use std::{
    collections::BTreeMap,
    error::Error as _,
    io::{self, Write},
    sync::Arc,
};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value as Variable};
use reelq_model::nearest;
use serde_json::Value;

use crate::{Problem, limits, location::Layer, names::header_form, problem::readable};

/// Compiled templates, found again by their own text.
#[derive(Debug, Clone)]
pub(crate) struct Templates {
    environment: Environment<'static>,
}

/// Whether a text is a template at all.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

/// The templates inside a value.
pub(crate) fn templates_in<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if is_template(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| templates_in(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| templates_in(item, found)),
        _ => {}
    }
}

fn variable(value: &Value) -> Variable {
    match value {
        Value::Null => Variable::from(()),
        Value::Bool(flag) => Variable::from(*flag),
        Value::Number(number) => number
            .as_i64()
            .map(Variable::from)
            .or_else(|| number.as_f64().map(Variable::from))
            .unwrap_or_else(|| Variable::from(number.to_string())),
        Value::String(text) => Variable::from(text.as_str()),
        Value::Array(items) => Variable::from(items.iter().map(variable).collect::<Vec<_>>()),
        Value::Object(fields) => {
            let fields: BTreeMap<String, Variable> =
                fields.iter().map(|(name, value)| (name.clone(), variable(value))).collect();
            Variable::from(fields)
        }
    }
}

/// Makes the variables of a row out of names and values.
pub(crate) fn variables(pairs: impl IntoIterator<Item = (String, Value)>) -> Variable {
    let all: BTreeMap<String, Variable> = pairs.into_iter().map(|(name, value)| (name, variable(&value))).collect();
    Variable::from(all)
}

/// Makes the variables of a file's row: each column by its own name and in lower case with `_`.
pub(crate) fn row_variables(pairs: impl IntoIterator<Item = (String, Value)>) -> Variable {
    variables(pairs.into_iter().flat_map(|(name, value)| [(header_form(&name), value.clone()), (name, value)]))
}

impl Templates {
    pub(crate) fn new() -> Self {
        let mut environment = Environment::empty();
        filters::add(&mut environment);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(limits::TEMPLATE_FUEL));
        Self { environment }
    }

    /// Compiles a template, so that it can be rendered by its text.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        check_operators(text)?;
        language::check(text)?;
        self.environment.add_template_owned(text.to_owned(), text.to_owned()).map_err(|error| reason(&error))
    }

    /// The names that a template uses and that are not among the known ones.
    pub(crate) fn unknown_names(&self, text: &str, known: &[&str]) -> Vec<String> {
        let Ok(template) = self.environment.get_template(text) else { return Vec::new() };
        let globals: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.retain(|name| !known.contains(&name.as_str()) && !globals.contains(&name.as_str()));
        names.sort();
        names
    }

    /// Renders the templates inside a value; a text that is nothing but one variable takes the variable's own type.
    pub(crate) fn render(&self, value: &Value, variables: &Variable) -> Result<Value, String> {
        match value {
            Value::String(text) if is_template(text) => self.render_text(text, variables),
            Value::Array(items) => {
                items.iter().map(|item| self.render(item, variables)).collect::<Result<_, _>>().map(Value::Array)
            }
            Value::Object(fields) => {
                let rendered =
                    fields.iter().map(|(name, item)| self.render(item, variables).map(|item| (name.clone(), item)));
                rendered.collect::<Result<_, _>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }

    fn render_text(&self, text: &str, variables: &Variable) -> Result<Value, String> {
        if let Some(value) = lone_name(text).and_then(|name| variables.get_attr(name).ok())
            && !value.is_undefined()
        {
            return serde_json::to_value(&value).map_err(|error| error.to_string());
        }
        let template = self.environment.get_template(text).map_err(|error| reason(&error))?;
        let mut output = Limited(Vec::new());
        template.render_captured_to(variables.clone(), &mut output).map_err(|error| reason(&error))?;
        String::from_utf8(output.0).map(Value::String).map_err(|error| error.to_string())
    }
}

/// Counts over the whole text, prose included: where a tag ends is for the compiler to know.
fn check_operators(text: &str) -> Result<(), String> {
    const WORDS: [&str; 8] = ["not", "elif", "if", "else", "is", "in", "and", "or"];
    let signs = text.matches(['-', '+', '*', '/', '~', '|', '(', '[', '.', '%', '!', '<', '>', '=']).count();
    let words = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| WORDS.contains(word)).count();
    if signs + words <= limits::TEMPLATE_OPERATORS {
        return Ok(());
    }
    Err(format!("it has {} operators and signs, and at most {} are taken", signs + words, limits::TEMPLATE_OPERATORS))
}

fn lone_name(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    is_name(name).then_some(name)
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_name(text: &str) -> bool {
    let ordinary = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(ordinary)
}

/// Stops a template that writes without end.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.0.len() + piece.len() > limits::VALUE_BYTES {
            return Err(io::Error::other(format!("it gives more than {} bytes", limits::VALUE_BYTES)));
        }
        self.0.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn reason(error: &Error) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => return format!("it takes more than {} steps", limits::TEMPLATE_FUEL),
        // What the output's own bound says is the cause of the engine's error.
        ErrorKind::WriteFailure => return error.source().map_or_else(|| error.kind().to_string(), ToString::to_string),
        _ => {}
    }
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// A condition over the raw columns of a source's row.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    templates: Arc<Templates>,
    condition: String,
    expression: String,
    key: &'static str,
    layer: Arc<Layer>,
}

impl Filter {
    /// Compiles an expression that stands in `layer` under `key`.
    pub(crate) fn new(expression: &str, key: &'static str, layer: &Arc<Layer>) -> Result<Self, String> {
        check_operators(expression)?;
        let mut templates = Templates::new();
        templates.environment.compile_expression_owned(expression.to_owned()).map_err(|error| reason(&error))?;
        let condition = format!("{{% if ({expression}) %}}y{{% endif %}}");
        templates.add(&condition)?;
        let templates = Arc::new(templates);
        Ok(Self { templates, condition, expression: expression.to_owned(), key, layer: Arc::clone(layer) })
    }

    /// Whether a row is kept.
    pub(crate) fn keeps(&self, row: &Variable, at: &Layer) -> Result<bool, Box<Problem>> {
        match self.templates.render_text(&self.condition, row) {
            Ok(verdict) => Ok(verdict.as_str() == Some("y")),
            Err(reason) => {
                let rule = format!("the filter cannot be applied to this row: {reason}");
                let hint = "columns of CSV are texts: to compare numbers write `column | int > 5`";
                let problem = at.problem(at.whole.clone(), rule).with_field(self.key).with_value(&self.expression);
                Err(Box::new(problem.with_hint(hint)))
            }
        }
    }

    /// Tells whether the file has the columns that the expression names.
    pub(crate) fn check_columns(&self, columns: &[String], problems: &mut Vec<Problem>) -> bool {
        let before = problems.len();
        let forms: Vec<String> = columns.iter().map(|name| header_form(name)).collect();
        let known: Vec<&str> = columns.iter().chain(&forms).map(String::as_str).collect();
        for name in self.templates.unknown_names(&self.condition, &known) {
            let rule = format!("the filter names the column `{}`, which the file does not have", readable(&name));
            let hint = match nearest(&name, columns.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its columns are {}", columns.join(", ")),
            };
            problems.push(self.layer.field_problem(self.key, rule).with_value(&self.expression).with_hint(hint));
        }
        problems.len() == before
    }
}
