//! What a vendor says of the images that it takes.

use serde::{Deserialize, Serialize};

/// Limits of an image. The ratios are `[width, height]` and strict: an image exactly at the ratio is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageRules {
    /// `jpeg`, `png`, `webp`; any where empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// The most bytes of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// The ratio that the image must be wider than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_over: Option<[u64; 2]>,
    /// The ratio that the image must be narrower than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_under: Option<[u64; 2]>,
    /// The number of pixels that the short side must exceed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_side_over: Option<u64>,
    /// Whether the vendor takes image bytes, as a data URL.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub data_urls: bool,
    /// Where the limits come from, shown as a hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
}
