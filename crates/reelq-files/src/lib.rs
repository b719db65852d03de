//! Files of this machine: bytes by content, private files and folders, durable renames.

mod blobs;
mod folder;
pub mod fresh;
pub mod private;

pub use blobs::{BlobError, Blobs};
pub use folder::{sync_folder, sync_parent};
