//! Wave's answers, of its newest generation, as text: what the vendor costs is not to be hidden in what is measured.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, header};
use serde::Serialize;

/// An answer with a whole body.
pub(super) type Reply = hyper::http::Result<Response<Full<Bytes>>>;

/// A task's name tells when it was accepted, so that nothing has to be kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    accepted_ms: i64,
    number: u64,
}

impl Task {
    pub(super) const fn new(accepted_ms: i64, number: u64) -> Self {
        Self { accepted_ms, number }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        let (accepted_ms, number) = name.strip_prefix("task-")?.split_once('-')?;
        Some(Self { accepted_ms: accepted_ms.parse().ok()?, number: number.parse().ok()? })
    }

    fn name(self) -> String {
        format!("task-{}-{}", self.accepted_ms, self.number)
    }

    pub(super) fn accepted(self) -> Reply {
        let (name, at) = (self.name(), self.accepted_ms);
        json(format!(
            r#"{{"task_id":"{name}","model":"minimax-hailuo-2.3","action":"generate","status":"queued","created_at":{at},"progress":0,"pre_consumed_cost":155550}}"#
        ))
    }

    /// Where it stands at `now_ms`, where tasks run for `run_ms`.
    pub(super) fn status(self, port: u16, now_ms: i64, run_ms: i64) -> Reply {
        let (name, created) = (self.name(), self.accepted_ms / 1000);
        let head = format!(
            r#"{{"task_id":"{name}","model":"minimax-hailuo-2.3","action":"generate","created_at":{created},"urls":{{"get":"http://127.0.0.1:{port}/v1/tasks/{name}","cancel":"http://127.0.0.1:{port}/v1/tasks/{name}/cancel"}}"#
        );
        let ends_ms = self.accepted_ms.saturating_add(run_ms);
        if now_ms < ends_ms {
            return json(format!(r#"{head},"status":"processing","progress":"50%"}}"#));
        }
        let (ended, expires) = (ends_ms / 1000, now_ms / 1000 + 86_400);
        json(format!(
            r#"{head},"status":"completed","progress":"100%","cost":155550,"completed_at":{ended},"billing_status":"settled","result":{{"videos":[{{"url":["http://127.0.0.1:{port}/files/{name}/1.mp4"],"expires_at":{expires}}}]}}}}"#
        ))
    }
}

/// The one clip.
pub(super) fn clip(clip: &Bytes) -> Reply {
    Response::builder().header(header::CONTENT_TYPE, "video/mp4").body(Full::new(clip.clone()))
}

/// Anything else, as JSON.
pub(super) fn value(value: &impl Serialize) -> Reply {
    json(serde_json::to_string(value).unwrap_or_default())
}

/// There is no such thing.
pub(super) fn not_found() -> Reply {
    Response::builder().status(404).body(Full::default())
}

fn json(text: String) -> Reply {
    Response::builder().header(header::CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(text)))
}
