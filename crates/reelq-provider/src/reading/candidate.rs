//! The task id that an unreadable reply seems to name.

use reelq_model::TaskId;

use super::{before, text::MESSAGE_CHARS_MAX};
use crate::lenient_json::decode;

/// Names of members, in lower case: a reply that is searched has lost its form, and may have lost the case too.
const NAMES: [&str; 3] = ["task_id", "taskid", "task-id"];
/// Names that a request's id has too.
const WEAK: [&str; 2] = ["\"id\"", "'id'"];
/// How a token begins that is a task's id by itself.
const PREFIXES: [&str; 2] = ["task-", "task_"];
/// Words behind which a sentence has the id.
const NOUNS: [&str; 4] = ["task", "job", "generation", "prediction"];

const ID_BYTES_MAX: usize = 4096;

/// The first value of a member that is called a task id, else, where `weak` ones count, of one that is called an id. Never
/// half of one.
pub(super) fn scan(body: &[u8], weak: bool) -> Option<TaskId> {
    let text = decode(body);
    let names = NAMES.iter().chain(WEAK.iter().filter(|_| weak)).copied().collect::<Vec<_>>();
    first(&text, &names, |_| true)
}

/// The task that a refusal names: by a member, or in a sentence. A value without a digit is a word of the refusal.
pub(super) fn in_refusal(body: &[u8], spoken: &[String]) -> Option<TaskId> {
    let text = decode(body);
    // The scripts of a web page name anything.
    let is_page = text.trim_start().starts_with('<');
    if is_page {
        None
    } else {
        first(&text, &NAMES, has_digit).or_else(|| spoken.iter().find_map(|text| in_sentence(text)))
    }
}

/// The first value that `fits`, by the order of the names.
fn first(text: &str, names: &[&str], fits: impl Fn(&str) -> bool) -> Option<TaskId> {
    let plain = text.to_ascii_lowercase();
    names.iter().find_map(|name| {
        let mut values = plain.match_indices(name).filter_map(|(at, _)| after(&text[at + name.len()..]));
        values.find(|task| fits(task.as_str()))
    })
}

fn has_digit(text: &str) -> bool {
    text.contains(|letter: char| letter.is_ascii_digit())
}

/// The id in `task_id: 1`, `existing task abc-1` and `already created as task-1`.
fn in_sentence(text: &str) -> Option<TaskId> {
    // A long text may have been cut inside an id; otherwise its end is a word's end.
    let whole = if text.chars().count() < MESSAGE_CHARS_MAX { text } else { text.rsplit_once(' ')?.0 };
    let named = first(&format!("{whole}\n"), &NAMES, has_digit);
    let is_before = before::is_meant(&[text.to_owned()]);
    let mut follows_noun = false;
    named.or_else(|| {
        whole.split_whitespace().find_map(|word| {
            let token = word.trim_matches(|letter: char| !letter.is_alphanumeric());
            let lower = token.to_lowercase();
            let is_named = PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) || (is_before && follows_noun);
            let is_joint = matches!(lower.as_str(), "" | "id" | "with" | "is" | "no");
            follows_noun = NOUNS.contains(&lower.as_str()) || (follows_noun && is_joint);
            let is_id = is_named && has_digit(token) && token.chars().all(is_of_an_id);
            is_id.then(|| TaskId::new(token).ok()).flatten()
        })
    })
}

fn after(rest: &str) -> Option<TaskId> {
    const NOTHING: [&str; 9] =
        ["null", "none", "undefined", "required", "missing", "invalid", "must", "string", "integer"];
    let rest = rest.trim_start_matches(['"', '\'', '\\']).trim_start();
    let rest = rest.strip_prefix([':', '='])?.trim_start_matches([' ', '\t', '\r', '\n', '\\', '"', '\'']);
    // Bounded, so that the scan stays linear.
    let mut letters = rest.char_indices().take(ID_BYTES_MAX + 1);
    let (length, _) = letters.find(|(_, letter)| !is_of_an_id(*letter))?;
    let found = rest[..length].trim_end_matches(['.', ':']);
    TaskId::new(found).ok().filter(|_| !NOTHING.contains(&found.to_lowercase().as_str()))
}

const fn is_of_an_id(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':' | '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_whatever_is_left_of_a_reply() {
        for (body, found) in [
            (r#"oops "task_id":"t-1" oops"#, Some("t-1")),
            (r#"\"taskId\": \"t-1\","#, Some("t-1")),
            ("task_id=t-1&x=2", Some("t-1")),
            (r#""message":"said "hi"","task_id":12345,"#, Some("12345")),
            (r#""id":"r-1","task_id":"t-1","#, Some("t-1")),
            (r#""id":"r-1","#, Some("r-1")),
            (r#""task_id":"t-1"#, None),
            (r#""task_id":"t-1""#, Some("t-1")),
            (r#""task_id":null,"#, None),
            (r#""TaskID":"t-1","#, Some("t-1")),
            (r#""TASK_ID":"t-1","#, Some("t-1")),
            (r#""taskid":"t-1","#, Some("t-1")),
            (r#""Task-Id":"t-1","#, Some("t-1")),
            ("the task_id is unknown", None),
            ("", None),
        ] {
            assert_eq!(scan(body.as_bytes(), true).map(|task| task.to_string()).as_deref(), found, "{body}");
        }
        assert_eq!(scan(br#""id":"r-1","#, false), None);
    }

    #[test]
    fn a_sentence_names_a_task_where_it_says_its_id() {
        for (text, found) in [
            ("already created: taskId=task-0001", Some("task-0001")),
            ("task_id: abc123", Some("abc123")),
            ("existing task task-0001", Some("task-0001")),
            ("This request already exists as task 778899.", Some("778899")),
            ("duplicate request (job id: a1b2c3)", Some("a1b2c3")),
            ("See TASK_ID: ABC-1.", Some("ABC-1")),
            ("task_id: required", None),
            ("task_id is required", None),
            ("task hailuo-2.3 is not supported", None),
            ("the task failed", None),
            ("duplicate request: 1 task is enough", None),
        ] {
            assert_eq!(in_sentence(text).map(|task| task.to_string()).as_deref(), found, "{text}");
        }
    }
}
