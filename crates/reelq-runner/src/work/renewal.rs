//! An account whose key the vendor refuses goes on once the key's file was replaced: no one has to lift the block as well.

use std::{sync::Arc, time::Duration};

use reelq_http::Transport;
use reelq_model::{AccountName, BlockReason};
use reelq_store::{PauseReason, SharedStore};

/// How often the files are looked at. Where requests go out, they look as well.
const EVERY: Duration = Duration::from_secs(2);

/// An account and how its key is read.
#[derive(Debug)]
struct Renewed {
    account: AccountName,
    transport: Arc<Transport>,
    /// Keys that were replaced before.
    known: u64,
}

/// Looks at the keys of a process's accounts.
#[derive(Debug)]
pub(crate) struct KeyRenewal {
    store: SharedStore,
    accounts: Vec<Renewed>,
}

impl KeyRenewal {
    pub(crate) const fn new(store: SharedStore) -> Self {
        Self { store, accounts: Vec::new() }
    }

    /// Looks after this account, too.
    pub(crate) fn add(&mut self, account: AccountName, transport: Arc<Transport>) {
        self.accounts.push(Renewed { account, known: transport.keys_replaced(), transport });
    }

    /// Looks for as long as it is polled.
    pub(crate) async fn run(mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            for renewed in &mut self.accounts {
                let now = renewed.transport.keys_replaced();
                // A store that is away is told with the next look.
                if now != renewed.known && lift(&*self.store, &renewed.account).await.is_ok() {
                    renewed.known = now;
                }
            }
        }
    }
}

async fn lift(store: &dyn reelq_store::Store, account: &AccountName) -> reelq_store::Result<()> {
    let accounts = store.accounts().await?;
    let pauses = accounts.iter().filter(|view| view.name == *account).flat_map(|view| &view.pauses);
    let of_key = |reason: &PauseReason| {
        matches!(reason, PauseReason::Blocked { block: BlockReason::Unauthorized | BlockReason::Forbidden, .. })
    };
    if pauses.into_iter().any(|pause| of_key(&pause.reason)) {
        store.resume_account(account, false).await?;
        tracing::warn!(%account, "the account goes on: its provider refused the key, and the key's file was replaced since");
    }
    Ok(())
}
