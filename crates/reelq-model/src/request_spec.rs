//! What a job asks the provider for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AccountName, Digest, ModelName, ProviderName};

/// Request fields by name, values typed as the provider's catalogue says; nested ones under their parent (`extra`).
pub type Fields = Map<String, Value>;

/// A row after defaults and expansion: everything that is needed to build the request, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Whose limits and key it uses. It does not belong to the job's identity.
    pub account: AccountName,
    /// The provider behind the account.
    pub provider: ProviderName,
    /// The model.
    pub model: ModelName,
    /// The mode, as the catalogue names it.
    pub mode: String,
    /// The request fields as the user gave them (manifest defaults applied, provider defaults not), `prompt` among them.
    pub fields: Fields,
}

impl JobSpec {
    /// The prompt, or an empty text where the request has none.
    pub fn prompt(&self) -> &str {
        self.fields.get("prompt").and_then(Value::as_str).unwrap_or_default()
    }

    /// Digests provider, model and fields, whatever the order of the fields.
    ///
    /// The account is left out: moving rows to another key of the same provider must not buy them again. The mode is left
    /// out where the fields imply it; where a provider takes it as a field, it is among the fields.
    pub fn digest(&self) -> Digest {
        let mut text = String::new();
        for part in [self.provider.as_str(), self.model.as_str()] {
            write_canonical(&Value::String(part.to_owned()), &mut text);
        }
        write_object(&self.fields, &mut text);
        Digest::of(text.as_bytes())
    }
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => write_object(fields, out),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_object(fields: &Fields, out: &mut String) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    out.push('{');
    for (name, value) in sorted {
        out.push_str(&Value::String(name.clone()).to_string());
        out.push(':');
        write_canonical(value, out);
        out.push(',');
    }
    out.push('}');
}

/// An image field's value: a remote address that is passed on unread, or the digest of bytes kept beside the state.
///
/// In [`Fields`] a local image is written `blob:<media type>;<sha256>`, so that a job never holds image bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageRef {
    /// A remote image.
    Url(String),
    /// A local image that was read when the manifest was checked.
    Blob {
        /// Its media type, found by content: `image/png`, `image/jpeg`, `image/webp`.
        media_type: String,
        /// The digest of its bytes.
        sha256: Digest,
    },
}

impl FromStr for ImageRef {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let blob = text.strip_prefix("blob:").and_then(|rest| rest.split_once(';'));
        let blob = blob.and_then(|(media_type, hex)| Some((media_type.to_owned(), hex.parse().ok()?)));
        Ok(blob.map_or_else(|| Self::Url(text.to_owned()), |(media_type, sha256)| Self::Blob { media_type, sha256 }))
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Blob { media_type, sha256 } => write!(f, "blob:{media_type};{sha256}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(account: &str, fields: &str) -> JobSpec {
        JobSpec {
            account: AccountName::new(account).unwrap(),
            provider: ProviderName::new("wave").unwrap(),
            model: ModelName::new("hailuo-2.3").unwrap(),
            mode: "text-to-video".to_owned(),
            fields: serde_json::from_str(fields).unwrap(),
        }
    }

    #[test]
    fn digest_ignores_field_order_and_account() {
        let one = spec("a", r#"{"prompt":"x","extra":{"a":1,"b":2}}"#);
        let two = spec("b", r#"{"extra":{"b":2,"a":1},"prompt":"x"}"#);
        assert_eq!(one.digest(), two.digest());
    }

    #[test]
    fn digest_sees_every_value() {
        let one = spec("a", r#"{"prompt":"x","list":["a","b"]}"#);
        for other in [r#"{"prompt":"x","list":["ab"]}"#, r#"{"prompt":"y","list":["a","b"]}"#, r#"{"prompt":"x"}"#] {
            assert_ne!(one.digest(), spec("a", other).digest(), "{other}");
        }
    }

    #[test]
    fn image_reference_reads_back() {
        let blob = ImageRef::Blob { media_type: "image/png".to_owned(), sha256: Digest::of(b"x") };
        assert_eq!(blob.to_string().parse::<ImageRef>(), Ok(blob));
        let url = ImageRef::Url("https://example.com/blob:x".to_owned());
        assert_eq!(url.to_string().parse::<ImageRef>(), Ok(url));
    }
}
