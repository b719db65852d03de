//! The exit codes, a contract with scripts: `docs/exit-codes.md` lists them.

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All rows succeeded, or the command did what it was asked for.
    Done = 0,
    /// An internal error.
    Internal = 1,
    /// Wrong usage, or an invalid manifest or configuration: nothing was enqueued.
    Invalid = 2,
    /// Some rows failed.
    Failed = 3,
    /// An account is blocked (401, 402, 403).
    Blocked = 4,
    /// Rows are outstanding: `reelq continue` goes on.
    Outstanding = 5,
    /// Rows are unconfirmed: a person must resolve them.
    Unconfirmed = 6,
    /// A person declined: nothing was bought.
    Declined = 7,
    /// The budget is reached.
    Budget = 8,
    /// Interrupted; the state is safe.
    Interrupted = 130,
}

impl Exit {
    /// The first that holds of those that a finished run may end with: 4, then 6, 8, 3, 5.
    pub fn most_urgent(holds: impl Fn(Self) -> bool) -> Self {
        let order = [Self::Blocked, Self::Unconfirmed, Self::Budget, Self::Failed, Self::Outstanding];
        order.into_iter().find(|exit| holds(*exit)).unwrap_or(Self::Done)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_several_hold_the_most_urgent_wins() {
        assert_eq!(Exit::most_urgent(|exit| matches!(exit, Exit::Failed | Exit::Unconfirmed)), Exit::Unconfirmed);
        assert_eq!(Exit::most_urgent(|exit| matches!(exit, Exit::Outstanding | Exit::Failed)), Exit::Failed);
        assert_eq!(Exit::most_urgent(|exit| matches!(exit, Exit::Budget | Exit::Blocked)), Exit::Blocked);
        assert_eq!(Exit::most_urgent(|_| false), Exit::Done);
    }
}
