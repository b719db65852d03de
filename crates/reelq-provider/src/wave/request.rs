//! Jobs to Wave's requests.

use reelq_model::TaskId;
use serde_json::{Map, Value};

use super::dialect::Dialect;
use crate::{
    BuildError, Request, SubmitInput,
    adapter_base::{AdapterBase, segment},
};

const EXTRA: &str = "extra";

pub(super) fn submit(vendor: &AdapterBase, dialect: Dialect, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
    let mut body = Map::new();
    body.insert("model".to_owned(), input.spec.model.as_str().into());
    let mut extra = Map::new();
    for field in vendor.placed(input)? {
        let is_extra = dialect == Dialect::Extra && field.at.as_deref() == Some(EXTRA);
        let place = if is_extra { &mut extra } else { &mut body };
        place.insert(field.name, field.value);
    }
    extra.extend(vendor.passed_on(input.spec)?);
    if !extra.is_empty() {
        body.insert(EXTRA.to_owned(), Value::Object(extra));
    }
    let mut request = Request::post("/v1/tasks", Value::Object(body).to_string());
    request.headers.extend(vendor.key(input).map(|key| ("Idempotency-Key", key.to_owned())));
    Ok(request)
}

pub(super) fn poll(task: &TaskId) -> Request {
    Request::get(format!("/v1/tasks/{}", segment(task.as_str())))
}

pub(super) fn cancel(task: &TaskId) -> Request {
    Request { body: None, ..Request::post(format!("/v1/tasks/{}/cancel", segment(task.as_str())), "") }
}

pub(super) fn balance() -> Request {
    Request::get("/v1/dashboard/billing/balance")
}
