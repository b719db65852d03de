//! What a request asks for: its fields without spelling, without delivery, and with or without documented defaults.

use reelq_model::{Digest, Fields, JobSpec, normalise};
use serde_json::Value;

use crate::catalogue::{Catalogue, Mode, Model};

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
        let mut left_out = spec.clone();
        normalise(&mut left_out.fields);
        let model = catalogue.models.get(spec.model.as_str());
        drop_delivery(catalogue, model, &mut left_out.fields);
        let mut written_out = left_out.clone();
        if let Some(model) = model {
            let mode = model.modes.get(&spec.mode);
            settle_defaults(model, mode, &mut left_out.fields, &mut written_out.fields);
        }
        Self { left_out: left_out.digest(), written_out: written_out.digest() }
    }
}

/// Takes away what only says how the answer comes back, also where it is passed on unread.
fn drop_delivery(catalogue: &Catalogue, model: Option<&Model>, fields: &mut Fields) {
    let Some(model) = model else {
        fields.retain(|name, _| !catalogue.is_delivery(name));
        return;
    };
    fields.retain(|name, _| !model.fields.get(name).is_some_and(|field| field.delivery));
    let Some(container) = &model.passthrough else { return };
    let Some(Value::Object(members)) = fields.get_mut(container) else { return };
    members.retain(|name, _| !catalogue.is_delivery(name));
    if members.is_empty() {
        fields.remove(container);
    }
}

fn settle_defaults(model: &Model, mode: Option<&Mode>, left_out: &mut Fields, written_out: &mut Fields) {
    for (name, field) in model.fields.iter().filter(|(_, field)| !field.delivery) {
        let fixed = mode.and_then(|mode| mode.implies.get(name));
        let Some(usual) = fixed.or(field.default.as_ref()) else { continue };
        match left_out.get(name) {
            Some(given) if given == usual => {
                left_out.remove(name);
            }
            Some(_) => {}
            None => {
                written_out.insert(name.clone(), usual.clone());
            }
        }
    }
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
