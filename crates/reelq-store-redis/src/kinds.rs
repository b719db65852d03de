//! Reading what was asked for with jobs, and the kinds that stand apart from them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redis::Value;
use reelq_model::JobId;

use super::{
    asked::{Asked, Kind, KindId},
    caller::Caller,
};
use reelq_store::{Error, Result};

/// Kinds that were met, which never change.
#[derive(Debug, Default)]
pub(super) struct Kinds(Mutex<HashMap<KindId, Arc<Kind>>>);

/// More are read anew.
const MOST: usize = 4096;

impl Kinds {
    fn known(&self) -> MutexGuard<'_, HashMap<KindId, Arc<Kind>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, id: KindId, kind: &Arc<Kind>) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id, Arc::clone(kind));
    }
}

/// What was asked for with a job, and its kind, where they are there.
pub(super) type Found = Option<(Vec<u8>, Option<Arc<Kind>>)>;

/// What was asked for with each of these jobs. It changes only where no one holds the job.
pub(super) async fn asked(caller: &Caller, ids: &[JobId]) -> Result<Vec<Found>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let prefix = caller.link.namespace().prefix().as_bytes();
    let keys = ids.iter().map(|id| [prefix, b"k:", id.as_bytes()].concat());
    let found = ask(caller, "MGET", keys).await?;
    let kind_of = |asked: &Vec<u8>| Asked::read(asked).ok().map(|asked| (asked.batch, asked.kind));
    let mut kinds: BTreeMap<(u64, KindId), Option<Arc<Kind>>> = BTreeMap::new();
    for (batch, id) in found.iter().flatten().filter_map(kind_of) {
        kinds.entry((batch, id)).or_insert_with(|| caller.kinds.known().get(&id).cloned());
    }
    for ((batch, id), kind) in kinds.iter_mut().filter(|(_, kind)| kind.is_none()) {
        let words = [[prefix, format!("kinds:{batch}").as_bytes()].concat(), id.to_vec()];
        // One that cannot be read is that of its jobs alone: they are set aside.
        let content = ask(caller, "HMGET", words.into_iter()).await?.into_iter().next().flatten();
        *kind = content.and_then(|content| Kind::read(&content).ok()).map(Arc::new);
        if let Some(kind) = kind {
            caller.kinds.learn(*id, kind);
        }
    }
    let with_kind = |asked: Vec<u8>| {
        let kind = kind_of(&asked).and_then(|of| kinds.get(&of).cloned().flatten());
        (asked, kind)
    };
    Ok(found.into_iter().map(|asked| asked.map(with_kind)).collect())
}

async fn ask(caller: &Caller, command: &str, words: impl Iterator<Item = Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>> {
    let mut command = redis::cmd(command);
    for word in words {
        command.arg(word);
    }
    let Value::Array(values) = caller.query(&command).await? else { return Err(Error::broken("no list was answered")) };
    let text = |value| if let Value::BulkString(bytes) = value { Some(bytes) } else { None };
    Ok(values.into_iter().map(text).collect())
}
