//! Words of commands that people copy into a shell.

/// The text as a shell takes it for one word, and a command for no flag.
pub fn quoted(path: &str) -> String {
    if path.starts_with('-') {
        return quoted(&format!("./{path}"));
    }
    let plain =
        !path.is_empty() && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '='));
    if plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
