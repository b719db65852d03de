//! How many files and connections this process may have open at once.

/// More is not asked for: each costs the kernel memory.
#[cfg(unix)]
const WANTED: u64 = 65_536;
/// What is taken for granted where the system does not say.
const USUAL: u64 = 1_024;

/// Raises the number as far as the system lets this user, and gives it. Systems begin with one that is made for programs
/// that open few; it may be raised up to the hard limit by anyone.
#[cfg(unix)]
pub(crate) fn raised() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(WANTED);
    let wanted = limit.maximum.unwrap_or(WANTED).min(WANTED).max(current);
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    if wanted == current || setrlimit(Resource::Nofile, raised).is_err() {
        return if current == 0 { USUAL } else { current };
    }
    wanted
}

#[cfg(not(unix))]
pub(crate) fn raised() -> u64 {
    USUAL
}
