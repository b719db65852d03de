//! Taking a record out of the namespace that cannot be read.

use std::collections::BTreeMap;

use reelq_model::JobId;

use super::{caller::Caller, change, heal, record::Record, scripts, views};
use reelq_store::Result;

script!(REMOVE, "remove", ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "room"]);

/// All that the record holds; nothing where there is no such record, or it can be read.
pub(super) async fn held(caller: &Caller, job: JobId) -> Result<Option<Vec<u8>>> {
    let reply = caller.call(&scripts::READ, &change::pack_ids(&[job])).await?;
    let found = reply.unpack().each(|unpacker| {
        unpacker.list()?;
        let (record, _line) = (unpacker.bytes()?.to_vec(), unpacker.bytes()?);
        Ok(record)
    })?;
    Ok(found.into_iter().next().filter(|record| !record.is_empty() && Record::of(job, record).is_err()))
}

/// Removes the record where it cannot be read; whether it did. Where not even its header could, the sums that it was part of are
/// added up anew.
pub(super) async fn remove(caller: &Caller, job: JobId) -> Result<bool> {
    if held(caller, job).await?.is_none() {
        return Ok(false);
    }
    let reply = caller.call(&REMOVE, &change::pack_ids(&[job])).await?;
    if !reply.unpack().flag()? {
        for batch in views::names(caller).await? {
            caller.call(&scripts::HEAL, &heal::arguments(batch.as_str(), &BTreeMap::new(), true)).await?;
        }
    }
    tracing::warn!(%job, "a record that could not be read was removed");
    Ok(true)
}
