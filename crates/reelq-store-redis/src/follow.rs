//! Tasks that stay with the worker that follows them: as long as it is heard, and no one else does anything to the job.

use std::time::Duration;

use reelq_model::{AccountName, WorkerId};
use reelq_store::{Error, Followed, PollTokens, Result};

use super::{
    caller::Caller,
    change::{self, millis},
    codec::Packer,
    edit,
};

script!(
    KEEP_FOLLOWING,
    "keep_following",
    ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "room"]
);
script!(POLL_TOKENS, "poll_tokens", ["pauses", "tokens", "room"]);

/// More are never given at once; scripts calculate with numbers of 52 bits.
const MOST: i64 = 1 << 20;

/// Lengthens what the worker follows; begins it where nothing is left of what it followed before.
pub(super) async fn keep(caller: &Caller, worker: &WorkerId, lasts: Duration) -> Result<Followed> {
    let arguments = Packer::new().list(2).text(worker.as_str()).int(millis(lasts)).finish();
    let reply = caller.call(&KEEP_FOLLOWING, &arguments).await?;
    let mut unpacker = reply.unpack();
    let all_ended = unpacker.flag()?;
    let mut ended = Vec::new();
    for _taken in 0..unpacker.list()? / 2 {
        let job = change::read_id(&mut unpacker)?;
        let version = unpacker.text()?.parse().map_err(|_| Error::broken("a version is no number"))?;
        ended.push((job, version));
    }
    edit::withdraw(caller, &unpacker.each(change::read_id)?).await?;
    Ok(Followed { all_ended, ended })
}

/// Takes status requests from the bucket that claims use.
pub(super) async fn tokens(caller: &Caller, account: &AccountName, most: usize) -> Result<PollTokens> {
    let most = i64::try_from(most).unwrap_or(i64::MAX).min(MOST);
    let arguments = Packer::new().list(2).text(account.as_str()).int(most).finish();
    let reply = caller.call(&POLL_TOKENS, &arguments).await?;
    let mut unpacker = reply.unpack();
    let granted = usize::try_from(unpacker.count()?).unwrap_or(usize::MAX);
    let retry_in = u64::try_from(unpacker.int()?).ok().map(Duration::from_millis);
    Ok(PollTokens { granted, retry_in })
}
