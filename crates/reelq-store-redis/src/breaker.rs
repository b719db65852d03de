//! An account's breaker, kept and compared by version, with the pause that it asks for.

use reelq_model::{AccountName, Timestamp};

use super::{caller::Caller, codec::Packer};
use reelq_store::{Breaker, BreakerView, Error, Result};

script!(BREAKER, "breaker");
script!(SET_BREAKER, "set_breaker", ["room"]);

pub(super) async fn read(caller: &Caller, name: &AccountName) -> Result<BreakerView> {
    let reply = caller.call(&BREAKER, &Packer::new().list(1).text(name.as_str()).finish()).await?;
    let mut unpacker = reply.unpack();
    let (text, version) = (unpacker.bytes()?, unpacker.count()?);
    Ok(BreakerView::read(text, version, reply.now))
}

pub(super) async fn set(caller: &Caller, name: &AccountName, version: u64, breaker: &Breaker) -> Result<bool> {
    let json = |error: serde_json::Error| Error::broken(error.to_string());
    let text = serde_json::to_string(breaker).map_err(json)?;
    let mut packer = Packer::new();
    packer.list(4).text(name.as_str()).count(version).text(&text);
    match breaker.pause() {
        Some(pause) => {
            let reason = serde_json::to_string(&pause.reason).map_err(json)?;
            let until = pause.until.map_or(0, Timestamp::millis);
            packer.list(3).text(&reason).int(pause.since.millis()).int(until);
        }
        None => drop(packer.list(0)),
    }
    caller.call(&SET_BREAKER, &packer.finish()).await?.unpack().flag()
}

/// A person resumes the account; whoever changed the breaker meanwhile is asked again.
pub(super) async fn resume(caller: &Caller, name: &AccountName) -> Result<()> {
    loop {
        let view = read(caller, name).await?;
        if set(caller, name, view.version, &view.breaker.resumed()).await? {
            return Ok(());
        }
    }
}
