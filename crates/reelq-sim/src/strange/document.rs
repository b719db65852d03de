//! Words, numbers and lists in a status reply that no one documented.

use serde_json::{Value, json};

use crate::{chance::Chance, reply::SimReply};

/// What is to be strange in a reply.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangeness {
    /// Success is told under a word of its own.
    pub(crate) word: bool,
    /// Costs and expiries are beyond all bounds.
    pub(crate) numbers: bool,
    /// An error stands beside the output at this address.
    pub(crate) error: Option<String>,
    /// A file is called by a word that says nothing of its kind.
    pub(crate) label: bool,
    /// Messages hold this as well.
    pub(crate) text: Option<String>,
    /// A null and this picture stand before the output at this address.
    pub(crate) cover: Option<(String, String)>,
}

/// The reply with what is to be strange in it.
pub(crate) fn twisted(reply: SimReply, strangeness: &Strangeness, chance: Chance) -> SimReply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    twist(&mut body, strangeness, chance);
    SimReply { body: body.to_string().into(), ..reply }
}

fn twist(value: &mut Value, strangeness: &Strangeness, chance: Chance) {
    match value {
        Value::Object(members) => {
            let is_success = ["status", "state"].iter().any(|name| members.get(*name).is_some_and(is_told_success));
            let names = |link: &String| members.values().any(|member| member.to_string().contains(link));
            if is_success && strangeness.error.as_ref().is_some_and(names) {
                members.insert("error".to_owned(), json!({"code": "partial", "message": "a filter was left out"}));
            }
            for (name, member) in members.iter_mut() {
                twist_member(name, member, strangeness, chance);
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                twist(item, strangeness, chance);
            }
            if let Some((link, cover)) = &strangeness.cover {
                put_before(items, link, cover);
            }
        }
        _ => {}
    }
}

fn twist_member(name: &str, member: &mut Value, strangeness: &Strangeness, chance: Chance) {
    match (name, &*member) {
        ("status" | "state", Value::String(word)) if strangeness.word && is_success(word) => *member = json!("succeed"),
        ("cost" | "pre_consumed_cost", Value::Number(_)) if strangeness.numbers => {
            *member = chance.pick("cost", [json_zero, json_huge, json_negative])();
        }
        ("expires_at", Value::Number(told)) if strangeness.numbers => {
            *member = json!(finer(told.as_i64().unwrap_or_default(), chance));
        }
        ("file_type", Value::String(_)) if strangeness.label => {
            *member = chance.pick("label", [json_mp4, json_unknown, json_null])();
        }
        ("message" | "failMsg" | "error_message", Value::String(said)) if !is_success(said) => {
            if let Some(text) = &strangeness.text {
                *member = json!(format!("{text} {said}"));
            }
        }
        // JSON in a text.
        (_, Value::String(text)) if text.starts_with('{') => {
            if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
                twist(&mut inner, strangeness, chance);
                *member = json!(inner.to_string());
            }
        }
        _ => twist(member, strangeness, chance),
    }
}

/// An instant in microseconds or nanoseconds, or one that never comes.
fn finer(told: i64, chance: Chance) -> i64 {
    const MILLIS_FROM: i64 = 100_000_000_000;
    let millis = if told < MILLIS_FROM { told.saturating_mul(1_000) } else { told };
    chance.pick("expires_at", [millis.saturating_mul(1_000), millis.saturating_mul(1_000_000), i64::MAX])
}

fn json_mp4() -> Value {
    json!("mp4")
}

fn json_unknown() -> Value {
    json!("unknown")
}

fn json_null() -> Value {
    Value::Null
}

fn json_zero() -> Value {
    json!(0)
}

fn json_huge() -> Value {
    json!(4_611_686_018_427_387_903_i64)
}

fn json_negative() -> Value {
    json!(-1)
}

fn is_told_success(word: &Value) -> bool {
    word.as_str().is_some_and(is_success)
}

fn is_success(word: &str) -> bool {
    ["completed", "success", "finished"].contains(&word)
}

/// Puts a null and the picture before the item that names the link; the innermost list does.
fn put_before(items: &mut Vec<Value>, link: &str, cover: &str) {
    let names = |item: &Value| item.to_string().contains(link);
    let Some(item) = items.iter().find(|item| names(item)).cloned() else { return };
    if items.iter().any(Value::is_null) || item.to_string().contains(cover) {
        return;
    }
    let picture = item.to_string().replace(link, cover);
    let picture = serde_json::from_str(&picture).unwrap_or(Value::Null);
    items.splice(0..0, [Value::Null, picture]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strange() -> Strangeness {
        let cover = Some(("https://v/1.mp4".to_owned(), "https://v/1.png".to_owned()));
        let (error, text) = (Some("https://v/1.mp4".to_owned()), Some("\u{1b}[2J".to_owned()));
        Strangeness { word: true, numbers: true, error, label: true, text, cover }
    }

    #[test]
    fn words_numbers_and_lists_are_twisted_wherever_they_stand() {
        let chance = Chance::new(1, &[]);
        let body = json!({"status": "completed", "cost": 7, "result": {"videos": [{"url": ["https://v/1.mp4"], "expires_at": 9}]}});
        let twisted: Value =
            serde_json::from_slice(&twisted(SimReply::json(200, &body), &strange(), chance).body).unwrap();
        assert_eq!(twisted["status"], "succeed");
        assert_ne!(twisted["cost"], 7);
        assert_eq!(twisted["result"]["videos"][0]["url"], json!([null, "https://v/1.png", "https://v/1.mp4"]));
        assert_ne!(twisted["result"]["videos"][0]["expires_at"], 9);
        assert_eq!(twisted["error"]["message"], "\u{1b}[2J a filter was left out");
    }

    #[test]
    fn times_are_told_in_finer_units_or_never_come() {
        let chances = (0..40).map(|number| Chance::new(number, &[]));
        let told: std::collections::BTreeSet<_> = chances.map(|chance| finer(1_775_285_160, chance)).collect();
        assert_eq!(told, [1_775_285_160_000_000, 1_775_285_160_000_000_000, i64::MAX].into());
    }

    #[test]
    fn only_a_success_that_names_its_output_gets_an_error() {
        let chance = Chance::new(1, &[]);
        for body in [json!({"status": "completed"}), json!({"status": "failed", "url": "https://v/1.mp4"})] {
            let reply = twisted(SimReply::json(200, &body), &strange(), chance);
            assert_eq!(serde_json::from_slice::<Value>(&reply.body).unwrap().get("error"), None, "{body}");
        }
    }

    #[test]
    fn json_in_a_text_is_twisted_too() {
        let chance = Chance::new(1, &[]);
        let inner = json!({"resultUrls": ["https://v/1.mp4"]}).to_string();
        let body = json!({"data": {"state": "success", "resultJson": inner}});
        let twisted: Value =
            serde_json::from_slice(&twisted(SimReply::json(200, &body), &strange(), chance).body).unwrap();
        assert_eq!(twisted["data"]["state"], "succeed");
        assert_eq!(twisted["data"]["resultJson"], r#"{"resultUrls":[null,"https://v/1.png","https://v/1.mp4"]}"#);
    }
}
