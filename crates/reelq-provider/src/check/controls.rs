//! Control characters in texts. They are sent as they are; but mostly a file of another form or encoding was read.

use super::row::RowCheck;

/// Warns of each text that holds one.
pub(super) fn check(row: &mut RowCheck<'_>) {
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let holds = |value: &serde_json::Value| value.as_str().is_some_and(|text| text.contains(is_control));
    let found: Vec<String> =
        row.given.iter().filter(|(_, value)| holds(value)).map(|(field, _)| field.clone()).collect();
    for field in found {
        let rule = format!("`{field}` holds a control character, which is sent with it");
        row.warning(&field, rule, Some("where many rows have one, the file may be of another encoding or form"));
    }
}
