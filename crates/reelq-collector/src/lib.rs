//! Fetches what was bought before its link dies, verifies it, puts it in its place, and writes result manifests.
//!
//! Nothing in the output place is ever replaced by other content, and nothing appears there before it is whole.

mod collector;
pub mod content;
mod fetch;
mod fetch_error;
mod fetched_outputs;
mod images;
mod lag;
pub mod mp4;
mod mp4_completeness;
mod name;
mod naming;
mod part;
mod patience;
mod place;
mod place_error;
mod placed;
mod places;
mod quarantine;
mod results;
mod targets;

pub use collector::Collector;
pub use content::{Class, ContentError, Media};
pub use images::OutputImages;
pub use lag::{LagGuard, Outlook};
pub use name::{NameError, NameTemplate, NameValues};
pub use place::{Place, StorageOptions};
pub use place_error::PlaceError;
pub use places::Places;
pub use results::{ResultsError, Unknown, Written, for_each_record, loaded, note_loaded, record, write_results};
