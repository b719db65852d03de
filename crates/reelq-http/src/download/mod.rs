//! Fetches outputs from wherever a vendor keeps them, without the account's key and without trusting the link.

mod body;
mod downloader;
mod error;
mod media;
mod policy;
mod range;
mod section;

pub use body::{Download, DownloadStatus};
pub use downloader::Downloader;
pub use error::DownloadError;
pub use policy::DownloadPolicy;
pub use range::{Resume, Validator};
pub use section::DownloadsSection;
