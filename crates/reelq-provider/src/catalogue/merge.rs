//! Lays one TOML table over another.

use toml::{Table, Value};

/// Lays `over` over `base`: tables are merged key by key, anything else is replaced.
///
/// Price rows are the exception: the overlay's rows go in front, where they win, and the others stay.
pub(super) fn lay_over(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (Some(Value::Array(below)), Value::Array(mut above)) if key == "prices" => {
                above.append(below);
                *below = above;
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
