//! The filters and tests of templates: those whose result is no larger than what goes in, and two that are bounded here.

use minijinja::{Environment, Error, ErrorKind, Value, filters, functions, tests};

use crate::limits;

/// The filters' names, for messages.
pub(super) const NAMES: [&str; 21] = [
    "abs",
    "bool",
    "capitalize",
    "count",
    "d",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "lower",
    "replace",
    "round",
    "split",
    "string",
    "times",
    "title",
    "trim",
    "upper",
];

/// Gives the environment its filters, tests and functions.
pub(super) fn add(environment: &mut Environment<'static>) {
    add_filters(environment);
    add_tests(environment);
    environment.add_function("range", functions::range);
}

fn add_filters(environment: &mut Environment<'static>) {
    environment.add_filter("abs", filters::abs);
    environment.add_filter("bool", filters::bool);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("count", filters::length);
    environment.add_filter("d", filters::default);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("float", filters::float);
    environment.add_filter("int", filters::int);
    environment.add_filter("join", join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("replace", replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("split", split);
    environment.add_filter("string", filters::string);
    environment.add_filter("times", times);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
}

fn add_tests(environment: &mut Environment<'static>) {
    environment.add_test("boolean", tests::is_boolean);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("divisibleby", tests::is_divisibleby);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("even", tests::is_even);
    environment.add_test("in", tests::is_in);
    environment.add_test("none", tests::is_none);
    environment.add_test("number", tests::is_number);
    environment.add_test("odd", tests::is_odd);
    environment.add_test("sequence", tests::is_sequence);
    environment.add_test("startingwith", tests::is_startingwith);
    environment.add_test("string", tests::is_string);
    environment.add_test("undefined", tests::is_undefined);
}

fn too_large() -> Error {
    refused(format!("it would give more than {} bytes", limits::VALUE_BYTES))
}

fn refused(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

/// Joins a list's texts, as far as a value may be long.
fn join(list: &Value, between: Option<String>) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    let mut joined = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(&between);
        }
        joined.push_str(&item.to_string());
        if joined.len() > limits::VALUE_BYTES {
            return Err(too_large());
        }
    }
    Ok(joined)
}

/// Replaces every occurrence, as far as a value may be long.
fn replace(text: &Value, from: &Value, to: &Value) -> Result<String, Error> {
    let [text, from, to] = [text, from, to].map(Value::to_string);
    let found = if from.is_empty() { text.chars().count() + 1 } else { text.matches(from.as_str()).count() };
    if found.saturating_mul(to.len()).saturating_add(text.len()) > limits::VALUE_BYTES {
        return Err(too_large());
    }
    Ok(text.replace(&from, &to))
}

/// Splits a text; each part takes room of its own, however short it is.
fn split(text: &Value, at: Option<&str>) -> Result<Value, Error> {
    const PARTS_MAX: usize = 10_000;
    let text = text.to_string();
    let parts: Vec<_> = match at {
        None | Some("") => text.split_whitespace().take(PARTS_MAX + 1).map(Value::from).collect(),
        Some(at) => text.split(at).take(PARTS_MAX + 1).map(Value::from).collect(),
    };
    if parts.len() > PARTS_MAX {
        return Err(refused(format!("it would give more than {PARTS_MAX} parts")));
    }
    Ok(Value::from(parts))
}

/// Multiplies numbers, and nothing else.
fn times(number: &Value, by: &Value) -> Result<Value, Error> {
    if let (Some(number), Some(by)) = (whole(number), whole(by)) {
        return number.checked_mul(by).map(Value::from).ok_or_else(|| refused("the product is too large"));
    }
    let product = float(number)? * float(by)?;
    Ok(Value::from(product))
}

fn whole(number: &Value) -> Option<i64> {
    (number.is_integer()).then(|| number.as_i64()).flatten()
}

fn float(number: &Value) -> Result<f64, Error> {
    if !number.is_number() {
        return Err(refused("`times` multiplies numbers: turn a text into one with `| int` or `| float`"));
    }
    f64::try_from(number.clone())
}
