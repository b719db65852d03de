//! Namespaces of the format before: each record was one key, its head in front of the whole job. The first process of this
//! version moves them, part by part; a part that is moved is not there any more, so that anyone can go on at any time.

use reelq_model::{Job, JobId};

use super::{
    asked::{Asked, Kind, other_record, write_fields},
    caller::{Caller, Reply},
    codec::{Packer, Unpacker},
    facts::Facts,
    header::Header,
    record::write_state,
};
use reelq_store::{Error, Result, rules::bounds};

script!(MOVE, "move", ["job_keys", "room"]);

/// At about this many records a call looks.
const AT_ONCE: i64 = 500;
/// The format of records then.
const BEFORE: i64 = 1;
/// Stood for a due time that is the job's own `queued_at`.
const SINCE_QUEUED: i64 = 1;

/// Moves all that is left.
pub(super) async fn to_the_end(caller: &Caller) -> Result<()> {
    let (mut cursor, mut moved) = ("0".to_owned(), 0);
    loop {
        let look = Packer::new().list(3).text("look").text(&cursor).int(AT_ONCE).finish();
        let reply: Reply = caller.call_any_format(&MOVE, &look).await?;
        let mut unpacker = reply.unpack();
        unpacker.text()?.clone_into(&mut cursor);
        let found = unpacker.each(|unpacker| {
            unpacker.list()?;
            Ok((unpacker.bytes()?, unpacker.bytes()?, unpacker.bytes()?))
        })?;
        if !found.is_empty() {
            let mut packer = Packer::new();
            packer.list(2).text("move").list(found.len());
            for (id, record, history) in &found {
                Moved::of(id, record, history).pack(&mut packer, id, record);
            }
            caller.call_any_format(&MOVE, &packer.finish()).await?;
            moved += found.len();
        }
        if cursor == "0" {
            break;
        }
    }
    caller.call_any_format(&MOVE, &Packer::new().list(1).text("end").finish()).await?;
    tracing::info!(jobs = moved, "the namespace has a new format");
    Ok(())
}

/// What becomes of a record.
#[derive(Debug, Default, PartialEq, Eq)]
struct Moved {
    state: Vec<u8>,
    asked: Vec<u8>,
    kind: Option<(u64, Kind)>,
    worker: String,
}

impl Moved {
    /// A record that cannot be read stays one, with all that it holds.
    fn of(id: &[u8], record: &[u8], history: &[u8]) -> Self {
        let as_it_is = || Self { asked: record.to_vec(), ..Self::default() };
        let Ok((head, json)) = Head::read(record) else { return as_it_is() };
        head.moved(id, json, history).unwrap_or_else(|_| as_it_is())
    }

    fn pack(&self, packer: &mut Packer, id: &[u8], record: &[u8]) {
        packer.list(8).bytes(id).bytes(record).bytes(&self.state).bytes(&self.asked);
        match &self.kind {
            None => packer.int(0).text("").text(""),
            Some((batch, kind)) => {
                let (id, content) = kind.packed();
                packer.count(*batch).bytes(&id).bytes(&content)
            }
        };
        packer.text(&self.worker);
    }
}

/// The head of a record as it was.
struct Head {
    header: Header,
    lease_until: i64,
    worker: String,
}

impl Head {
    fn read(record: &[u8]) -> Result<(Self, &[u8])> {
        let mut unpacker = Unpacker::new(record);
        let (length, format) = (unpacker.list()?, unpacker.int()?);
        if format != BEFORE || !(14..=21).contains(&length) {
            return Err(other_record(format));
        }
        let (version, batch, account) = (unpacker.count()?, unpacker.count()?, unpacker.int()?);
        let (load, seq, position) = (unpacker.count()?, unpacker.count()?, unpacker.count()?);
        let (status, queue, flags, cancel) = (unpacker.int()?, unpacker.int()?, unpacker.int()?, unpacker.int()?);
        let (priority, price, due) = (unpacker.int()?, unpacker.int()?, unpacker.int()?);
        let mut more = |at| if length > at { unpacker.int() } else { Ok(0) };
        let (spent, reserved, deadline, lease_until) = (more(14)?, more(15)?, more(16)?, more(17)?);
        let worker = if length > 18 { unpacker.text()?.to_owned() } else { String::new() };
        let token = if length > 19 { unpacker.bytes()?.to_vec() } else { Vec::new() };
        let days = if length > 20 { unpacker.each(Unpacker::int)? } else { Vec::new() };
        let facts = Facts { status, flags, price, spent, reserved, deadline, days };
        let history = Vec::new();
        let header = Header {
            version,
            batch,
            account,
            load,
            seq,
            position,
            queue,
            cancel,
            priority,
            due,
            token,
            history,
            facts,
        };
        Ok((Self { header, lease_until, worker }, unpacker.rest()))
    }

    fn is_held(&self) -> bool {
        self.lease_until != 0
    }

    fn moved(mut self, id: &[u8], json: &[u8], history: &[u8]) -> Result<Moved> {
        let id = id.try_into().map(JobId::from_bytes).map_err(|_| Error::broken("a job id does not have 16 bytes"))?;
        let job = serde_json::from_slice::<Job>(json).map(bounds::sound);
        let since_queued = self.header.due == SINCE_QUEUED;
        if self.is_held() {
            self.header.version = self.header.version.saturating_sub(1);
        }
        self.header.history = history.to_vec();
        let Ok(job) = job else {
            let (state, asked) = ([&self.header.bytes(), json].concat(), json.to_vec());
            return Ok(Moved { state, asked, worker: self.worker, ..Moved::default() });
        };
        if since_queued {
            self.header.due = job.queued_at.millis();
        }
        let fields = write_fields(&job.spec.fields)?;
        let (kind, header) = (Kind::of_job(&job), &self.header);
        let asked = Asked {
            kind: kind.packed().0,
            batch: header.batch,
            load: header.load,
            seq: header.seq,
            position: header.position,
            queued_at: job.queued_at,
            fields: &fields,
        };
        let untouched = !self.is_held()
            && *header == Header::as_loaded(&asked, &kind, header.account)
            && asked.job(id, &kind)? == job;
        let state = if untouched { Vec::new() } else { [header.bytes(), write_state(&job)?].concat() };
        Ok(Moved { state, asked: asked.bytes(), kind: Some((header.batch, kind)), worker: self.worker })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelq_model::SystemClock;
    use reelq_redis_link::{Link, LinkOptions};
    use reelq_redis_server::RedisServer;

    use super::*;
    use crate::server_clock::ServerClock;

    #[tokio::test]
    async fn a_record_that_someone_else_has_moved_is_left_as_it_stands_now() {
        let server = RedisServer::start();
        let (address, clock) = (server.socket_url().parse().unwrap(), Arc::new(SystemClock::new()));
        let link = Link::open(address, "n".parse().unwrap(), LinkOptions::default(), clock.clone()).await.unwrap();
        let caller = Caller::new(link, ServerClock::new(clock, None));
        let (id, record) = ([7_u8; 16], [b"record".as_slice(), b"another"]);
        let key = |word: &str| format!("reelq:{{n}}:{word}:{}", String::from_utf8(id.to_vec()).unwrap());
        for (stands, becomes) in [(record[0], "moved"), (record[1], "changed since")] {
            server.command(&["SET", &key("j"), std::str::from_utf8(stands).unwrap()]);
            server.command(&["SET", &key("m"), "changed since"]);
            let mut packer = Packer::new();
            packer.list(2).text("move").list(1);
            let moved = Moved { state: b"moved".to_vec(), ..Moved::default() };
            moved.pack(&mut packer, &id, record[0]);
            caller.call_any_format(&MOVE, &packer.finish()).await.unwrap();
            assert_eq!(server.command(&["GET", &key("m")]).text(), becomes);
        }
    }
}
