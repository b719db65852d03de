//! Jobs to PoYo's requests.

use reelq_model::TaskId;
use serde_json::{Map, Value};

use crate::{
    BuildError, Request, SubmitInput,
    adapter_base::{AdapterBase, segment},
};

pub(super) fn submit(vendor: &AdapterBase, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
    let (mut body, mut inner) = (Map::new(), Map::new());
    body.insert("model".to_owned(), input.spec.model.as_str().into());
    for field in vendor.placed(input)? {
        let place = if field.at.as_deref() == Some("root") { &mut body } else { &mut inner };
        place.insert(field.name, field.value);
    }
    body.insert("input".to_owned(), Value::Object(inner));
    let mut request = Request::post("/api/generate/submit", Value::Object(body).to_string());
    request.headers.extend(vendor.key(input).map(|key| ("Idempotency-Key", key.to_owned())));
    Ok(request)
}

pub(super) fn poll(task: &TaskId) -> Request {
    Request::get(format!("/api/generate/status/{}", segment(task.as_str())))
}

pub(super) fn balance() -> Request {
    Request::get("/api/user/balance")
}
