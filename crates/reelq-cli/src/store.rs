//! Opens the store that the configuration names.

use std::sync::Arc;

use reelq_store::{SharedStore, SqliteStore};

use crate::{config::StorePlace, failure::Failure, session::Session};

/// Opens it; makes it where it is new.
pub(crate) async fn open(place: &StorePlace, session: &Session) -> Result<SharedStore, Failure> {
    match place {
        StorePlace::Sqlite(file) => Ok(Arc::new(SqliteStore::open(file, Arc::clone(&session.clock))?)),
        StorePlace::Redis(_) => Err(Failure::usage("this build has the embedded store only")),
    }
}
