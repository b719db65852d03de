//! The three vendors, and what distinguishes how they charge.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A simulated vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vendor {
    /// The Wave API: idempotency keys, refunds, cancellation.
    Wave,
    /// APIXO: no idempotency keys; failed tasks stay charged.
    Apixo,
    /// PoYo: idempotency keys; failed tasks are not charged.
    Poyo,
}

impl Vendor {
    /// Every vendor.
    pub const ALL: [Self; 3] = [Self::Wave, Self::Apixo, Self::Poyo];

    /// The name that reelq's configuration uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wave => "wave",
            Self::Apixo => "apixo",
            Self::Poyo => "poyo",
        }
    }

    /// Whether a repeated idempotency key is answered with the first task.
    pub const fn replays_keys(self) -> bool {
        !matches!(self, Self::Apixo)
    }

    /// Whether a failed task's money comes back.
    pub const fn refunds_failures(self) -> bool {
        !matches!(self, Self::Apixo)
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
