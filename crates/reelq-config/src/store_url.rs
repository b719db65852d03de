//! What a `store` value may be.

use std::path::PathBuf;

use reelq_store_redis::Address;

use super::broken::Broken;

/// A `store` value, read.
#[derive(Debug, Clone)]
pub(crate) enum StoreUrl {
    /// An embedded database in this file.
    Sqlite(PathBuf),
    /// A Redis server.
    Redis(Box<Address>),
}

/// Checks a `store` value.
pub(crate) fn check(text: &str) -> Result<(), Broken> {
    parse(text).map(drop)
}

/// Reads a `store` value.
pub(crate) fn parse(text: &str) -> Result<StoreUrl, Broken> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.ends_with('/') {
            return Err(broken("must name a file after `sqlite:`", "write \"sqlite:.reelq/state.db\""));
        }
        return Ok(StoreUrl::Sqlite(PathBuf::from(path)));
    }
    if text.starts_with("redis") {
        let address = text.parse::<Address>();
        let hint = "write \"redis://host:6379/0\", \"rediss://…\", \"redis+unix:///path\", \"redis+sentinel://…\" or \"redis+cluster://…\"";
        return address
            .map(|address| StoreUrl::Redis(Box::new(address)))
            .map_err(|error| broken(&format!("must be an address: {error}"), hint));
    }
    Err(broken("must begin with `sqlite:` or `redis:`", "write \"sqlite:.reelq/state.db\" or \"redis://host:6379/0\""))
}

fn broken(rule: &str, hint: &str) -> Broken {
    Broken { rule: rule.to_owned(), hint: Some(hint.to_owned()), part: None }
}
