//! Opens the store that the configuration names, and the journal of what this machine buys on it.

use std::sync::Arc;

use anyhow::Context;
use reelq_config::{PasswordPlace, RedisPlace, StorePlace, secret_file};
use reelq_console::CommandError;
use reelq_journal::{JournalSettings, Journaled};
use reelq_model::{SharedClock, WorkerId};
use reelq_store::SharedStore;
use reelq_store_redis::{LinkOptions, RedisStore, SecretSource, ServerFacts, TlsFiles, what_may_vanish};
use reelq_store_sqlite::SqliteStore;
use secrecy::{ExposeSecret, SecretString};

use crate::{context::CommandContext, machine::host, reaching::until_reached};

/// Opens it; makes it where it is new.
pub async fn open(place: &StorePlace, context: &CommandContext) -> Result<SharedStore, CommandError> {
    let clock = Arc::clone(&context.clock);
    Ok(match place {
        StorePlace::Sqlite(file) => Arc::new(SqliteStore::open(file, clock)?),
        StorePlace::Redis(place) => {
            let options = options(place, context)?;
            let open = || async {
                let (address, namespace) = (place.address.clone(), place.namespace.clone());
                Ok::<_, CommandError>(RedisStore::open(address, namespace, options.clone(), Arc::clone(&clock)).await?)
            };
            Arc::new(until_reached(&context.patience, context.seed, open).await?)
        }
    })
}

/// Opens it to be read; it is there already.
pub async fn open_reading(place: &StorePlace, context: &CommandContext) -> Result<SharedStore, CommandError> {
    let clock = Arc::clone(&context.clock);
    Ok(match place {
        StorePlace::Sqlite(file) => Arc::new(SqliteStore::open_reading(file, &clock)?),
        StorePlace::Redis(place) => {
            let options = options(place, context)?;
            let open = || async {
                let (address, namespace) = (place.address.clone(), place.namespace.clone());
                let opened = RedisStore::open_reading(address, namespace, options.clone(), Arc::clone(&clock)).await;
                Ok::<_, CommandError>(opened?)
            };
            Arc::new(until_reached(&context.patience, context.seed, open).await?)
        }
    })
}

/// The store as a process that buys uses it: over a server that may forget, with a journal in front.
pub fn journaled(
    store: &SharedStore,
    context: &CommandContext,
    worker: &WorkerId,
) -> Result<SharedStore, CommandError> {
    let place = context.place();
    let StorePlace::Redis(redis) = &place else { return Ok(Arc::clone(store)) };
    let settings = journal(redis);
    let journal = Journaled::open(Arc::clone(store), settings, worker, Arc::clone(&context.clock));
    Ok(Arc::new(journal.context("open the journal of this machine")?))
}

/// Where this machine's journal lies.
pub fn journal(place: &RedisPlace) -> JournalSettings {
    JournalSettings::new(&place.journal, place.namespace.name(), host())
}

/// How the server is spoken to.
pub fn options(place: &RedisPlace, context: &CommandContext) -> Result<LinkOptions, CommandError> {
    Ok(LinkOptions {
        password: password(&place.password, "password", context)?,
        sentinel_user: place.sentinel_user.clone(),
        sentinel_password: password(&place.sentinel_password, "sentinel_password", context)?,
        tls: TlsFiles {
            authorities: place.ca_file.clone(),
            certificate: place.cert_file.clone(),
            key: place.key_file.clone(),
        },
        durability: place.durability(),
        patience: context.patience.clone(),
        seed: context.seed,
        ..LinkOptions::default()
    })
}

/// Warns of a server that may drop what was bought, or forget it with its next restart. Asks it over a connection of its own.
pub async fn warn_of_forgetfulness(place: RedisPlace, options: LinkOptions, clock: SharedClock) {
    let durability = options.durability;
    // Whoever works on the store tells of a server that does not answer.
    let Ok(facts) = ServerFacts::ask(place.address, options, clock).await else { return };
    let findings = what_may_vanish(&facts, durability);
    if findings.is_empty() {
        return;
    }
    let each = findings.iter().map(|finding| format!("`{}` ({})", finding.found, finding.risk));
    let (each, fixes): (Vec<_>, Vec<_>) = each.zip(findings.iter().map(|finding| format!("`{}`", finding.fix))).unzip();
    tracing::warn!("{} runs with {}: set {} in its redis.conf", facts.address, each.join(" and "), fixes.join(" and "));
}

/// The password from its place; `key` is the setting that names the place, without its ending.
fn password(place: &PasswordPlace, key: &str, context: &CommandContext) -> Result<Option<SecretSource>, CommandError> {
    if let Some(variable) = &place.variable {
        let unset = || CommandError::usage(format!("[redis] {key}_env: ${variable} is not set: export {variable}=…"));
        let password = context.environment.secret(variable).ok_or_else(unset)?;
        return Ok(Some(password.into()));
    }
    let Some(path) = &place.file else { return Ok(None) };
    let unread =
        |error: String| CommandError::usage(format!("[redis] {key}_file: {} cannot be read ({error})", path.display()));
    let first = secret_file::read(path).and_then(|text| filled(&text)).map_err(unread)?;
    let path = path.clone();
    Ok(Some(SecretSource::new(move || match secret_file::read_again(&path) {
        Some(text) => text.and_then(|text| filled(&text)).map_err(|error| format!("{}: {error}", path.display())),
        // A pipe gives it once.
        None => Ok(first.clone()),
    })))
}

fn filled(text: &str) -> Result<SecretString, String> {
    let secret = SecretString::from(text.trim().to_owned());
    if secret.expose_secret().is_empty() { Err("it is empty".to_owned()) } else { Ok(secret) }
}
