//! Words of commands that people copy into a shell.

pub use reelq_manifest::shell_word;

/// A path as a shell takes it for one word, and a command for no flag. `-` alone is standard input.
pub fn quoted(path: &str) -> String {
    if path.starts_with('-') && path.len() > 1 {
        return quoted(&format!("./{path}"));
    }
    shell_word(path)
}
