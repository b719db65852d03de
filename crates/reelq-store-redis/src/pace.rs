//! What is learned of an account's limits, kept and compared by version.

use reelq_model::AccountName;

use super::{
    caller::Caller,
    codec::Packer,
    limits::{pack_rate, read_pace},
};
use reelq_store::{Error, Pace, PaceView, Result, Usage};

script!(PACE, "pace");
script!(SET_PACE, "set_pace", ["room"]);

pub(super) async fn read(caller: &Caller, name: &AccountName) -> Result<PaceView> {
    let reply = caller.call(&PACE, &Packer::new().list(1).text(name.as_str()).finish()).await?;
    let mut unpacker = reply.unpack();
    let (pace, version) = (read_pace(unpacker.bytes()?), unpacker.count()?);
    let usage = Usage { tokens: unpacker.count()?, in_flight: unpacker.count()? };
    Ok(PaceView { pace, version, usage, now: reply.now })
}

pub(super) async fn set(caller: &Caller, name: &AccountName, version: u64, pace: &Pace) -> Result<bool> {
    let text = serde_json::to_string(pace).map_err(|error| Error::broken(error.to_string()))?;
    let mut packer = Packer::new();
    packer.list(5).text(name.as_str()).count(version).text(&text);
    match pace.rate {
        Some(track) => pack_rate(&mut packer, track.value, 1),
        None => drop(packer.list(0)),
    }
    packer.count(pace.in_flight.map_or(0, |track| u64::from(track.places().get())));
    caller.call(&SET_PACE, &packer.finish()).await?.unpack().flag()
}
