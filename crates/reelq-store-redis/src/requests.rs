//! Which requests were asked for in which batch.

use std::collections::BTreeMap;

use reelq_model::{BatchName, JobId, RequestKey};

use super::{
    caller::Caller,
    codec::{Packer, Unpacker},
    finish,
};
use reelq_store::{Error, Import, ImportsSeen, NotedRequest, Noting, RequestNote, Result, Unnoted};

script!(NOTED, "noted");
script!(REQUESTS, "requests", ["room"]);

/// At most so many go in one call: it holds up the server while it runs.
const AT_ONCE: usize = 1_000;

pub(super) async fn unnoted(caller: &Caller) -> Result<Vec<Unnoted>> {
    let reply = caller.call(&NOTED, &Packer::new().list(1).text("unnoted").finish()).await?;
    reply.unpack().each(|unpacker| {
        unpacker.list()?;
        Ok(Unnoted { batch: name(unpacker)?, generation: unpacker.count()? })
    })
}

pub(super) async fn note_requests(caller: &Caller, batch: &BatchName, notes: &[RequestNote]) -> Result<()> {
    for chunk in notes.chunks(AT_ONCE) {
        let mut packer = Packer::new();
        packer.list(3).text("note").text(batch.as_str()).list(chunk.len() * 3);
        for RequestNote { key, noting } in chunk {
            let (what, job): (i64, &[u8]) = match noting {
                Noting::Job(job) => (0, job.as_bytes()),
                Noting::Bought => (1, &[]),
                Noting::Nothing => (2, &[]),
            };
            packer.bytes(key.as_bytes()).int(what).bytes(job);
        }
        caller.call(&REQUESTS, &packer.finish()).await?;
    }
    Ok(())
}

pub(super) async fn finish_noting(caller: &Caller, noted: &Unnoted) -> Result<()> {
    let mut packer = Packer::new();
    packer.list(3).text("finish").text(noted.batch.as_str()).count(noted.generation);
    caller.call(&REQUESTS, &packer.finish()).await.map(drop)
}

pub(super) async fn noted(caller: &Caller, keys: &[RequestKey]) -> Result<Vec<Vec<NotedRequest>>> {
    let mut found = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(AT_ONCE) {
        let mut packer = Packer::new();
        packer.list(2).text("find").list(chunk.len());
        for key in chunk {
            packer.bytes(key.as_bytes());
        }
        let reply = caller.call(&NOTED, &packer.finish()).await?;
        found.extend(reply.unpack().each(|unpacker| {
            let length = unpacker.list()? / 2;
            (0..length).map(|_| entry(unpacker)).collect()
        })?);
    }
    Ok(found)
}

pub(super) async fn imports_seen(caller: &Caller) -> Result<ImportsSeen> {
    loop {
        let (seen, half_made) = seen(caller).await?;
        if half_made.is_empty() {
            return Ok(seen);
        }
        // A load whose lines are being made the manifest is as good as finished; whoever was at it may be gone.
        for load in half_made {
            match finish::finish(caller, &load).await {
                Ok(_) | Err(Error::ImportSuperseded) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

pub(super) async fn trim_bought(caller: &Caller, most: u64) -> Result<()> {
    loop {
        let arguments = Packer::new().list(2).text("trim").count(most).finish();
        if !caller.call(&REQUESTS, &arguments).await?.unpack().flag()? {
            return Ok(());
        }
    }
}

/// The loads that are there, and those that are being made the manifest.
async fn seen(caller: &Caller) -> Result<(ImportsSeen, Vec<Import>)> {
    let reply = caller.call(&NOTED, &Packer::new().list(1).text("seen").finish()).await?;
    let mut unpacker = reply.unpack();
    let mark = unpacker.text()?.to_owned();
    let (mut each, mut half_made) = (BTreeMap::new(), Vec::new());
    unpacker.each(|unpacker| {
        unpacker.list()?;
        let (batch, generation, is_settling) = (name(unpacker)?, unpacker.count()?, unpacker.flag()?);
        if is_settling {
            half_made.push(Import { batch, generation, seen: None });
        } else {
            each.insert(batch, generation);
        }
        Ok(())
    })?;
    Ok((ImportsSeen { each, mark }, half_made))
}

fn name(unpacker: &mut Unpacker<'_>) -> Result<BatchName> {
    BatchName::new(unpacker.text()?).map_err(|error| Error::broken(error.to_string()))
}

fn entry(unpacker: &mut Unpacker<'_>) -> Result<NotedRequest> {
    let batch = name(unpacker)?;
    Ok(NotedRequest { batch, job: unpacker.bytes()?.try_into().ok().map(JobId::from_bytes) })
}
