//! A reply's body as JSON.

use serde_json::Value;

/// The body as a JSON object; `None` where it is something else.
///
/// Bytes that are not UTF-8 are replaced, so that a broken message never hides a task id.
pub(crate) fn document(body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).ok().filter(Value::is_object)
}
