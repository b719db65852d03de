//! What a vendor's codes mean.

use indexmap::IndexMap;
use reelq_model::FailureKind;
use serde::{Deserialize, Serialize};

/// What a vendor's codes mean. Codes are compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replies {
    /// A code in a reply's body, and the HTTP status that means the same.
    pub codes: IndexMap<String, u16>,
    /// Codes that prove that nothing was taken, even under a 5xx.
    pub certain: Vec<String>,
    /// What kind of failure a code is.
    pub failures: IndexMap<String, FailureKind>,
    /// Codes of failed tasks that cannot have cost anything.
    pub uncharged: Vec<String>,
    /// Parts of a code or message that mean that the balance is used up, beside those that are general.
    pub no_credit: Vec<String>,
    /// Parts of an unlisted code (of the message, where there is no code) that tell the kind, in lower case.
    pub words: IndexMap<String, FailureKind>,
}

fn look_up<'a, T>(table: &'a IndexMap<String, T>, code: &str) -> Option<&'a T> {
    table.iter().find(|(name, _)| name.eq_ignore_ascii_case(code)).map(|(_, value)| value)
}

fn holds(list: &[String], code: Option<&str>) -> bool {
    code.is_some_and(|code| list.iter().any(|name| name.eq_ignore_ascii_case(code)))
}

impl Replies {
    /// The HTTP status that means the same as `code`.
    pub(crate) fn status_of(&self, code: &str) -> Option<u16> {
        look_up(&self.codes, code).copied()
    }

    /// Whether the vendor's catalogue knows `code`.
    pub(crate) fn lists(&self, code: &str) -> bool {
        look_up(&self.codes, code).is_some()
            || look_up(&self.failures, code).is_some()
            || [&self.certain, &self.uncharged].iter().any(|list| holds(list, Some(code)))
    }

    /// Whether `code` is listed as a fault of the row: its content, or its form.
    pub(crate) fn ends_row(&self, code: &str) -> bool {
        matches!(look_up(&self.failures, code), Some(FailureKind::Content | FailureKind::Invalid))
    }

    /// Whether `code` proves that nothing was taken.
    pub(crate) fn is_certain(&self, code: Option<&str>) -> bool {
        holds(&self.certain, code)
    }

    /// Whether a task that failed with `code` cannot have cost anything.
    pub(crate) fn is_uncharged(&self, code: Option<&str>) -> bool {
        holds(&self.uncharged, code)
    }

    /// The kind of a failure, where its code (or, without a listed code, its words) tells.
    ///
    /// A message about moderation makes a listed `invalid` or `provider` more exact: vendors pass refusals of their own
    /// suppliers on under a general code. Neither kind is ever bought again, so money does not hang on these words.
    pub(crate) fn kind_of(&self, code: Option<&str>, message: &str) -> Option<FailureKind> {
        let listed = code.and_then(|code| look_up(&self.failures, code)).copied();
        match listed {
            Some(FailureKind::Invalid | FailureKind::Provider)
                if self.kind_in(message) == Some(FailureKind::Content) =>
            {
                Some(FailureKind::Content)
            }
            Some(kind) => Some(kind),
            None => self.kind_in(code.unwrap_or(message)),
        }
    }

    fn kind_in(&self, text: &str) -> Option<FailureKind> {
        let text = text.to_lowercase();
        self.words.iter().find(|(word, _)| text.contains(word.as_str())).map(|(_, kind)| *kind)
    }
}
