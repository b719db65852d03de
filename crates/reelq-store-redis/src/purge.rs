//! Removing a finished batch, a bounded part in each call.

use reelq_model::BatchName;

use super::{caller::Caller, codec::Packer};
use reelq_store::{Error, Purge, Result, Unfinished};

script!(PURGE, "purge", ["job_keys", "load_keys", "record", "tasks", "clear", "room"]);

pub(super) async fn purge(caller: &Caller, batch: &BatchName) -> Result<Purge> {
    let reply = caller.call(&PURGE, &Packer::new().list(1).text(batch.as_str()).finish()).await?;
    let mut unpacker = reply.unpack();
    let (word, jobs) = (unpacker.int()?, unpacker.count()?);
    Ok(match word {
        0 => Purge::Done { jobs },
        1 => Purge::Going { jobs },
        2 => Purge::Refused(Unfinished {
            outstanding: unpacker.count()?,
            unconfirmed: unpacker.count()?,
            loading: unpacker.flag()?,
        }),
        _ => return Err(Error::NoBatch(batch.to_string())),
    })
}
