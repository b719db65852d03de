//! Files of this machine: bytes by content, private files and folders, durable renames, locks of processes, room kept free.

mod blobs;
mod folder;
pub mod fresh;
pub mod private;
pub mod process_lock;
mod replace;
pub mod room;

pub use blobs::{BlobError, Blobs};
pub use folder::{sync_folder, sync_parent};
pub use replace::replace;
