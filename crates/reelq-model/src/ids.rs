//! Names of things, as newtypes: a bare `String` never says which name it is.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Says why a text cannot be the name it was given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} `{value}` {rule}")]
pub struct InvalidName {
    /// What was being named, for example `batch name`.
    pub what: &'static str,
    /// The text that was refused.
    pub value: String,
    /// The rule that it breaks, as the end of a sentence.
    pub rule: &'static str,
}

fn check_name(what: &'static str, value: &str) -> Result<(), InvalidName> {
    let refuse = |rule| Err(InvalidName { what, value: value.to_owned(), rule });
    if value.is_empty() {
        return refuse("must not be empty");
    }
    if value.len() > 128 {
        return refuse("must not be longer than 128 bytes");
    }
    if value.starts_with(['.', '-']) {
        return refuse("must not begin with `.` or `-`");
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | ':' | '+');
    if !value.chars().all(allowed) {
        return refuse("may hold only letters, digits and . _ - @ : +");
    }
    Ok(())
}

fn check_text(what: &'static str, value: &str) -> Result<(), InvalidName> {
    let refuse = |rule| Err(InvalidName { what, value: value.to_owned(), rule });
    if value.len() > 512 {
        return refuse("must not be longer than 512 bytes");
    }
    check_line(what, value)
}

/// A task id is the vendor's: whatever fits into the path of a request, percent-encoded, is taken as it is.
fn check_task(what: &'static str, value: &str) -> Result<(), InvalidName> {
    let refuse = |rule| Err(InvalidName { what, value: value.to_owned(), rule });
    if value.len() > 4096 {
        return refuse("must not be longer than 4096 bytes");
    }
    if value.is_empty() {
        return refuse("must not be empty");
    }
    Ok(())
}

fn check_line(what: &'static str, value: &str) -> Result<(), InvalidName> {
    let refuse = |rule| Err(InvalidName { what, value: value.to_owned(), rule });
    if value.is_empty() {
        return refuse("must not be empty");
    }
    if value.chars().any(char::is_control) {
        return refuse("must not hold control characters");
    }
    Ok(())
}

/// A schedule's name and a tick's time make a batch's name, which must not grow too long and reads back at the first `@`.
fn check_schedule(what: &'static str, value: &str) -> Result<(), InvalidName> {
    check_name(what, value)?;
    let refuse = |rule| Err(InvalidName { what, value: value.to_owned(), rule });
    if value.len() > 80 {
        return refuse("must not be longer than 80 bytes");
    }
    if value.contains(['@', ':']) {
        return refuse("must not hold `@` or `:`");
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `value` against the rule of this name.
            pub fn new(value: impl Into<String>) -> Result<Self, InvalidName> {
                let value = value.into();
                $check($what, &value)?;
                Ok(Self(value))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(value: &str) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;
            fn try_from(value: String) -> Result<Self, InvalidName> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// Names one run of a manifest.
    BatchName, "batch name", check_name
);
name!(
    /// Names an account: a provider plus one API key, the unit of limits and pauses.
    AccountName, "account name", check_name
);
name!(
    /// Names a provider: `wave`, `apixo` or `poyo`.
    ProviderName, "provider name", check_name
);
name!(
    /// Names a model as the provider calls it.
    ModelName, "model name", check_text
);
name!(
    /// The provider's own id of a remote task.
    TaskId, "task id", check_task
);
name!(
    /// Names a schedule: a cron entry of the configuration.
    ScheduleName, "schedule name", check_schedule
);
name!(
    /// Names one worker process while it lives.
    WorkerId, "worker id", check_name
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_with_a_path_separator_is_refused() {
        let error = BatchName::new("../up").unwrap_err();
        assert_eq!(error.to_string(), "batch name `../up` must not begin with `.` or `-`");
        assert!(BatchName::new("a/b").is_err());
    }

    #[test]
    fn tick_names_are_batch_names() {
        assert!(BatchName::new("nightly@2026-11-21T02:00:00Z").is_ok());
    }

    #[test]
    fn a_schedules_name_leaves_room_for_the_time() {
        let longest = "x".repeat(80);
        let name = ScheduleName::new(&*longest).unwrap();
        assert!(BatchName::new(format!("{name}@2026-11-21T02:00:00.123Z")).is_ok());
        assert!(ScheduleName::new("x".repeat(81)).is_err());
        assert!(ScheduleName::new("nightly@home").is_err());
    }

    #[test]
    fn a_task_id_keeps_every_byte() {
        for id in ["task-unified-1757165031-uyujaw3d", " task 1 ", "task\n1", "\0", "../../v1/keys", "%2e%2e", "-rf"] {
            assert_eq!(TaskId::new(id).unwrap().as_str(), id);
        }
        assert!(TaskId::new("").is_err());
    }

    #[test]
    fn a_task_id_may_be_as_long_as_a_line_of_a_request() {
        assert!(TaskId::new("9".repeat(4_096)).is_ok());
        assert!(TaskId::new("9".repeat(4_097)).is_err());
        assert!(ModelName::new("m".repeat(513)).is_err());
    }
}
