//! Jobs to APIXO's requests.

use reelq_model::{JobSpec, TaskId};
use serde_json::{Map, Value};

use crate::{
    BuildError, Request, SubmitInput,
    adapter_base::{AdapterBase, segment},
};

pub(super) fn submit(vendor: &AdapterBase, input: &SubmitInput<'_>) -> Result<Request, BuildError> {
    let (mut body, mut inner) = (Map::new(), Map::new());
    for field in vendor.placed(input)? {
        let place = if field.at.as_deref() == Some("root") { &mut body } else { &mut inner };
        place.insert(field.name, field.value);
    }
    body.insert("input".to_owned(), Value::Object(inner));
    let path = format!("/api/v1/generateTask/{}", segment(input.spec.model.as_str()));
    Ok(Request::post(path, Value::Object(body).to_string()))
}

/// The vendor asks for the model beside the task id.
pub(super) fn poll(spec: &JobSpec, task: &TaskId) -> Request {
    let path = format!("/api/v1/statusTask/{}", segment(spec.model.as_str()));
    Request { query: vec![("taskId", task.as_str().to_owned())], ..Request::get(path) }
}

pub(super) fn balance() -> Request {
    Request::get("/api/v1/apikeys/current-balance")
}
