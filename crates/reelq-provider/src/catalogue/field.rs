//! One request field of a model.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ImageRules;

/// What a field's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// A text.
    String,
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// A list of texts.
    Strings,
    /// An http(s) address.
    Url,
    /// One image: an address or a local file.
    Image,
    /// A list of images.
    Images,
    /// A JSON list, passed on as it is.
    List,
    /// A JSON object, passed on as it is.
    Object,
}

impl FieldKind {
    /// Whether the value names images.
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Image | Self::Images)
    }

    /// The kind in words, as the object of "must be".
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Int => "a whole number",
            Self::Bool => "true or false",
            Self::Strings => "a list of texts",
            Self::Url => "an http(s) address",
            Self::Image => "an image",
            Self::Images => "a list of images",
            Self::List => "a JSON list",
            Self::Object => "a JSON object",
        }
    }
}

/// What a value may be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldLimits {
    /// The allowed values; any where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The most characters of a text, counted as Unicode scalar values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<usize>,
    /// The most items of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    /// Where the limit comes from, shown as a hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}

/// One request field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// What its value is; every field of a parsed catalogue has one.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<FieldKind>,
    /// What it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Whether every request needs it.
    pub required: bool,
    /// What the vendor takes where it is not given; never sent by us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Where it stands in the request, where that is not the vendor's usual place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What the vendor's page allows: an error where broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<FieldLimits>,
    /// What later or upstream evidence allows: a warning where broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<FieldLimits>,
    /// Why its use is doubtful: a warning wherever it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Shown beside every finding of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether it only says how the answer comes back (a callback's address): no part of what is bought.
    #[serde(skip_serializing)]
    pub delivery: bool,
    /// Whether its text holds bracketed camera tags, or its list consists of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub camera_tags: bool,
    /// What the vendor's page says of a local image: an error where broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageRules>,
    /// What later evidence says of a local image: a warning where broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_advice: Option<ImageRules>,
}

impl Field {
    /// What its value is.
    pub fn kind(&self) -> FieldKind {
        self.kind.unwrap_or(FieldKind::String)
    }

    /// Whether the vendor takes image bytes in it, as a data URL.
    pub fn takes_image_bytes(&self) -> bool {
        self.image.as_ref().is_some_and(|rules| rules.data_urls)
    }
}
