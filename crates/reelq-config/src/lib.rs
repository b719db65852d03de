//! Configuration: flags over environment over `reelq.toml` over the user's file over defaults.
//!
//! Every key of every layer is checked before anything is used, and every value remembers where it came from.

mod account;
mod between;
mod broken;
mod environment;
mod file;
mod kind;
mod layers;
mod origin;
mod overlay;
mod problem;
mod project;
mod range;
mod reading;
mod reference;
mod renamed;
mod render;
mod schedules;
mod schema;
pub mod secret_file;
mod sections;
mod show;
mod simulated;
mod store_place;
mod store_url;
mod table;
mod value;
mod values;

pub use account::{AccountConfig, KeyTrouble};
pub use environment::Environment;
pub use layers::{MergedSettings, Setting};
pub use origin::Origin;
use problem::ConfigProblem;
pub use project::{Project, left_aside};
pub use reading::Flags;
pub use reference::{KeyReference, reference};
pub use render::problems;
pub use schema::schema;
pub use sections::Config;
pub use show::{ShownSetting, shown, shown_store};
pub use simulated::{simulate, simulated_output};
pub use store_place::{ClosedFolder, PasswordPlace, RedisPlace, StorePlace, is_there};
pub use value::ConfigValue;

#[cfg(test)]
mod tests;
