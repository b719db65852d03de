//! Held jobs: they have a line and wait, and no worker takes them before a person says so.
//!
//! A held job is one of a priority below all that people may give, which keeps the priority that it will have. So a load that
//! brings it with its own priority releases it, as it brings any other change to what was never submitted.

use reelq_model::PRIORITY_MAX;

const HELD: i32 = -2_000_000_000;

/// The highest priority of a held job. `HELD_LEVEL` in the Redis store's `keys.lua` is the same, turned round.
pub const HELD_MOST: i32 = HELD + PRIORITY_MAX;

/// The priority of a job that is held, and that will have `priority` once it is released.
pub const fn held(priority: i32) -> i32 {
    if is_held(priority) { priority } else { HELD + within(priority) }
}

/// Whether a job of this priority is held.
pub const fn is_held(priority: i32) -> bool {
    priority <= HELD_MOST
}

/// The priority that a job has, or will have once it is released.
pub const fn released(priority: i32) -> i32 {
    if is_held(priority) { priority.saturating_sub(HELD) } else { priority }
}

const fn within(priority: i32) -> i32 {
    if priority > PRIORITY_MAX {
        PRIORITY_MAX
    } else if priority < -PRIORITY_MAX {
        -PRIORITY_MAX
    } else {
        priority
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_job_keeps_the_priority_that_it_will_have() {
        for priority in [0, 7, -7, PRIORITY_MAX, -PRIORITY_MAX] {
            assert!(!is_held(priority) && is_held(held(priority)), "{priority}");
            assert_eq!(released(held(priority)), priority);
            assert_eq!((held(held(priority)), released(priority)), (held(priority), priority));
        }
    }
}
