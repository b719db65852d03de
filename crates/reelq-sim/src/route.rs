//! Finds the endpoint of a request: the vendors share one port, and their paths tell them apart.

use bytes::Bytes;
use hyper::{
    HeaderMap, Method,
    header::{AUTHORIZATION, HOST},
};
use serde_json::json;

use crate::{
    Vendor, files,
    market::SimSubmission,
    reply::{SimAnswer, SimReply},
    simulator::World,
};

/// A request whose body has arrived.
#[derive(Debug)]
pub(crate) struct SimRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
}

impl SimRequest<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn key(&self) -> Option<&str> {
        self.header(AUTHORIZATION.as_str())?.strip_prefix("Bearer ").map(str::trim)
    }

    /// The origin that the client reached us under; links carry it on.
    fn origin(&self, world: &World) -> String {
        self.header(HOST.as_str()).map_or_else(|| world.base_url(), |host| format!("http://{host}"))
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

pub(crate) fn answer(world: &World, request: &SimRequest<'_>) -> SimAnswer {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["v1", "tasks"]) => submit(world, request, Vendor::Wave, None),
        ("GET", ["v1", "tasks", id]) => status(world, request, Vendor::Wave, id),
        ("POST", ["v1", "tasks", id, "cancel"]) => world.market.cancel(request.key().unwrap_or_default(), id).into(),
        ("GET", ["v1", "dashboard", "billing", "balance"]) => balance(world, request, Vendor::Wave),
        ("POST", ["api", "v1", "generateTask", model]) => submit(world, request, Vendor::Apixo, Some(model)),
        ("GET", ["api", "v1", "statusTask", _]) => {
            status(world, request, Vendor::Apixo, request.parameter("taskId").unwrap_or_default())
        }
        ("GET", ["api", "v1", "apikeys", "current-balance"]) => balance(world, request, Vendor::Apixo),
        ("POST", ["api", "generate", "submit"]) => submit(world, request, Vendor::Poyo, None),
        ("GET", ["api", "generate", "status", id]) => status(world, request, Vendor::Poyo, id),
        ("GET", ["api", "user", "balance"]) => balance(world, request, Vendor::Poyo),
        ("GET", ["api", "api-keys", "webhook-secret"]) => webhook_secret(world),
        ("GET" | "HEAD", ["files", ..]) => {
            files::serve(&world.market, &world.shelf, request.path, request.query, request.headers)
        }
        ("GET", ["ledger"]) => ledger(world, request).into(),
        ("GET", ["health"]) => SimReply::json(200, &json!({"status": "ok", "simulated": true})).into(),
        _ => SimReply::json(404, &json!({"error": {"message": "no such endpoint", "code": "not_found"}})).into(),
    }
}

fn submit(world: &World, request: &SimRequest<'_>, vendor: Vendor, model: Option<&str>) -> SimAnswer {
    let submitted = world.market.submit(&SimSubmission {
        vendor,
        key: request.key(),
        idempotency_key: request.header("idempotency-key"),
        model,
        body: &request.body,
    });
    if let Some((task, url)) = submitted.callback {
        world.call_back(task, url, request.origin(world));
    }
    submitted.answer
}

fn status(world: &World, request: &SimRequest<'_>, vendor: Vendor, id: &str) -> SimAnswer {
    world.market.status(vendor, request.key().unwrap_or_default(), id, &request.origin(world))
}

fn balance(world: &World, request: &SimRequest<'_>, vendor: Vendor) -> SimAnswer {
    world.market.balance(vendor, request.key().unwrap_or_default()).into()
}

fn webhook_secret(world: &World) -> SimAnswer {
    let secret = &world.market.settings.webhook_secret;
    SimReply::json(200, &json!({"code": 200, "data": {"webhook_hmac_key": secret}})).into()
}

/// The ledger; with `?charges=no` without the list of charges.
fn ledger(world: &World, request: &SimRequest<'_>) -> SimReply {
    let mut ledger = world.market.ledger();
    if request.parameter("charges") == Some("no") {
        ledger.charges.clear();
    }
    match serde_json::to_vec(&ledger) {
        Ok(body) => SimReply::new(200, "application/json", body),
        Err(error) => SimReply::new(500, "text/plain", error.to_string()),
    }
}
