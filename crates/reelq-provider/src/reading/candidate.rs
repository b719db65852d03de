//! The task id that an unreadable reply seems to name.

use reelq_model::TaskId;

use crate::lenient_json::decode;

/// Names of members, the surest first.
const NAMES: [&str; 4] = ["task_id", "taskId", "taskID", "task-id"];
/// Names that a request's id has too.
const WEAK: [&str; 2] = ["\"id\"", "'id'"];

const ID_BYTES_MAX: usize = 4096;

/// The first value of a member that is called a task id, else, where `weak` ones count, of one that is called an id. Never
/// half of one.
pub(super) fn scan(body: &[u8], weak: bool) -> Option<TaskId> {
    let text = decode(body);
    let weak = WEAK.iter().filter(|_| weak);
    NAMES
        .iter()
        .chain(weak)
        .find_map(|name| text.match_indices(name).find_map(|(at, _)| after(&text[at + name.len()..])))
}

fn after(rest: &str) -> Option<TaskId> {
    let rest = rest.trim_start_matches(['"', '\'', '\\']).trim_start();
    let rest = rest.strip_prefix([':', '='])?.trim_start_matches([' ', '\t', '\r', '\n', '\\', '"', '\'']);
    // Bounded, so that the scan stays linear.
    let mut letters = rest.char_indices().take(ID_BYTES_MAX + 1);
    let (length, _) = letters.find(|(_, letter)| !is_of_an_id(*letter))?;
    let found = &rest[..length];
    let says_nothing = ["null", "none", "undefined"].contains(&found.to_lowercase().as_str());
    TaskId::new(found).ok().filter(|_| !says_nothing)
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
            ("the task_id is unknown", None),
            ("", None),
        ] {
            assert_eq!(scan(body.as_bytes(), true).map(|task| task.to_string()).as_deref(), found, "{body}");
        }
        assert_eq!(scan(br#""id":"r-1","#, false), None);
    }
}
