//! Digests all that decides what a manifest asks for, in one pass over its files and in little memory.

use std::{collections::HashSet, fmt, io, path::Path, sync::Arc};

use reelq_model::Digest;
use reelq_store::{BatchDraft, ImportedWith};
use sha2::{Digest as _, Sha256};

use crate::{Error, Order, error::Result};

/// Changes with every change of what reelq makes of the same rows: then everything is compared once more.
const PLAN_VERSION: &str = concat!("2 ", env!("CARGO_PKG_VERSION"));

/// The digest of the manifest's files and of everything beside them that decides what its rows mean; what a URL names is not
/// read. `None` where a file cannot be read: the reading itself then says so.
///
/// Local images are not in it: which ones there are is known only once the rows were read.
pub(crate) async fn digest(order: &Arc<Order>, batch: &BatchDraft) -> Result<Option<Digest>> {
    let (order, batch) = (Arc::clone(order), plain(batch));
    let digested = tokio::task::spawn_blocking(move || digest_now(&order, &batch).ok());
    digested.await.map_err(Error::Reader)
}

/// The batch without what an earlier plan of it left there, and without what its rows bring.
fn plain(batch: &BatchDraft) -> BatchDraft {
    let with = batch.loaded_with.clone().map(|with| ImportedWith { planned: None, ..with });
    // The names of what rows carry are the manifest's own, and some are known only once it was read.
    BatchDraft { loaded_with: with, passthrough: Vec::new(), ..batch.clone() }
}

fn digest_now(order: &Order, batch: &BatchDraft) -> io::Result<Digest> {
    let mut parts = Parts(Sha256::new());
    parts.add(PLAN_VERSION.as_bytes());
    parts.add(&serde_json::to_vec(batch)?);
    for file in order.manifest.files() {
        parts.add(file.as_os_str().as_encoded_bytes());
    }
    parts.add(order.manifest.digest()?.as_bytes());
    for field in &order.image_fields {
        parts.add(field.as_bytes());
    }
    parts.add(&[u8::from(order.source.looks_elsewhere)]);
    parts.accounts(order);
    Ok(Digest::from_bytes(parts.0.finalize().into()))
}

/// A digest of parts, each with its length before it.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, part: &[u8]) {
        self.0.update(part.len().to_le_bytes());
        self.0.update(part);
    }

    /// The accounts' names, limits and adapters; an adapter holds its whole catalogue and what the configuration says of it.
    fn accounts(&mut self, order: &Order) {
        let mut seen = HashSet::new();
        self.add(format!("{:?}", order.accounts.usual_name()).as_bytes());
        for account in order.accounts.iter() {
            self.add(account.name.as_str().as_bytes());
            self.add(format!("{:?}", account.limits).as_bytes());
            let place = Arc::as_ptr(&account.provider).addr();
            // Accounts of one vendor share an adapter, and there may be thousands of them.
            if seen.insert(place) {
                // Writing into a digest does not fail.
                fmt::write(&mut Text(&mut self.0), format_args!("{:?}", account.provider)).unwrap_or_default();
            }
            self.add(account.provider.name().as_str().as_bytes());
        }
    }
}

struct Text<'a>(&'a mut Sha256);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

/// The digest of an image's bytes; `None` where it is not there as it was.
pub(crate) fn image_digest(path: &Path) -> Option<Digest> {
    Some(Digest::read(std::fs::File::open(path).ok()?).ok()?.0)
}
