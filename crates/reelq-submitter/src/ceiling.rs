//! A limit as it is configured: a number that is never passed, or `auto`.

use serde::{Deserialize, Serialize};

/// A limit that the user knows, or one that is to be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
// The configuration was checked by kinds with messages of their own before it comes here.
#[serde(untagged)]
pub enum Ceiling<T> {
    /// Never more than this, whatever the provider would allow.
    AtMost(T),
    /// As much as the provider turns out to allow.
    Unknown(Auto),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auto {
    /// `auto`
    #[serde(rename = "auto")]
    Auto,
}

impl<T: Copy> Ceiling<T> {
    /// The limit that is to be learned.
    pub const AUTO: Self = Self::Unknown(Auto::Auto);

    /// The number, where there is one.
    pub const fn number(self) -> Option<T> {
        match self {
            Self::AtMost(number) => Some(number),
            Self::Unknown(_) => None,
        }
    }

    /// Whether it is to be learned.
    pub const fn is_auto(self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

impl<T> From<T> for Ceiling<T> {
    fn from(number: T) -> Self {
        Self::AtMost(number)
    }
}
