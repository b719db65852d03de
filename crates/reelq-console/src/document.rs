//! JSON for programs: every document carries the version of its form, and every amount is dollars under a name in `_usd`.
//!
//! Records hold money as whole micro-dollars. Amounts are found by their type, not by their names, so that a new one cannot
//! be forgotten; they are written by their digits, so that none passes through a float.

mod collect;

use reelq_model::Money;
use reelq_model::visible_json;
use reelq_results::JSON_VERSION;
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap as _},
};
use serde_json::{Value, value::RawValue};

/// A value on its way to JSON.
#[derive(Debug)]
enum Node {
    Plain(Value),
    /// An amount; `None` where it is not known.
    Amount(Option<Money>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Amount(None) => serializer.serialize_unit(),
            Self::Amount(Some(amount)) => digits(*amount).map_err(S::Error::custom)?.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

fn digits(amount: Money) -> serde_json::Result<Box<RawValue>> {
    RawValue::from_string(amount.to_string())
}

/// A whole document, over several lines.
pub(crate) fn pretty<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&document(value)?).map(|text| visible_json(&text).into_owned())
}

/// The same without its end: a list of this name follows.
pub(crate) fn open<T: Serialize + ?Sized>(value: &T, list: &str) -> serde_json::Result<String> {
    let text = pretty(value)?;
    let members = text.strip_suffix("\n}").unwrap_or(&text);
    Ok(format!("{members},\n  {}: [", serde_json::to_string(list)?))
}

/// An item of such a list.
pub(crate) fn item<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(&value.serialize(collect::ToNode)?)?;
    Ok(format!("\n    {}", visible_json(&text).replace('\n', "\n    ")))
}

/// What stands behind the last item.
pub(crate) const CLOSED: &str = "\n  ]\n}";

/// A whole document in one line.
pub(crate) fn line<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(&document(value)?).map(|text| visible_json(&text).into_owned())
}

/// A document whose form is not ours, as it is.
pub(crate) fn foreign<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| visible_json(&text).into_owned())
}

fn document<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Node> {
    let members = match value.serialize(collect::ToNode)? {
        Node::Object(members) => members,
        list @ Node::List(_) => vec![("items".to_owned(), list)],
        other => vec![("value".to_owned(), other)],
    };
    let version = ("version".to_owned(), Node::Plain(JSON_VERSION.into()));
    Ok(Node::Object(std::iter::once(version).chain(members).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reelq_model::is_hidden;
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Inner {
        amount: Money,
        #[serde(serialize_with = "Money::serialize_optional")]
        budget: Option<Money>,
        until: Option<u64>,
    }

    #[derive(Serialize)]
    struct Outer {
        cost_usd: Money,
        lines: Vec<Inner>,
        #[serde(flatten)]
        more: Inner,
        fields: Value,
        by: BTreeMap<u32, Option<Money>>,
    }

    fn inner(micros: i64) -> Inner {
        Inner { amount: Money::from_micros(micros), budget: None, until: None }
    }

    #[test]
    fn amounts_are_dollars_under_names_that_say_so_wherever_they_stand() {
        let fields = json!({"amount": 7, "budget": null});
        let by = BTreeMap::from([(3, Some(Money::from_micros(-20)))]);
        let outer =
            Outer { cost_usd: Money::from_micros(311_100), lines: vec![inner(1)], more: inner(i64::MAX), fields, by };
        assert_eq!(
            line(&outer).unwrap(),
            concat!(
                r#"{"version":2,"cost_usd":0.3111,"lines":[{"amount_usd":0.000001,"budget_usd":null,"until":null}],"#,
                r#""amount_usd":9223372036854.775807,"budget_usd":null,"until":null,"#,
                r#""fields":{"amount":7,"budget":null},"by":{"3_usd":-0.00002}}"#
            )
        );
    }

    #[test]
    fn every_document_is_an_object_with_a_version() {
        assert_eq!(line(&[1, 2]).unwrap(), r#"{"version":2,"items":[1,2]}"#);
        assert_eq!(line("text").unwrap(), r#"{"version":2,"value":"text"}"#);
        assert_eq!(line(&json!({})).unwrap(), r#"{"version":2}"#);
    }

    #[test]
    fn characters_that_steer_a_terminal_are_written_by_their_numbers() {
        let text = "a\u{1b}[2J \u{9b}2J \u{202e}b\u{200b}\u{e0041}\n";
        let told = line(&json!({ "prompt": text })).unwrap();
        assert!(!told.contains(is_hidden), "{told}");
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["prompt"], text);
    }
}
