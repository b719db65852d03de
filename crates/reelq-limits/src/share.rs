//! Shares of an account's tokens and places between batches: how far one job takes a batch back in the queue.

/// Priorities beyond these weigh no more.
const PRIORITY_MAX: i32 = 4;

/// What each job adds to its batch's pass: one doubling of the batch's share for each step of priority, from -4 to 4.
///
/// A batch of priority 0 has a stride of 16 and so 16 parts; 4 has 256 parts, -4 has one.
pub fn stride(priority: i32) -> i64 {
    1 << (PRIORITY_MAX - priority.clamp(-PRIORITY_MAX, PRIORITY_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_priority_doubles_the_share_within_bounds() {
        let strides = [-99, -4, -1, 0, 1, 4, 99, i32::MIN, i32::MAX].map(stride);
        assert_eq!(strides, [256, 256, 32, 16, 8, 1, 1, 256, 1]);
    }
}
