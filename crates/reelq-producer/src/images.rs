//! Local images of a manifest: found in image fields, read, recognised by content and digested.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use reelq_model::{Digest, Finding, ImageRef};
use reelq_provider::{ImageFacts, split_images};
use serde_json::Value;

/// No provider takes larger ones; a larger file is a slip, and is not read into memory.
const BYTES_MAX: u64 = 100_000_000;
/// Files that are remembered, so that a reference image of many rows is read once.
const REMEMBERED_MAX: usize = 4_096;
/// A manifest of more local images is compared anew each time.
pub(crate) const LISTED_MAX: usize = 64;

/// A local image that was read.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) facts: ImageFacts,
    pub(crate) sha256: Digest,
}

impl Image {
    /// The value of an image field that means it.
    pub(crate) fn reference(&self) -> String {
        let media_type = format!("image/{}", self.facts.format);
        ImageRef::Blob { media_type, sha256: self.sha256 }.to_string()
    }
}

/// Reads local images, each once while it is remembered, and hands out each content's bytes once.
#[derive(Debug)]
pub(crate) struct ImageReader {
    remembered: HashMap<PathBuf, Image>,
    handed_out: HashSet<Digest>,
    /// Every image and what it held; `None` once they are too many.
    listed: Option<BTreeMap<PathBuf, Digest>>,
    fresh: Vec<Bytes>,
    fresh_bytes: usize,
    keep: bool,
}

impl ImageReader {
    /// With `keep`, the bytes are kept until [`ImageReader::take_fresh`]; without, they are only looked at.
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            remembered: HashMap::new(),
            handed_out: HashSet::new(),
            listed: Some(BTreeMap::new()),
            fresh: Vec::new(),
            fresh_bytes: 0,
            keep,
        }
    }

    /// The bytes that were read since the last call.
    pub(crate) fn take_fresh(&mut self) -> Vec<Bytes> {
        self.fresh_bytes = 0;
        std::mem::take(&mut self.fresh)
    }

    /// Every image by its absolute path, where they are few.
    pub(crate) fn take_listed(&mut self) -> Option<BTreeMap<PathBuf, Digest>> {
        self.listed.take()
    }

    fn list(&mut self, path: &Path, sha256: Digest) {
        // An image that changes while the manifest is read is told by the second reading.
        if let (Some(listed), Ok(path)) = (&mut self.listed, std::path::absolute(path)) {
            listed.insert(path, sha256);
        }
        self.listed.take_if(|listed| listed.len() > LISTED_MAX);
    }

    pub(crate) const fn fresh_bytes(&self) -> usize {
        self.fresh_bytes
    }

    /// Reads the image that `text` names in `field`.
    pub(crate) fn read(&mut self, base: &Path, field: &str, text: &str) -> Result<Image, Box<Finding>> {
        let path = base.join(text);
        if let Some(image) = self.remembered.get(&path) {
            return Ok(image.clone());
        }
        let refuse = |rule: String| {
            let hint = format!("looked for {}; a relative path counts from the manifest's folder", path.display());
            Box::new(Finding::error(field, Some(text.to_owned()), rule).with_hint(hint))
        };
        let bytes =
            read_bounded(&path).map_err(|reason| refuse(format!("a local image must be readable: {reason}")))?;
        let facts = facts(text, &bytes)
            .ok_or_else(|| refuse("a local image must be an image: its content is of no known format".to_owned()))?;
        let image = Image { facts, sha256: Digest::of(&bytes) };
        self.remember(path, &image, bytes);
        Ok(image)
    }

    fn remember(&mut self, path: PathBuf, image: &Image, bytes: Vec<u8>) {
        if self.remembered.len() >= REMEMBERED_MAX {
            self.remembered.clear();
        }
        self.list(&path, image.sha256);
        self.remembered.insert(path, image.clone());
        if self.keep && self.handed_out.insert(image.sha256) {
            self.fresh_bytes += bytes.len();
            self.fresh.push(Bytes::from(bytes));
        }
    }
}

/// The bytes of an image that no provider would find too large.
pub(crate) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > BYTES_MAX {
        return Err(format!("it has {} bytes, more than any provider takes", metadata.len()));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

fn facts(path: &str, bytes: &[u8]) -> Option<ImageFacts> {
    let format = format_name(imagesize::image_type(bytes).ok()?)?;
    let size = imagesize::blob_size(bytes).ok()?;
    Some(ImageFacts {
        path: path.to_owned(),
        format: format.to_owned(),
        bytes: u64::try_from(bytes.len()).ok()?,
        width: u64::try_from(size.width).ok()?,
        height: u64::try_from(size.height).ok()?,
    })
}

fn format_name(kind: imagesize::ImageType) -> Option<&'static str> {
    use imagesize::ImageType as Kind;
    Some(match kind {
        Kind::Png => "png",
        Kind::Jpeg => "jpeg",
        Kind::Webp => "webp",
        Kind::Gif => "gif",
        Kind::Bmp => "bmp",
        Kind::Tiff => "tiff",
        Kind::Heif(_) => "heif",
        Kind::Jxl => "jxl",
        _ => return None,
    })
}

/// Whether an image field's text is a path, not something to be passed on unread.
pub(crate) fn is_local(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && !text.contains("://") && !text.starts_with("data:")
}

/// Makes a list of a text that names several images; a file whose own name looks like a list is one.
pub(crate) fn spread(value: &mut Value, path: &[&str], base: &Path) {
    match (&mut *value, path) {
        (Value::Object(fields), [name, rest @ ..]) => {
            if let Some(inner) = fields.get_mut(*name) {
                spread(inner, rest, base);
            }
        }
        (Value::String(text), []) if !base.join(text.trim()).is_file() => match split_images(text).as_slice() {
            [one] if one == text.trim() => {}
            [one] => text.clone_from(one),
            [] => {}
            several => *value = several.into(),
        },
        _ => {}
    }
}

/// Visits every text below a dotted field name, through lists and objects.
pub(crate) fn visit_texts(value: &mut Value, path: &[&str], visit: &mut dyn FnMut(&mut String)) {
    match (value, path) {
        (Value::Array(items), _) => items.iter_mut().for_each(|item| visit_texts(item, path, visit)),
        (Value::Object(fields), [name, rest @ ..]) => {
            if let Some(inner) = fields.get_mut(*name) {
                visit_texts(inner, rest, visit);
            }
        }
        (Value::String(text), []) => visit(text),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_plain_paths_are_local() {
        for local in ["a.png", "../b/c.jpg", "/tmp/x.webp", "C:\\x.png"] {
            assert!(is_local(local), "{local}");
        }
        for remote in ["https://example.com/a.png", "http://x", "data:image/png;base64,AA", "asset://7", " "] {
            assert!(!is_local(remote), "{remote}");
        }
    }

    #[test]
    fn texts_are_found_through_lists_and_objects() {
        let mut value = json!([{"type": "character", "image": ["a.png", "b.png"]}]);
        let mut found = Vec::new();
        visit_texts(&mut value, &["image"], &mut |text| found.push(text.clone()));
        assert_eq!(found, ["a.png", "b.png"]);
    }
}
