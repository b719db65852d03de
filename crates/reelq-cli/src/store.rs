//! Opens the store that the configuration names, and the journal of what this machine buys on it.

use std::sync::Arc;

use anyhow::Context;
use reelq_model::WorkerId;
use reelq_store::{JournalSettings, Journaled, LinkOptions, RedisStore, SharedStore, SqliteStore, TlsFiles};
use secrecy::SecretString;

use crate::{
    config::{PasswordPlace, RedisPlace, StorePlace, secret_file},
    failure::Failure,
    session::Session,
};

/// Opens it; makes it where it is new.
pub(crate) async fn open(place: &StorePlace, session: &Session) -> Result<SharedStore, Failure> {
    let clock = Arc::clone(&session.clock);
    Ok(match place {
        StorePlace::Sqlite(file) => Arc::new(SqliteStore::open(file, clock)?),
        StorePlace::Redis(place) => {
            let (address, namespace) = (place.address.clone(), place.namespace.clone());
            Arc::new(RedisStore::open(address, namespace, options(place, session)?, clock).await?)
        }
    })
}

/// Opens it to be read; it is there already.
pub(crate) async fn open_reading(place: &StorePlace, session: &Session) -> Result<SharedStore, Failure> {
    let clock = Arc::clone(&session.clock);
    Ok(match place {
        StorePlace::Sqlite(file) => Arc::new(SqliteStore::open_reading(file, clock)?),
        StorePlace::Redis(place) => {
            let (address, namespace) = (place.address.clone(), place.namespace.clone());
            Arc::new(RedisStore::open_reading(address, namespace, options(place, session)?, clock).await?)
        }
    })
}

/// The store as a process that buys uses it: over a server that may forget, with a journal in front.
pub(crate) fn journaled(store: &SharedStore, session: &Session, worker: &WorkerId) -> Result<SharedStore, Failure> {
    let place = session.place();
    let StorePlace::Redis(redis) = &place else { return Ok(Arc::clone(store)) };
    let settings = JournalSettings::new(&redis.journal, place.to_string());
    let journal = Journaled::open(Arc::clone(store), settings, worker, Arc::clone(&session.clock));
    Ok(Arc::new(journal.context("open the journal of this machine")?))
}

/// How the server is spoken to.
pub(crate) fn options(place: &RedisPlace, session: &Session) -> Result<LinkOptions, Failure> {
    Ok(LinkOptions {
        password: password(&place.password, "password", session)?,
        sentinel_user: place.sentinel_user.clone(),
        sentinel_password: password(&place.sentinel_password, "sentinel_password", session)?,
        tls: TlsFiles {
            authorities: place.ca_file.clone(),
            certificate: place.cert_file.clone(),
            key: place.key_file.clone(),
        },
        durability: place.durability(),
        seed: session.seed,
        ..LinkOptions::default()
    })
}

/// The password from its place; `key` is the setting that names the place, without its ending.
fn password(place: &PasswordPlace, key: &str, session: &Session) -> Result<Option<SecretString>, Failure> {
    if let Some(variable) = &place.variable {
        let unset = || Failure::usage(format!("[redis] {key}_env: ${variable} is not set: export {variable}=…"));
        return session.environment.secret(variable).map(Some).ok_or_else(unset);
    }
    let Some(path) = &place.file else { return Ok(None) };
    let unread =
        |error: String| Failure::usage(format!("[redis] {key}_file: {} cannot be read ({error})", path.display()));
    let text = secret_file::read(path).map_err(unread)?;
    if text.trim().is_empty() {
        return Err(Failure::usage(format!("[redis] {key}_file: {} is empty", path.display())));
    }
    Ok(Some(SecretString::from(text.trim().to_owned())))
}
