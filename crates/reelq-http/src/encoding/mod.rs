//! What a server did to a body on its way: `Content-Encoding`, asked for or not, true or not.

mod aws_chunked;
mod inflate;
mod layer;
mod reply;

pub(crate) use layer::Layers;
pub(crate) use reply::unpack;
use reqwest::header::{self, HeaderMap};

/// One thing that a header claims was done to a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// The framing of an upload to an object store, kept by mistake.
    AwsChunked,
    Gzip,
    Deflate,
    Brotli,
    /// Known, and not read here.
    Zstd,
}

impl Coding {
    /// Words that name no coding (`identity`, `utf-8`, `none`, nothing) are passed over.
    fn named(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "aws-chunked" => Some(Self::AwsChunked),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" | "x-deflate" => Some(Self::Deflate),
            "br" | "brotli" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// What the headers claim, in the order in which it is to be undone.
pub(crate) fn codings(headers: &HeaderMap) -> Vec<Coding> {
    let mut found = Vec::new();
    for name in [header::CONTENT_ENCODING, header::TRANSFER_ENCODING] {
        for value in headers.get_all(name) {
            found.extend(String::from_utf8_lossy(value.as_bytes()).split(',').filter_map(Coding::named));
        }
    }
    found.reverse();
    // The store framed what it was given: whatever the order says, the frames are outermost.
    found.sort_by_key(|coding| *coding != Coding::AwsChunked);
    found.dedup_by(|later, earlier| *later == Coding::AwsChunked && later == earlier);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_undone_from_the_last_to_the_first() {
        let of = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_ENCODING, line.parse().unwrap());
            }
            codings(&headers)
        };
        assert_eq!(of(&["gzip, br"]), [Coding::Brotli, Coding::Gzip]);
        assert_eq!(of(&["X-GZIP", "deflate"]), [Coding::Deflate, Coding::Gzip]);
        assert_eq!(of(&["aws-chunked,gzip", "aws-chunked"]), [Coding::AwsChunked, Coding::Gzip]);
        for none in ["", "identity", "utf-8", " , ", "none"] {
            assert_eq!(of(&[none]), [], "{none}");
        }
    }
}
