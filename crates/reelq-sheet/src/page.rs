//! The page: a frame with five places, filled in one pass, with the jobs written one by one.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reelq_model::Digest;
use serde::Serialize;

use crate::clips::ClipEntry;

const FRAME: &str = include_str!("../assets/sheet.html");
const STYLE: &str = include_str!("../assets/sheet.css");
/// The script is these, one after the other.
const SCRIPT: [&str; 4] = [
    include_str!("../assets/sheet-data.js"),
    include_str!("../assets/sheet-grid.js"),
    include_str!("../assets/sheet-view.js"),
    include_str!("../assets/sheet.js"),
];

/// What may run and be loaded: this script, this style, and files beside the page.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let pinned = |text: &[u8]| STANDARD.encode(Digest::of(text).as_bytes());
    let (script, style) = (pinned(SCRIPT.concat().as_bytes()), pinned(STYLE.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; img-src 'self' file: data:; \
         media-src 'self' file:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
});

/// What every sheet begins with, so that it is known for one.
pub(crate) const BEGINS: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-";

/// What the title of every sheet ends with.
pub(crate) const TITLE: &str = " · contact sheet</title>";

/// What a sheet says of its batch.
#[derive(Debug, Serialize)]
pub(crate) struct PageHead {
    pub(crate) v: u32,
    pub(crate) batch: String,
    pub(crate) picks_key: String,
    pub(crate) written_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) picks_file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open_row: Option<u64>,
}

/// A page that is being written.
#[derive(Debug)]
pub(crate) struct PageWriter<W: Write> {
    into: W,
    /// What stands between the data and the script, and behind it.
    rest: [&'static str; 2],
    is_empty: bool,
}

impl<W: Write> PageWriter<W> {
    pub(crate) fn begin(mut into: W, head: &PageHead) -> io::Result<Self> {
        let [before, title, style, data, script, end] = parts()?;
        let name = head.batch.replace('&', "&amp;").replace('<', "&lt;");
        write!(into, "{before}{}{title}{name} · contact sheet{style}{STYLE}{data}", *POLICY)?;
        let head = serde_json::to_string(head)?;
        let open = head.strip_suffix('}').unwrap_or(&head);
        write!(into, "{},\"jobs\":[", inert(open))?;
        Ok(Self { into, rest: [script, end], is_empty: true })
    }

    pub(crate) fn add(&mut self, entry: &ClipEntry) -> io::Result<()> {
        let between = if self.is_empty { "\n" } else { ",\n" };
        self.is_empty = false;
        write!(self.into, "{between}{}", inert(&serde_json::to_string(entry)?))
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        let [script, end] = self.rest;
        write!(self.into, "]}}{script}{}{end}", SCRIPT.concat())?;
        self.into.flush()
    }
}

/// The frame, cut at its places.
fn parts() -> io::Result<[&'static str; 6]> {
    let mut rest = FRAME;
    let mut parts = [""; 6];
    for (part, mark) in
        parts.iter_mut().zip(["<!--CSP-->", "<!--TITLE-->", "<!--STYLE-->", "<!--DATA-->", "<!--SCRIPT-->"])
    {
        (*part, rest) = rest.split_once(mark).ok_or_else(|| io::Error::other(format!("the frame has no {mark}")))?;
    }
    parts[5] = rest;
    Ok(parts)
}

/// JSON in which nothing ends the element that it stands in.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> PageHead {
        PageHead {
            v: 1,
            batch: "a<b&c".to_owned(),
            picks_key: "1/a".to_owned(),
            written_at: String::new(),
            cost: None,
            notes: vec!["</script><!--DATA-->".to_owned()],
            picks_file: "picks.csv".to_owned(),
            next: None,
            open_row: None,
        }
    }

    #[test]
    fn what_is_put_into_the_page_ends_no_element_and_fills_no_other_place() {
        let mut written = Vec::new();
        PageWriter::begin(&mut written, &head()).unwrap().finish().unwrap();
        let page = String::from_utf8(written).unwrap();
        assert!(page.starts_with(BEGINS) && page.contains(TITLE), "{}", &page[..400]);
        assert!(page.contains("<title>a&lt;b&amp;c · contact sheet</title>"));
        assert_eq!(page.matches("</script>").count(), FRAME.matches("</script>").count());
        assert!(page.contains("\\u003c/script>\\u003c!--DATA-->"));
        assert!(
            !page.contains('\r'),
            "a browser would read the line ends in another way, and the digests would not fit"
        );
    }

    #[test]
    fn the_policy_pins_exactly_what_stands_in_the_page() {
        let mut written = Vec::new();
        PageWriter::begin(&mut written, &head()).unwrap().finish().unwrap();
        let page = String::from_utf8(written).unwrap();
        for (open, close, kind) in [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")] {
            let (_, text) = page.rsplit_once(open).unwrap();
            let (text, _) = text.split_once(close).unwrap();
            let pinned = STANDARD.encode(Digest::of(text.as_bytes()).as_bytes());
            assert!(page.contains(&format!("{kind} 'sha256-{pinned}'")), "{kind}");
        }
    }
}
