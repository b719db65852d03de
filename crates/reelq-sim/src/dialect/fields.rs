//! Reads the fields of a submission strictly: a field of the wrong type or an unknown name is refused.

use serde_json::{Map, Value};

use crate::order::SimRefusal;

/// A JSON object and where it stands in the body.
pub(super) struct RequestFields<'a> {
    map: &'a Map<String, Value>,
    place: &'static str,
}

impl<'a> RequestFields<'a> {
    pub(super) fn of(value: &'a Value, place: &'static str) -> Result<Self, SimRefusal> {
        let map = value.as_object().ok_or_else(|| SimRefusal::invalid(place, format!("{place} must be an object")))?;
        Ok(Self { map, place })
    }

    fn wrong<T>(&self, name: &str, rule: &str) -> Result<T, SimRefusal> {
        let name = if self.place == "body" { name.to_owned() } else { format!("{}.{name}", self.place) };
        let message = format!("{name} {rule}");
        Err(SimRefusal::invalid(name, message))
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name)
    }

    pub(super) fn only(&self, known: &[&str]) -> Result<(), SimRefusal> {
        match self.map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => self.wrong(name, "is not a parameter of this model"),
            None => Ok(()),
        }
    }

    pub(super) fn object(&self, name: &'static str) -> Result<Option<RequestFields<'a>>, SimRefusal> {
        self.get(name).map(|value| RequestFields::of(value, name)).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, SimRefusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => self.wrong(name, "must be a string"),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, SimRefusal> {
        match self.text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => self.wrong(name, "is required"),
        }
    }

    pub(super) fn within(&self, name: &str, characters: usize) -> Result<(), SimRefusal> {
        match self.text(name)? {
            Some(text) if text.chars().count() > characters => {
                self.wrong(name, &format!("must not be longer than {characters} characters"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn flags(&self, names: &[&str]) -> Result<(), SimRefusal> {
        match names.iter().find(|name| self.get(name).is_some_and(|value| !value.is_boolean())) {
            Some(name) => self.wrong(name, "must be a boolean"),
            None => Ok(()),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, SimRefusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => {
                value.as_i64().map_or_else(|| self.wrong(name, "must be an integer"), |number| Ok(Some(number)))
            }
        }
    }

    /// An integer from a list, or the default.
    pub(super) fn integer_of(&self, name: &str, allowed: &[i64], default: i64) -> Result<i64, SimRefusal> {
        let value = self.integer(name)?.unwrap_or(default);
        if allowed.contains(&value) { Ok(value) } else { self.wrong(name, &format!("must be one of {allowed:?}")) }
    }

    /// A word from a list whatever its case, or the default.
    pub(super) fn word_of<'w>(&self, name: &str, allowed: &[&'w str], default: &'w str) -> Result<&'w str, SimRefusal> {
        let value = self.text(name)?.unwrap_or(default);
        match allowed.iter().find(|word| word.eq_ignore_ascii_case(value)) {
            Some(word) => Ok(word),
            None => self.wrong(name, &format!("must be one of {allowed:?}")),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'a str>, SimRefusal> {
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => match values.iter().map(Value::as_str).collect() {
                Some(texts) => Ok(texts),
                None => self.wrong(name, "must be a list of strings"),
            },
            Some(_) => self.wrong(name, "must be a list of strings"),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    pub(super) fn refuse<T>(&self, name: &str, rule: &str) -> Result<T, SimRefusal> {
        self.wrong(name, rule)
    }
}

/// Whether an image is given in a way that a vendor can read: a web address, or a data URL of an image.
pub(super) fn readable_image(image: &str) -> bool {
    image.starts_with("https://") || image.starts_with("http://") || image.starts_with("data:image/")
}
