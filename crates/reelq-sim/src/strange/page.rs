//! Replies of something that stands before the vendor, or of a part of it that knows less than the rest.

use hyper::header::{DATE, LOCATION};
use serde_json::{Value, json};

use crate::{chance::Chance, reply::SimReply};

/// A gateway's own page under a 4xx: it says nothing of the request, and the vendor never saw it.
pub(crate) fn gateway_page(chance: Chance) -> SimReply {
    let (status, title) =
        chance.pick("gateway_page", [(403, "Just a moment..."), (404, "404 Not Found"), (403, "Attention Required!")]);
    SimReply::new(
        status,
        "text/html",
        format!("<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>"),
    )
}

/// A redirect to where people log in.
pub(crate) fn login_redirect() -> SimReply {
    SimReply::new(302, "text/html", "").with(LOCATION, "https://login.example.com/?next=%2F")
}

/// What a vendor says of a task that it has lost sight of, in the forms that no page documents.
pub(crate) fn no_such_task(documented: SimReply, chance: Chance) -> SimReply {
    match chance.below("no_such_task", 3) {
        0 => SimReply::json(410, &json!({"code": 410, "message": "the task is gone", "data": null})),
        1 => SimReply::json(400, &json!({"code": 400, "message": "invalid task_id", "data": null})),
        _ => documented,
    }
}

/// A refusal in place of the acceptance to a submission, with the task that was bought by it.
pub(crate) fn naming_its_task(yes: &SimReply, chance: Chance) -> Option<SimReply> {
    let yes: Value = serde_json::from_slice(&yes.body).ok()?;
    let task = ["/task_id", "/data/taskId", "/data/task_id"].iter().find_map(|place| yes.pointer(place)?.as_str())?;
    let message = format!("already created: task_id={task}");
    let status = chance.pick("refused_status", [400, 409]);
    Some(SimReply::json(status, &json!({"error": {"code": "conflict", "message": message}})))
}

/// The reply by a clock that is more than a hundred years ahead, or years behind.
pub(crate) fn of_another_century(reply: SimReply, chance: Chance) -> SimReply {
    let dates = ["Fri, 01 Jan 2140 00:00:00 GMT", "Wed, 01 Jan 2020 00:00:00 GMT"];
    reply.with(DATE, chance.pick("century", dates))
}
