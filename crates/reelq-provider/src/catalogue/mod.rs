//! What a vendor's models take and cost, as data: `models.toml` of the vendor, overlaid by a user's file of the same form.
//!
//! The code here knows the form and no vendor. A catalogue that parses is consistent: every field, mode and rule that it
//! refers to exists.

mod error;
mod field;
mod images;
mod merge;
mod model;
mod parse;
mod price;
mod replies;
mod resolve;
mod rule;
mod validate;

pub use error::CatalogueError;
pub use field::{Field, FieldKind, FieldLimits};
pub use images::ImageRules;
pub use model::{Mode, Model};
pub use parse::Catalogue;
pub use price::{Per, PriceRow};
pub use replies::Replies;
pub use rule::{Rule, RuleSeverity};
