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
        self.digest_with(self.fields.iter().map(|(name, value)| (name.as_str(), value)).collect())
    }

    /// The same of other fields; each name stands among them once.
    pub fn digest_with(&self, mut fields: Vec<(&str, &Value)>) -> Digest {
        let mut text = Vec::with_capacity(TEXT_BYTES);
        write_text(self.provider.as_str(), &mut text);
        write_text(self.model.as_str(), &mut text);
        write_object(&mut fields, &mut text);
        Digest::of(&text)
    }
}

/// A request is seldom longer.
const TEXT_BYTES: usize = 1_024;

fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            write_object(&mut fields.iter().map(|(name, value)| (name.as_str(), value)).collect::<Vec<_>>(), out);
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write_canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::String(text) => write_text(text, out),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(is_so) => out.extend_from_slice(if *is_so { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

fn write_object(fields: &mut [(&str, &Value)], out: &mut Vec<u8>) {
    fields.sort_unstable_by_key(|(name, _)| *name);
    out.push(b'{');
    for (name, value) in fields {
        write_text(name, out);
        out.push(b':');
        write_canonical(value, out);
        out.push(b',');
    }
    out.push(b'}');
}

/// As JSON has it.
fn write_text(text: &str, out: &mut Vec<u8>) {
    // A text always has a form in JSON, and memory takes every byte.
    drop(serde_json::to_writer(out, text));
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
    fn digest_of_a_request_is_the_same_in_every_version() {
        let fields = r#"{"prompt":"a \"pig\"\n\u0001\u00e9\ud83d\udc37/","n":[1,-2.5,1e30,null,true,false,{"z":1,"a":[]}],"e":{}}"#;
        let text = concat!(
            r#""wave""hailuo-2.3"{"e":{},"n":[1,-2.5,1e+30,null,true,false,{"a":[],"z":1,},],"#,
            "\"prompt\":\"a \\\"pig\\\"\\n\\u0001é🐷/\",}"
        );
        assert_eq!(spec("a", fields).digest(), Digest::of(text.as_bytes()));
    }

    #[test]
    fn image_reference_reads_back() {
        let blob = ImageRef::Blob { media_type: "image/png".to_owned(), sha256: Digest::of(b"x") };
        assert_eq!(blob.to_string().parse::<ImageRef>(), Ok(blob));
        let url = ImageRef::Url("https://example.com/blob:x".to_owned());
        assert_eq!(url.to_string().parse::<ImageRef>(), Ok(url));
    }
}
