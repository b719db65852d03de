//! What a request asks for: its fields without spelling, without delivery, and with or without documented defaults.

use std::borrow::Cow;

use reelq_model::{Digest, Fields, JobSpec, normal};
use serde_json::Value;

use crate::catalogue::{Catalogue, Field, Mode, Model};

/// The two spellings of one request. Requests that agree in either ask for the same.
///
/// Two are needed because a vendor's default may change: who never wrote it down still agrees in the first, who always
/// wrote it down still agrees in the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// With documented defaults left out. Where a request writes none down it is [`JobSpec::digest`].
    pub left_out: Digest,
    /// With documented defaults written out.
    pub written_out: Digest,
}

impl Identity {
    /// The identity of a request, by a vendor's catalogue; of a model that it does not know, defaults are not known either.
    pub fn of(catalogue: &Catalogue, spec: &JobSpec) -> Self {
        let model = catalogue.models.get(spec.model.as_str());
        let mut fields = normal(&spec.fields);
        drop_delivery(catalogue, model, &mut fields);
        let (left_out, written_out) = match model {
            Some(model) => settle_defaults(model, model.modes.get(&spec.mode), &fields),
            None => (named(&fields).collect(), named(&fields).collect()),
        };
        Self { left_out: spec.digest_with(left_out), written_out: spec.digest_with(written_out) }
    }
}

/// Fields by name, to be digested.
type Named<'a> = Vec<(&'a str, &'a Value)>;

fn named(fields: &Fields) -> impl Iterator<Item = (&str, &Value)> {
    fields.iter().map(|(name, value)| (name.as_str(), value))
}

/// Takes away what only says how the answer comes back, also where it is passed on unread.
fn drop_delivery(catalogue: &Catalogue, model: Option<&Model>, fields: &mut Cow<'_, Fields>) {
    let is_delivery = |name: &str| match model {
        Some(model) => model.fields.get(name).is_some_and(|field| field.delivery),
        None => catalogue.is_delivery(name),
    };
    if fields.keys().any(|name| is_delivery(name)) {
        fields.to_mut().retain(|name, _| !is_delivery(name));
    }
    let Some(container) = model.and_then(|model| model.passthrough.as_ref()) else { return };
    if !fields.get(container).is_some_and(Value::is_object) {
        return;
    }
    let Some(Value::Object(members)) = fields.to_mut().get_mut(container) else { return };
    members.retain(|name, _| !catalogue.is_delivery(name));
    if members.is_empty() {
        fields.to_mut().remove(container);
    }
}

/// The fields without the documented defaults among them, and with all of these.
fn settle_defaults<'a>(model: &'a Model, mode: Option<&'a Mode>, fields: &'a Fields) -> (Named<'a>, Named<'a>) {
    let usual_of = |name: &str, field: &'a Field| {
        let fixed = mode.and_then(|mode| mode.implies.get(name));
        fixed.or(field.default.as_ref()).filter(|_| !field.delivery)
    };
    let is_usual = |name: &str, value: &Value| model.fields.get(name).and_then(|it| usual_of(name, it)) == Some(value);
    let left_out = named(fields).filter(|(name, value)| !is_usual(name, value)).collect();
    let mut written_out: Named<'a> = named(fields).collect();
    let missing = model.fields.iter().filter(|(name, _)| !fields.contains_key(*name));
    written_out.extend(missing.filter_map(|(name, field)| Some((name.as_str(), usual_of(name, field)?))));
    (left_out, written_out)
}

impl Catalogue {
    /// Whether any of its models takes `name` as a field that only says how the answer comes back.
    fn is_delivery(&self, name: &str) -> bool {
        self.models.values().any(|model| model.fields.get(name).is_some_and(|field| field.delivery))
    }
}

#[cfg(test)]
mod tests {
    use reelq_model::{AccountName, ModelName, ProviderName};

    use super::*;
    use crate::{ProviderSettings, open};

    fn identity(provider: &str, model: &str, mode: &str, fields: &str) -> Identity {
        let provider = ProviderName::new(provider).unwrap();
        let adapter = open(&ProviderSettings::new(provider.clone())).unwrap();
        let spec = JobSpec {
            account: AccountName::new("a").unwrap(),
            provider,
            model: ModelName::new(model).unwrap(),
            mode: mode.to_owned(),
            fields: serde_json::from_str(fields).unwrap(),
        };
        Identity::of(adapter.catalogue(), &spec)
    }

    fn wave(fields: &str) -> Identity {
        identity("wave", "minimax-hailuo-2.3", "text-to-video", fields)
    }

    #[test]
    fn a_default_written_out_and_a_delivery_field_change_nothing() {
        let plain = wave(r#"{"prompt":"x","duration":6}"#);
        let same = [
            r#"{"prompt":" x\n","duration":6}"#,
            r#"{"prompt":"x","duration":6,"resolution":"768p"}"#,
            r#"{"prompt":"x","duration":6,"watermark":false,"prompt_optimizer":true}"#,
            r#"{"prompt":"x","duration":6,"callback_url":"https://a.example","callback_events":["done"]}"#,
        ];
        for fields in same {
            assert_eq!(wave(fields), plain, "{fields}");
        }
        for fields in [r#"{"prompt":"x","duration":6,"resolution":"1080p"}"#, r#"{"prompt":"x","duration":10}"#] {
            let other = wave(fields);
            assert!(other.left_out != plain.left_out && other.written_out != plain.written_out, "{fields}");
        }
    }

    #[test]
    fn a_vendors_own_words_for_delivery_are_left_out_everywhere() {
        let mode = "standard-text-to-video";
        let apixo = |fields: &str| identity("apixo", "hailuo-2-3-fast", mode, fields);
        let called = r#"{"prompt":"x","duration":6,"request_type":"callback","callback_url":"https://a.example"}"#;
        assert_eq!(apixo(called), apixo(r#"{"prompt":"x","duration":6}"#));
        let passed_on = r#"{"prompt":"x","extra":{"callback_events":["done"]}}"#;
        let wan = |fields: &str| identity("wave", "wan2.5-t2v", "text-to-video", fields);
        assert_eq!(wan(passed_on), wan(r#"{"prompt":"x"}"#));
        let unknown = |fields: &str| identity("wave", "gone", "", fields);
        assert_eq!(unknown(r#"{"prompt":"x","callback_url":"https://a.example"}"#), unknown(r#"{"prompt":"x"}"#));
    }

    #[test]
    fn a_request_that_writes_down_no_default_keeps_the_digest_that_it_always_had() {
        let fields = r#"{"prompt":"x","duration":10,"resolution":"1080p"}"#;
        let spec = JobSpec {
            account: AccountName::new("a").unwrap(),
            provider: ProviderName::new("wave").unwrap(),
            model: ModelName::new("minimax-hailuo-2.3").unwrap(),
            mode: "text-to-video".to_owned(),
            fields: serde_json::from_str(fields).unwrap(),
        };
        assert_eq!(wave(fields).left_out, spec.digest());
    }
}
