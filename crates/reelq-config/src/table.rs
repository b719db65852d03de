//! The one table of configuration keys: it checks, gives defaults and origins, suggests, documents, and is the JSON Schema.
//!
//! Ranges stand here alone. A default of a section that another crate owns is taken from that crate.

mod accounts;
mod defaults;
mod downloads;
mod key;
mod schedules;
mod top;

pub(crate) use key::ConfigKey;

/// Keys that the docs show in one table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyTable {
    /// What the docs call it.
    pub(crate) name: &'static str,
    /// So many parts of the path the docs leave out.
    pub(crate) prefix: usize,
    pub(crate) keys: &'static [ConfigKey],
}

const fn table(name: &'static str, prefix: usize, keys: &'static [ConfigKey]) -> KeyTable {
    KeyTable { name, prefix, keys }
}

/// Every key, in the order of hints.
pub(crate) const TABLES: [KeyTable; 10] = [
    table("top", 0, top::TOP),
    table("redis", 1, top::REDIS),
    table("top", 0, top::OUTPUT),
    table("defaults", 1, top::ROW_DEFAULTS),
    table("catalogue", 1, top::CATALOGUE),
    table("accounts", 2, accounts::ACCOUNT),
    table("breaker", 2, accounts::BREAKER),
    table("accounts", 2, accounts::LINKS),
    table("downloads", 1, downloads::DOWNLOADS),
    table("schedules", 2, schedules::SCHEDULE),
];

/// Every key there is.
pub(crate) fn keys() -> impl Iterator<Item = &'static ConfigKey> {
    TABLES.iter().flat_map(|table| table.keys)
}

fn part_fits(pattern: &str, part: &str) -> bool {
    pattern == "*" || pattern == part
}

/// The key with this path.
pub(crate) fn find(path: &[String]) -> Option<&'static ConfigKey> {
    keys().find(|key| key.path.len() == path.len() && begins_with(key, path))
}

fn begins_with(key: &ConfigKey, prefix: &[String]) -> bool {
    key.path.len() >= prefix.len() && key.path.iter().zip(prefix).all(|(pattern, part)| part_fits(pattern, part))
}

/// Whether some key lies below this path.
pub(crate) fn is_table(path: &[String]) -> bool {
    keys().any(|key| key.path.len() > path.len() && begins_with(key, path))
}

/// The names that may follow `prefix`; account names are not among them.
pub(crate) fn children(prefix: &[String]) -> Vec<&'static str> {
    let below = keys().filter(|key| key.path.len() > prefix.len() && begins_with(key, prefix));
    let mut names: Vec<_> = below.map(|key| key.path[prefix.len()]).filter(|name| *name != "*").collect();
    names.dedup();
    names
}

/// The environment variable of a path: `REELQ_DOWNLOADS_CONCURRENCY`, `REELQ_ACCOUNTS_WAVE_BASE_URL`.
pub(crate) fn variable(path: &[String]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let parts: Vec<String> = path.iter().map(|part| part.chars().map(plain).collect()).collect();
    format!("REELQ_{}", parts.join("_"))
}

/// The key's full path for an account or a schedule of this name.
pub(crate) fn path_for(key: &ConfigKey, name: &str) -> Vec<String> {
    key.path.iter().map(|part| if *part == "*" { name.to_owned() } else { (*part).to_owned() }).collect()
}

/// The table of named tables that the key belongs to: `accounts` or `schedules`.
pub(crate) fn named_in(key: &ConfigKey) -> Option<&'static str> {
    key.path.contains(&"*").then_some(key.path[0])
}
