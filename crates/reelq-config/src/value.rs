//! Checked values.

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigValue {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A whole number.
    Whole(i64),
    /// Another number.
    Number(f64),
    /// Yes or no.
    Switch(bool),
}

impl ConfigValue {
    /// A value that JSON holds.
    pub(crate) fn from_json(json: &serde_json::Value) -> Option<Self> {
        Some(match json {
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Bool(on) => Self::Switch(*on),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| number.as_f64().map(Self::Number), |whole| Some(Self::Whole(whole)))?
            }
            serde_json::Value::Array(items) => {
                Self::Texts(items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Texts(texts) => texts.clone().into(),
            Self::Whole(number) => (*number).into(),
            Self::Number(number) => (*number).into(),
            Self::Switch(on) => (*on).into(),
        }
    }
}
