//! Names files by a template; whatever the values are, a name is safe on every system and stays below the output place.

mod safe;
mod template;

pub use template::{NameError, NameTemplate, NameValues};
