//! The outputs that a reply names.

use std::time::Duration;

use reelq_model::{OutputKind, OutputLink, Timestamp};
use serde_json::{Map, Value};

use super::{
    kind::{by_extension, by_hint},
    moment::{moment, on_our_clock},
    text::is_clean,
};
use crate::{Reply, lenient_json};

/// An output as a reply names it.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) url: String,
    pub(crate) kind: OutputKind,
    pub(crate) expires_at: Option<Timestamp>,
    /// The member's name means an output. A bare `url` may be the task's own address.
    pub(crate) is_sure: bool,
}

impl Output {
    /// Whether it surely is a video that can be fetched: called an output, or with the ending of one. A cover, or an address
    /// of anything else, shows no success.
    pub(crate) fn is_clip(&self) -> bool {
        let is_called_one = self.is_sure || by_extension(&self.url) == VIDEO;
        self.kind == OutputKind::Video && is_called_one && web_address(&self.url).is_some()
    }
}

const VIDEO: Option<OutputKind> = Some(OutputKind::Video);
const OTHER: Option<OutputKind> = Some(OutputKind::Other);

/// Members that hold outputs, with the kind that the name tells, in the order in which outputs are given on.
const NAMES: [(&str, Option<OutputKind>); 32] = [
    ("result", None),
    ("results", None),
    ("resultJson", None),
    ("resultUrls", None),
    ("result_urls", None),
    ("videos", VIDEO),
    ("video", VIDEO),
    ("video_url", VIDEO),
    ("video_urls", VIDEO),
    ("videoUrl", VIDEO),
    ("videoUrls", VIDEO),
    ("files", None),
    ("file", None),
    ("file_url", None),
    ("fileUrl", None),
    ("outputs", None),
    ("output", None),
    ("urls", None),
    ("url", None),
    ("download_url", None),
    ("downloadUrl", None),
    ("cover", OTHER),
    ("covers", OTHER),
    ("cover_url", OTHER),
    ("coverUrl", OTHER),
    ("cover_image", OTHER),
    ("cover_image_url", OTHER),
    ("thumbnail", OTHER),
    ("thumbnails", OTHER),
    ("thumbnail_url", OTHER),
    ("poster", OTHER),
    ("poster_url", OTHER),
];
/// As above, and only inside a result: on a task itself they echo the request.
const NAMES_INSIDE: [(&str, Option<OutputKind>); 8] = [
    ("images", OTHER),
    ("image", OTHER),
    ("image_url", OTHER),
    ("image_urls", OTHER),
    ("audios", OTHER),
    ("audio", OTHER),
    ("audio_url", OTHER),
    ("audio_urls", OTHER),
];
const EXPIRIES: [&str; 6] = ["expires_at", "expiresAt", "expire_at", "expireAt", "expired_at", "url_expires_at"];
const HINTS: [&str; 7] = ["file_type", "fileType", "type", "media_type", "content_type", "mime_type", "kind"];

/// Every output that a task's object names; what is null or unreadable hides no other.
pub(crate) fn outputs(task: &Value) -> Vec<Output> {
    let mut found = Vec::new();
    if let Value::Object(members) = task {
        let dies = expiry(members);
        for (name, kind) in NAMES {
            let before = found.len();
            gather(members.get(name), kind, dies, &mut found);
            found[before..].iter_mut().for_each(|output| output.is_sure = !matches!(name, "url" | "urls"));
        }
    }
    found
}

fn gather(value: Option<&Value>, kind: Option<OutputKind>, dies: Option<Timestamp>, found: &mut Vec<Output>) {
    match value {
        Some(Value::String(text)) => match lenient_json::inside(text) {
            Some(inner) => gather(Some(&inner), kind, dies, found),
            None => found.push(output(text.trim(), kind, dies)),
        },
        Some(Value::Array(items)) => items.iter().for_each(|item| gather(Some(item), kind, dies, found)),
        Some(Value::Object(members)) => {
            let kind = hint(members).or(kind);
            let dies = expiry(members).or(dies);
            for (name, named) in NAMES.into_iter().chain(NAMES_INSIDE) {
                gather(members.get(name), named.or(kind), dies, found);
            }
        }
        _ => {}
    }
}

fn output(url: &str, kind: Option<OutputKind>, expires_at: Option<Timestamp>) -> Output {
    let kind = kind.or_else(|| by_extension(url)).unwrap_or(OutputKind::Video);
    Output { url: url.to_owned(), kind, expires_at, is_sure: false }
}

fn expiry(members: &Map<String, Value>) -> Option<Timestamp> {
    EXPIRIES.iter().find_map(|name| members.get(*name).and_then(moment))
}

fn hint(members: &Map<String, Value>) -> Option<OutputKind> {
    HINTS.iter().find_map(|name| members.get(*name)?.as_str().and_then(by_hint))
}

/// The outputs that can be fetched, each once, with the time when each link dies.
pub(super) fn links(outputs: Vec<Output>, lifetime: Option<Duration>, reply: &Reply) -> Vec<OutputLink> {
    let mut links: Vec<OutputLink> = Vec::new();
    for Output { url, kind, expires_at, .. } in outputs {
        let Some(url) = web_address(&url) else { continue };
        if links.iter().all(|link| link.url != url) {
            let told = expires_at.map(|instant| on_our_clock(instant, reply));
            let expires_at = told.or_else(|| lifetime.map(|lifetime| reply.at.after(lifetime)));
            links.push(OutputLink { url, kind, expires_at, assumed: told.is_none() && expires_at.is_some() });
        }
    }
    links
}

/// The address as it came; one with characters that a terminal obeys is written anew.
/// One that begins with a slash is the vendor's own: whoever asked knows the address.
fn web_address(text: &str) -> Option<String> {
    if text.starts_with('/') && text.len() > 1 && is_clean(text) {
        return Some(text.to_owned());
    }
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(if is_clean(text) { text.to_owned() } else { url.into() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(task: &Value) -> Vec<(String, OutputKind)> {
        let reply = Reply::whole(200, "", Timestamp::from_millis(1_775_285_160_000));
        links(outputs(task), None, &reply).into_iter().map(|link| (link.url, link.kind)).collect()
    }

    fn video(url: &str) -> (String, OutputKind) {
        (url.to_owned(), OutputKind::Video)
    }

    fn other(url: &str) -> (String, OutputKind) {
        (url.to_owned(), OutputKind::Other)
    }

    #[test]
    fn what_is_null_or_broken_hides_no_other() {
        for task in [
            json!({"result": {"videos": [null, {"url": "https://a/1"}]}}),
            json!({"files": [null, {"file_url": null}, 5, {"file_url": "https://a/1"}]}),
            json!({"resultJson": "{\"resultUrls\":[null,\"https://a/1\"]}"}),
            json!({"resultJson": {"resultUrls": [["https://a/1"], "not a link"]}}),
            json!({"videos": {"url": [null, "https://a/1"]}}),
            json!({"video_url": "https://a/1", "url": "https://a/1"}),
            json!({"output": ["", "ftp://a/1", "https://a/1"]}),
        ] {
            assert_eq!(found(&task), [video("https://a/1")], "{task}");
        }
    }

    #[test]
    fn every_output_is_given_on_and_the_kind_is_what_the_hint_says() {
        let task = json!({"result": {
            "cover": "https://a/c", "audio": {"url": "https://a/a"}, "videos": [{"url": "https://a/1"}, "https://a/2"],
        }});
        assert_eq!(
            found(&task),
            [video("https://a/1"), video("https://a/2"), other("https://a/c"), other("https://a/a")]
        );
        for hint in ["mp4", "MP4", "video", "video/mp4", "clip", "h264", "application/octet-stream", ""] {
            let task = json!({"files": [{"file_url": "https://a/1", "file_type": hint}]});
            assert_eq!(found(&task), [video("https://a/1")], "{hint}");
        }
        for hint in ["image", "image/png", "PNG", "cover", "audio", "mp3", "audio/mpeg", "srt"] {
            let task = json!({"files": [{"file_url": "https://a/1", "file_type": hint}]});
            assert_eq!(found(&task), [other("https://a/1")], "{hint}");
        }
        assert_eq!(
            found(&json!({"files": ["https://a/1.png?x=1", "https://a/2.bin"]})),
            [other("https://a/1.png?x=1"), video("https://a/2.bin")]
        );
    }

    #[test]
    fn what_the_request_said_is_no_output() {
        assert_eq!(
            found(
                &json!({"image_url": "https://a/in.png", "input": {"url": "https://a/in"}, "urls": {"get": "https://a/g"}})
            ),
            []
        );
    }

    #[test]
    fn an_address_that_a_terminal_would_obey_is_written_anew() {
        assert_eq!(found(&json!({"url": "https://a/1\u{1b}[2J"})), [video("https://a/1%1B[2J")]);
        let shown = found(&json!({"url": "https://a/\u{202e}4pm"}));
        assert!(shown[0].0.is_ascii(), "{}", shown[0].0);
    }
}
