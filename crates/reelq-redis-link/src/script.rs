//! Scripts, known to the server by the hash of their text, and calls of them.

use std::{fmt, sync::OnceLock};

use redis::{Cmd, ToRedisArgs};

/// A script: pieces of Lua that are joined, with the hash of the whole computed once.
pub struct LuaScript {
    name: &'static str,
    pieces: &'static [&'static str],
    joined: OnceLock<(String, String)>,
}

impl LuaScript {
    /// Takes the pieces in the order in which they are joined.
    pub const fn new(name: &'static str, pieces: &'static [&'static str]) -> Self {
        Self { name, pieces, joined: OnceLock::new() }
    }

    /// What messages call it.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.joined().0
    }

    /// The hash that the server knows it by.
    pub(super) fn hash(&self) -> &str {
        &self.joined().1
    }

    /// Begins a call with the keys that it touches.
    pub fn call<K: AsRef<[u8]>>(&'static self, keys: &[K]) -> Call {
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.hash()).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        Call { script: self, command }
    }

    fn joined(&self) -> &(String, String) {
        self.joined.get_or_init(|| {
            let text = self.pieces.concat();
            let hash = redis::Script::new(&text).get_hash().to_owned();
            (text, hash)
        })
    }
}

impl fmt::Debug for LuaScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.name)
    }
}

/// A call of a script; it may be sent as often as it takes.
#[derive(Clone)]
pub struct Call {
    pub(super) script: &'static LuaScript,
    pub(super) command: Cmd,
}

impl Call {
    /// Adds an argument.
    #[must_use]
    pub fn arg<T: ToRedisArgs>(mut self, argument: T) -> Self {
        self.command.arg(argument);
        self
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.script.name)
    }
}
