//! Loads: lines and jobs of an unfinished load are out of sight; the next load clears away what one left that died.

use std::collections::HashMap;

use reelq_model::{BatchName, JobDraft, JobId, Status, Timestamp};

use super::{
    asked::{Kind, write_fields},
    caller::Caller,
    change::pack_ids,
    codec::{Packer, Unpacker},
    facts, finish,
    lines::write_line,
};
use reelq_store::rules::bounds;
use reelq_store::{BatchDraft, Enqueued, Error, Import, Known, LineDraft, Result};

script!(BEGIN_IMPORT, "begin_import", ["job_keys", "load_keys", "record", "clear"]);
script!(ENQUEUE, "enqueue", ["job_keys", "load_keys", "record", "writes", "later"]);
script!(KNOWN, "known", ["job_keys", "record"]);

/// At most this many lines go in one call, and about this many bytes: a call holds up the server while it runs.
const AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 4 << 20;

pub(super) async fn begin(caller: &Caller, draft: &BatchDraft) -> Result<Import> {
    let text = serde_json::to_string(draft).map_err(|error| Error::broken(error.to_string()))?;
    let budget = draft.budget.map_or(-1, bounds::cap);
    let arguments = Packer::new().list(3).text(draft.name.as_str()).text(&text).int(budget).finish();
    loop {
        let reply = caller.call(&BEGIN_IMPORT, &arguments).await?;
        let mut unpacker = reply.unpack();
        let (word, generation) = (unpacker.int()?, unpacker.count()?);
        let load = Import { batch: draft.name.clone(), generation, seen: None };
        match word {
            0 => return Ok(load),
            1 => {}
            // A load whose lines are being made the manifest is as good as finished; whoever was at it may be gone.
            2 => match finish::finish(caller, &load).await {
                Ok(_) | Err(Error::ImportSuperseded) => {}
                Err(error) => return Err(error),
            },
            3 => return Err(Error::BeingPurged(draft.name.to_string())),
            _ => return Err(Error::BeingCancelled(draft.name.to_string())),
        }
    }
}

pub(super) async fn enqueue(caller: &Caller, load: &Import, lines: &[LineDraft]) -> Result<Enqueued> {
    let mut enqueued = Enqueued::default();
    let mut rest = lines;
    let mut chunk = Chunk::next(caller, load, &mut rest)?;
    while let Some(packed) = chunk {
        // The next chunk is packed while the server works on this one.
        let codec = async { Chunk::next(caller, load, &mut rest) };
        let (added, next) = tokio::join!(send(caller, &packed), codec);
        let added = added?;
        enqueued.new += added.new;
        enqueued.known += added.known;
        chunk = next?;
    }
    Ok(enqueued)
}

async fn send(caller: &Caller, packed: &[u8]) -> Result<Enqueued> {
    let reply = caller.call(&ENQUEUE, packed).await?;
    let mut unpacker = reply.unpack();
    let (word, new, known) = (unpacker.int()?, unpacker.count()?, unpacker.count()?);
    match word {
        0 => Ok(Enqueued { new, known }),
        1 => Err(Error::ImportSuperseded),
        _ => {
            let rows = unpacker.each(Unpacker::count)?;
            Err(Error::broken(format!("rows {rows:?} ask for the same job")))
        }
    }
}

/// Lines that go in one call.
#[derive(Default)]
struct Chunk {
    kinds: HashMap<Kind, usize>,
    order: Vec<Kind>,
    lines: Packer,
    count: usize,
}

impl Chunk {
    /// Packs the first of `lines` into a call and takes them off; nothing where there are none left.
    fn next(caller: &Caller, load: &Import, lines: &mut &[LineDraft]) -> Result<Option<Vec<u8>>> {
        let mut chunk = Self::default();
        while let Some((line, rest)) = lines.split_first() {
            if chunk.count == AT_ONCE || chunk.lines.len() > BYTES_AT_ONCE {
                break;
            }
            chunk.add(load, line)?;
            *lines = rest;
        }
        let now = caller.server_clock.now();
        Ok((chunk.count > 0).then(|| chunk.finish(load, now)))
    }

    fn add(&mut self, load: &Import, draft: &LineDraft) -> Result<()> {
        let JobDraft { id, spec, price, priority } = &draft.job;
        let kind = Kind::of(&load.batch, spec, *price, *priority);
        let number = if let Some(number) = self.kinds.get(&kind) {
            *number
        } else {
            self.order.push(kind.clone());
            self.kinds.insert(kind, self.order.len());
            self.order.len()
        };
        self.lines.bytes(id.as_bytes()).count(u64::try_from(number).unwrap_or(0));
        self.lines.bytes(&write_fields(&spec.fields)?).bytes(&write_line(*id, &draft.line)?);
        self.count += 1;
        Ok(())
    }

    fn finish(mut self, load: &Import, now: Timestamp) -> Vec<u8> {
        let mut packer = Packer::new();
        packer.list(5).text(load.batch.as_str()).count(load.generation).int(now.millis()).list(self.order.len());
        for kind in &self.order {
            let flags = if kind.price.is_none() { facts::UNPRICED } else { 0 };
            let (id, content) = kind.packed();
            packer.list(6).text(kind.account.as_str()).int(bounds::price(kind.price)).int(i64::from(kind.priority));
            packer.int(flags).bytes(&id).bytes(&content);
        }
        packer.list(self.count * 4).raw(&self.lines.finish());
        packer.finish()
    }
}

/// What is known of each id.
pub(super) async fn known(caller: &Caller, _batch: &BatchName, ids: &[JobId]) -> Result<Vec<Option<Known>>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(AT_ONCE) {
        let reply = caller.call(&KNOWN, &pack_ids(chunk)).await?;
        found.extend(reply.unpack().each(read_known)?);
    }
    Ok(found)
}

/// What cannot be read may have been bought.
fn known_as(status: i64, bought: bool) -> Known {
    match facts::read_status(status) {
        Ok(status) => Known { status, bought },
        Err(_) => Known { status: Status::Unconfirmed, bought: true },
    }
}

fn read_known(unpacker: &mut Unpacker<'_>) -> Result<Option<Known>> {
    unpacker.list()?;
    let (status, bought) = (unpacker.int()?, unpacker.flag()?);
    if status < 0 { Ok(None) } else { Ok(Some(known_as(status, bought))) }
}
