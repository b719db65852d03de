//! Who is responsible now: the sentinels' master, or the cluster's node that holds the namespace's slot.
//!
//! Everyone is asked, and each answer is weighed by its epoch: one sentinel or node that missed a failover must not lead
//! purchases to the server of before. Who is named must say itself that it is responsible.

use std::{collections::HashMap, future::Future, sync::PoisonError, time::Duration};

use futures_util::future::join_all;
use redis::{Cmd, FromRedisValue, Value};

use super::{
    address::Node,
    connect::{Connector, Wire},
    faults::{self, Fault},
    handshake::allowed,
    weigh::{Word, ranked},
};

impl Connector {
    /// Connects to the master that the sentinels name.
    pub(super) async fn connect_to_master(&self, sentinels: &[Node], service: &str) -> Result<Wire, Fault> {
        let words = self.ask_all(sentinels, |sentinel| self.master(sentinel, service)).await?;
        self.first_that_agrees(words, |wire, node| self.insist_on_master(wire, node)).await
    }

    /// Connects to the node of a cluster that holds the namespace's slot.
    pub(super) async fn connect_to_owner(&self, seeds: &[Node]) -> Result<Wire, Fault> {
        let mut nodes = seeds.to_vec();
        // Seeds are replaced over the months; those that were seen last lead on.
        nodes.extend(self.seen().into_iter().filter(|node| !seeds.contains(node)));
        let words = self.ask_all(&nodes, |node| self.owner(node)).await?;
        self.first_that_agrees(words, |wire, node| self.insist_on_owner(wire, node)).await
    }

    /// No question takes longer: there must be time left to connect to who was named.
    fn share(&self) -> Duration {
        self.options.connect_timeout / 3
    }

    /// Asks all nodes at once. Fails where none of them knows.
    async fn ask_all<'a, F>(&self, nodes: &'a [Node], ask: impl Fn(&'a Node) -> F) -> Result<Vec<Word>, Fault>
    where
        F: Future<Output = Result<Word, Fault>>,
    {
        let asked = nodes.iter().map(|node| within(self.share(), node, ask(node)));
        let (mut words, mut last) = (Vec::new(), passes(format!("{} names no host", self.shown())));
        for answer in join_all(asked).await {
            match answer {
                Ok(word) => words.push(word),
                // A login that is refused is reported before a host that is unreachable: waiting does not help there.
                Err(fault) if !last.refused => last = fault,
                Err(_) => {}
            }
        }
        if words.is_empty() { Err(last) } else { Ok(words) }
    }

    /// The connection to the first named node that says itself that it is responsible.
    async fn first_that_agrees<F>(&self, words: Vec<Word>, insist: impl Fn(Wire, Node) -> F) -> Result<Wire, Fault>
    where
        F: Future<Output = Result<Wire, Fault>>,
    {
        let mut last = passes(format!("{} names no one", self.shown()));
        for node in ranked(words) {
            let insisted = async { insist(self.dial_node(&node).await?, node.clone()).await };
            match within(self.share(), &node, insisted).await {
                Ok(wire) => return Ok(wire),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    // ---- sentinels ----

    /// Asks a sentinel for the master of the service, and for the epoch of that.
    async fn master(&self, sentinel: &Node, service: &str) -> Result<Word, Fault> {
        let wire = self.dial_sentinel(sentinel).await?;
        let at = format!("sentinel {sentinel}");
        let unknown = || passes(format!("{at} watches no service `{service}`: check the address, or wait"));
        let mut command = redis::cmd("SENTINEL");
        command.arg("get-master-addr-by-name").arg(service);
        let named: Option<(String, u16)> = ask(&wire, &command, &at).await?;
        let (host, port) = named.ok_or_else(unknown)?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("master").arg(service);
        // A user that may not ask this has a word without an epoch, which weighs least.
        let facts: Option<HashMap<String, String>> = ask_if_allowed(&wire, &command, &at).await?;
        let epoch = facts.and_then(|facts| facts.get("config-epoch")?.parse().ok()).unwrap_or(0);
        Ok(Word { node: Node { host, port }, epoch })
    }

    /// Refuses a server that is not, or not yet, a master: sentinels name it before it knows itself.
    async fn insist_on_master(&self, wire: Wire, node: Node) -> Result<Wire, Fault> {
        let role: Vec<Value> = ask(&wire, &redis::cmd("ROLE"), &node.to_string()).await?;
        match role.first() {
            Some(Value::BulkString(name)) if name == b"master" => Ok(wire),
            _ => Err(passes(format!("{node} is named as the master of {} but is none yet", self.shown()))),
        }
    }

    // ---- clusters ----

    /// Asks a node of a cluster who holds the namespace's slot, and for the epoch of that.
    async fn owner(&self, seed: &Node) -> Result<Word, Fault> {
        let wire = self.dial_node(seed).await?;
        let at = format!("redis://{seed}");
        let (owner, listed) = self.owner_known_to(&wire, seed, &at).await?;
        let nodes: Option<String> = ask_if_allowed(&wire, redis::cmd("CLUSTER").arg("NODES"), &at).await?;
        // Slots list no replica that has heard little yet, and it may be the next owner.
        self.see(nodes.as_deref().map_or(listed, |nodes| addresses_in(nodes, &seed.host)));
        let epoch = nodes.and_then(|nodes| epoch_of(&nodes, &owner.id)).unwrap_or(0);
        // A node that does not know its own address leaves it empty: it is the one that was asked.
        let host = if owner.host.is_empty() { seed.host.clone() } else { owner.host };
        Ok(Word { node: Node { host, port: owner.port }, epoch })
    }

    /// The owner, and every node that holds or copies a slot.
    async fn owner_known_to(&self, wire: &Wire, asked: &Node, at: &str) -> Result<(Owner, Vec<Node>), Fault> {
        let ranges: Vec<Vec<Value>> = ask(wire, redis::cmd("CLUSTER").arg("SLOTS"), at).await?;
        let nodes = ranges.iter().flat_map(|range| range.get(2..).unwrap_or_default()).filter_map(owner_of);
        // One that does not know its own address is the one that was asked: it must not be forgotten for that.
        let host = |host: String| if host.is_empty() { asked.host.clone() } else { host };
        let nodes = nodes.map(|node| Node { host: host(node.host), port: node.port }).collect();
        let held_by_none = || passes(format!("slot {} of {} is held by no node now", self.slot, self.shown()));
        let owner = ranges.iter().find_map(|range| owner_in(range, self.slot)).ok_or_else(held_by_none)?;
        Ok((owner, nodes))
    }

    /// Refuses a node that names another one: it would answer every call with that.
    async fn insist_on_owner(&self, wire: Wire, node: Node) -> Result<Wire, Fault> {
        let at = node.to_string();
        let (owner, _) = self.owner_known_to(&wire, &node, &at).await?;
        let id: Option<String> = ask_if_allowed(&wire, redis::cmd("CLUSTER").arg("MYID"), &at).await?;
        if id.is_none_or(|id| owner.id.is_empty() || owner.id == id) {
            return Ok(wire);
        }
        Err(passes(format!("{node} is named as the holder of slot {} of {} but is none", self.slot, self.shown())))
    }

    fn seen(&self) -> Vec<Node> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn see(&self, mut nodes: Vec<Node>) {
        nodes.dedup();
        nodes.truncate(MOST_SEEN);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = nodes;
    }
}

/// What `asked` gives, where the node answers in time.
async fn within<T>(limit: Duration, node: &Node, asked: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let silent = |_| passes(format!("{node} does not answer within {} s", limit.as_secs_f32()));
    tokio::time::timeout(limit, asked).await.map_err(silent)?
}

/// So many nodes of a cluster are remembered.
const MOST_SEEN: usize = 16;

async fn ask<T: FromRedisValue>(wire: &Wire, command: &Cmd, at: &str) -> Result<T, Fault> {
    let asked = command.query_async(&mut wire.connection.clone()).await;
    asked.map_err(|error| faults::judge(&error, at, "the question who is responsible"))
}

async fn ask_if_allowed<T: FromRedisValue>(wire: &Wire, command: &Cmd, at: &str) -> Result<Option<T>, Fault> {
    let asked = allowed(command.query_async(&mut wire.connection.clone()).await);
    asked.map_err(|error| faults::judge(&error, at, "the question who is responsible"))
}

/// A node as `CLUSTER SLOTS` names it.
struct Owner {
    host: String,
    port: u16,
    id: String,
}

/// The master of a range of slots: start, end, then its nodes, the master first.
fn owner_in(range: &[Value], slot: u16) -> Option<Owner> {
    let [Value::Int(start), Value::Int(end), master, ..] = range else { return None };
    if (*start..=*end).contains(&i64::from(slot)) { owner_of(master) } else { None }
}

fn owner_of(node: &Value) -> Option<Owner> {
    let Value::Array(node) = node else { return None };
    let [host, Value::Int(port), rest @ ..] = node.as_slice() else { return None };
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => Some(String::new()),
    };
    let id = rest.first().and_then(text).unwrap_or_default();
    Some(Owner { host: text(host)?, port: u16::try_from(*port).ok()?, id })
}

/// The addresses in an answer of `CLUSTER NODES`, `IP:PORT@BUS` in each line's second word; a node that does not know its own
/// leaves it out, and is the one that was `asked`.
fn addresses_in(nodes: &str, asked: &str) -> Vec<Node> {
    let address = |line: &str| {
        let (host, port) = line.split_whitespace().nth(1)?.split('@').next()?.rsplit_once(':')?;
        let host = if host.is_empty() { asked } else { host };
        Some(Node { host: host.to_owned(), port: port.parse().ok().filter(|port| *port != 0)? })
    };
    nodes.lines().filter_map(address).collect()
}

/// The configuration epoch of the node with this id: the seventh word of its line.
fn epoch_of(nodes: &str, id: &str) -> Option<u64> {
    let line = nodes.lines().find(|line| line.split(' ').next() == Some(id))?;
    line.split(' ').nth(6)?.parse().ok()
}

fn passes(message: String) -> Fault {
    faults::passes(message, true)
}
