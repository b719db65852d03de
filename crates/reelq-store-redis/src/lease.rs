//! Lengthening leases, giving them back, and the lives of those who hold them.

use std::time::Duration;

use reelq_model::WorkerId;

use super::{
    caller::Caller,
    change::{self, millis},
    codec::{Packer, Unpacker},
    edit,
};
use reelq_store::{Lease, Result};

script!(EXTEND, "extend", ["job_keys", "record", "writes", "later", "room"]);
script!(
    HEARTBEAT,
    "heartbeat",
    ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "journals", "room"]
);
script!(RELEASE, "release", ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "room"]);
script!(
    DEREGISTER,
    "deregister",
    ["job_keys", "record", "writes", "later", "save", "books", "queues", "leases", "room"]
);

fn pack_leases(packer: &mut Packer, leases: &[Lease]) {
    packer.list(leases.len());
    for lease in leases {
        packer.list(2).bytes(lease.job.id.as_bytes()).count(lease.version);
    }
}

pub(super) async fn extend(caller: &Caller, leases: &[Lease], lasts: Duration) -> Result<Vec<bool>> {
    let mut packer = Packer::new();
    packer.list(2).int(millis(lasts));
    pack_leases(&mut packer, leases);
    let reply = caller.call(&EXTEND, &packer.finish()).await?;
    reply.unpack().each(Unpacker::flag)
}

pub(super) async fn release(caller: &Caller, leases: &[Lease]) -> Result<()> {
    let mut packer = Packer::new();
    pack_leases(&mut packer, leases);
    let reply = caller.call(&RELEASE, &packer.finish()).await?;
    edit::withdraw(caller, &reply.unpack().each(change::read_id)?).await
}

fn pack_worker(worker: &WorkerId) -> Vec<u8> {
    Packer::new().list(1).text(worker.as_str()).finish()
}

pub(super) async fn heartbeat(caller: &Caller, worker: &WorkerId) -> Result<u64> {
    let reply = caller.call(&HEARTBEAT, &pack_worker(worker)).await?;
    let mut unpacker = reply.unpack();
    let taken = unpacker.count()?;
    edit::withdraw(caller, &unpacker.each(change::read_id)?).await?;
    Ok(taken)
}

pub(super) async fn deregister(caller: &Caller, worker: &WorkerId) -> Result<()> {
    loop {
        let reply = caller.call(&DEREGISTER, &pack_worker(worker)).await?;
        let mut unpacker = reply.unpack();
        let left = unpacker.count()?;
        edit::withdraw(caller, &unpacker.each(change::read_id)?).await?;
        if left == 0 {
            return Ok(());
        }
    }
}
