//! Words, numbers and lists in a status reply that nobody documented.

use serde_json::{Value, json};

use crate::{chance::Chance, reply::Reply};

/// What is to be strange in a reply.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangeness {
    /// Success is told under a word of its own.
    pub(crate) word: bool,
    /// Costs and expiries are beyond all bounds.
    pub(crate) numbers: bool,
    /// A null and this picture stand before the output at this address.
    pub(crate) cover: Option<(String, String)>,
}

/// The reply with what is to be strange in it.
pub(crate) fn twisted(reply: Reply, strangeness: &Strangeness, chance: Chance) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    twist(&mut body, strangeness, chance);
    Reply { body: body.to_string().into(), ..reply }
}

fn twist(value: &mut Value, strangeness: &Strangeness, chance: Chance) {
    match value {
        Value::Object(members) => {
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
        ("expires_at", Value::Number(_)) if strangeness.numbers => *member = json!(i64::MAX),
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

fn json_zero() -> Value {
    json!(0)
}

fn json_huge() -> Value {
    json!(4_611_686_018_427_387_903_i64)
}

fn json_negative() -> Value {
    json!(-1)
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
        Strangeness { word: true, numbers: true, cover }
    }

    #[test]
    fn words_numbers_and_lists_are_twisted_wherever_they_stand() {
        let chance = Chance::new(1, &[]);
        let body = json!({"status": "completed", "cost": 7, "result": {"videos": [{"url": ["https://v/1.mp4"], "expires_at": 9}]}});
        let twisted: Value =
            serde_json::from_slice(&twisted(Reply::json(200, &body), &strange(), chance).body).unwrap();
        assert_eq!(twisted["status"], "succeed");
        assert_ne!(twisted["cost"], 7);
        assert_eq!(twisted["result"]["videos"][0]["url"], json!([null, "https://v/1.png", "https://v/1.mp4"]));
        assert_eq!(twisted["result"]["videos"][0]["expires_at"], i64::MAX);
    }

    #[test]
    fn json_in_a_text_is_twisted_too() {
        let chance = Chance::new(1, &[]);
        let inner = json!({"resultUrls": ["https://v/1.mp4"]}).to_string();
        let body = json!({"data": {"state": "success", "resultJson": inner}});
        let twisted: Value =
            serde_json::from_slice(&twisted(Reply::json(200, &body), &strange(), chance).body).unwrap();
        assert_eq!(twisted["data"]["state"], "succeed");
        assert_eq!(twisted["data"]["resultJson"], r#"{"resultUrls":[null,"https://v/1.png","https://v/1.mp4"]}"#);
    }
}
