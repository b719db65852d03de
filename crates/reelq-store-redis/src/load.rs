//! Loads: lines and jobs of an unfinished load are out of sight; the next load clears away what one left that died.

use std::collections::HashMap;

use reelq_model::{AccountName, BatchName, Job, JobId, Money, Status};

use super::{
    caller::Caller,
    change::pack_ids,
    codec::{Packer, Unpacker},
    facts, finish,
    lines::write_line,
    record::write_job,
};
use reelq_store::rules::bounds;
use reelq_store::{BatchDraft, Enqueued, Error, Import, Known, LineDraft, Result};

script!(BEGIN_IMPORT, "begin_import", ["job_keys", "load_keys", "record", "clear"]);
script!(ENQUEUE, "enqueue", ["job_keys", "load_keys", "record", "later"]);
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

/// What jobs of a chunk have in common but for their words.
type Kind<'a> = (&'a AccountName, Option<Money>, i32);

/// Lines that go in one call.
#[derive(Default)]
struct Chunk<'a> {
    kinds: HashMap<Kind<'a>, usize>,
    order: Vec<Kind<'a>>,
    lines: Packer,
    count: usize,
}

impl<'a> Chunk<'a> {
    /// Packs the first of `lines` into a call and takes them off; nothing where there are none left.
    fn next(caller: &Caller, load: &Import, lines: &mut &'a [LineDraft]) -> Result<Option<Vec<u8>>> {
        let mut chunk = Self::default();
        while let Some((line, rest)) = lines.split_first() {
            if chunk.count == AT_ONCE || chunk.lines.len() > BYTES_AT_ONCE {
                break;
            }
            chunk.add(caller, load, line)?;
            *lines = rest;
        }
        Ok((chunk.count > 0).then(|| chunk.finish(load)))
    }

    fn add(&mut self, caller: &Caller, load: &Import, draft: &'a LineDraft) -> Result<()> {
        let spec = &draft.job;
        let kind = (&spec.spec.account, spec.price, spec.priority);
        let number = *self.kinds.entry(kind).or_insert_with(|| {
            self.order.push(kind);
            self.order.len()
        });
        let job = Job::new(spec.clone(), load.batch.clone(), caller.server_clock.now());
        self.lines.bytes(job.id.as_bytes()).count(u64::try_from(number).unwrap_or(0));
        self.lines.bytes(&write_job(&job)?).bytes(&write_line(job.id, &draft.line)?);
        self.count += 1;
        Ok(())
    }

    fn finish(mut self, load: &Import) -> Vec<u8> {
        let mut packer = Packer::new();
        packer.list(4).text(load.batch.as_str()).count(load.generation).list(self.order.len());
        for (account, price, priority) in &self.order {
            let flags = if price.is_none() { facts::UNPRICED } else { 0 };
            let price = bounds::price(*price);
            packer.list(4).text(account.as_str()).int(price).int(i64::from(*priority)).int(flags);
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
