//! Work that blocks.

use crate::PlaceError;

/// Runs what blocks on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlaceError> + Send + 'static,
) -> Result<T, PlaceError> {
    let lost = |error| PlaceError::File {
        what: "finish the work on",
        path: "a file".to_owned(),
        source: std::io::Error::other(error),
    };
    tokio::task::spawn_blocking(work).await.map_err(lost)?
}
