//! One configuration key.

use super::defaults::KeyDefault;
use crate::{kind::ValueKind, value::ConfigValue};

/// One key. In its path, `*` stands for an account's name, or a schedule's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConfigKey {
    /// Its parts.
    pub(crate) path: &'static [&'static str],
    /// What its value must be.
    pub(crate) kind: ValueKind,
    /// What holds where nothing sets it.
    pub(crate) default: KeyDefault,
    /// What it means, as Markdown.
    pub(crate) doc: &'static str,
}

impl ConfigKey {
    /// Whether each table that may hold it must.
    pub(crate) const fn is_required(&self) -> bool {
        matches!(self.default, KeyDefault::Required)
    }

    /// Whether it is any field of a row, whose value may be a table.
    pub(crate) const fn is_row_field(&self) -> bool {
        matches!(self.kind, ValueKind::Field)
    }

    /// Its value where nothing sets it.
    pub(crate) fn default(&self) -> Option<ConfigValue> {
        self.default.value(self.path, self.kind)
    }
}

/// A key.
pub(super) const fn key(
    path: &'static [&'static str],
    kind: ValueKind,
    default: KeyDefault,
    doc: &'static str,
) -> ConfigKey {
    ConfigKey { path, kind, default, doc }
}
