//! Who is responsible now: the sentinels' master, or the cluster's node that holds the namespace's slot.

use std::future::Future;

use redis::Value;

use super::{
    address::Node,
    connect::{Connector, Wire},
    faults::{self, Fault},
};
use crate::Error;

impl Connector {
    /// Asks one node after the other until one answers.
    pub(super) async fn ask_each<'a, F>(&self, nodes: &'a [Node], ask: impl Fn(&'a Node) -> F) -> Result<Node, Fault>
    where
        F: Future<Output = Result<Node, Fault>>,
    {
        // One that swallows everything must leave time for the others, and for the connection itself.
        let limit = self.options.connect_timeout / u32::try_from(nodes.len() + 1).unwrap_or(u32::MAX);
        let mut last = passes(format!("{} names no host", self.shown()));
        for node in nodes {
            match tokio::time::timeout(limit, ask(node)).await {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(fault)) => last = fault,
                Err(_) => last = passes(format!("{node} does not answer within {} s", limit.as_secs_f32())),
            }
        }
        Err(last)
    }

    /// Asks a sentinel for the master of the service.
    pub(super) async fn master(&self, sentinel: &Node, service: &str) -> Result<Node, Fault> {
        let wire = self.dial_sentinel(sentinel).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("get-master-addr-by-name").arg(service);
        let asked = command.query_async::<Option<(String, u16)>>(&mut wire.connection.clone()).await;
        let asked = asked.map_err(|error| faults::judge(&error, &format!("sentinel {sentinel}"), "the question"))?;
        let (host, port) = asked.ok_or_else(|| {
            passes(format!("sentinel {sentinel} watches no service `{service}`: check the address, or wait"))
        })?;
        Ok(Node { host, port })
    }

    /// Refuses a server that is not, or not yet, a master: sentinels name it before it knows itself.
    pub(super) async fn insist_on_master(&self, wire: Wire, node: &Node) -> Result<Wire, Fault> {
        let asked = redis::cmd("ROLE").query_async::<Vec<Value>>(&mut wire.connection.clone()).await;
        let role = asked.map_err(|error| faults::judge(&error, &node.to_string(), "ROLE"))?;
        match role.first() {
            Some(Value::BulkString(name)) if name == b"master" => Ok(wire),
            _ => Err(passes(format!("{node} is named as the master of {} but is none yet", self.shown()))),
        }
    }

    /// Asks a node of a cluster who holds the namespace's slot.
    pub(super) async fn owner(&self, seed: &Node) -> Result<Node, Fault> {
        let wire = self.dial_node(seed).await?;
        let asked =
            redis::cmd("CLUSTER").arg("SLOTS").query_async::<Vec<Vec<Value>>>(&mut wire.connection.clone()).await;
        let ranges = asked.map_err(|error| faults::judge(&error, &format!("redis://{seed}"), "CLUSTER SLOTS"))?;
        let owner = ranges.iter().find_map(|range| owner_in(range, self.slot));
        let (host, port) =
            owner.ok_or_else(|| passes(format!("slot {} of {} is held by no node now", self.slot, self.shown())))?;
        // A node that does not know its own address leaves it empty: it is the one that was asked.
        Ok(Node { host: if host.is_empty() { seed.host.clone() } else { host }, port })
    }
}

/// The master of a range of slots: start, end, then its nodes, the master first.
fn owner_in(range: &[Value], slot: u16) -> Option<(String, u16)> {
    let [Value::Int(start), Value::Int(end), Value::Array(master), ..] = range else { return None };
    if !(*start..=*end).contains(&i64::from(slot)) {
        return None;
    }
    let [host, Value::Int(port), ..] = master.as_slice() else { return None };
    let host = match host {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok()?,
        _ => String::new(),
    };
    Some((host, u16::try_from(*port).ok()?))
}

fn passes(message: String) -> Fault {
    Fault { error: Error::unavailable(message), reconnect: true }
}
