//! HTTP of an account that never leaves the process.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use reelq_model::{Digest, JobId, Setback, SubmitOutcome};
use reelq_provider::{Provider, Reply, Request};
use reelq_worker::Exchange;

use crate::{CallLog, Script, sample::NOW};

/// Answers paid requests by a script and every other with an empty reply; logs both. Clones share everything.
#[derive(Debug, Clone, Default)]
pub struct FakeExchange {
    /// The outcomes of paid requests.
    pub outcomes: Script<SubmitOutcome>,
    /// `send NUMBER `BODY` under KEY` for each paid request, and the path of each other.
    pub log: CallLog,
    is_down: Arc<AtomicBool>,
    fingerprint: Arc<Mutex<Option<Digest>>>,
}

impl FakeExchange {
    /// Cuts the network, or restores it.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Gives the account another key or address.
    pub fn set_fingerprint(&self, fingerprint: Option<Digest>) {
        *self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner) = fingerprint;
    }
}

#[async_trait]
impl Exchange for FakeExchange {
    async fn submit(&self, _: &dyn Provider, submission: u32, request: &Request) -> SubmitOutcome {
        let key = request.headers.first().map_or("no key", |(_, key)| key.as_str());
        let body = request.body.clone().unwrap_or_default();
        self.log.add(format!("send {submission} `{}` under {key}", String::from_utf8_lossy(&body)));
        self.outcomes.next("a paid request")
    }

    async fn call(&self, request: &Request) -> Result<Reply, Setback> {
        self.log.add(request.path.clone());
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Setback::new("connection reset"));
        }
        Ok(Reply::whole(200, "", NOW))
    }

    fn fingerprint(&self, _: JobId) -> Option<Digest> {
        *self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
