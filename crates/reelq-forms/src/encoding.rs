//! Which encoding a text has that is not UTF-8.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// No encoding has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no encoding is called `{0}`")]
pub struct UnknownEncoding(pub String);

/// The encoding of a name as the web knows it: `gbk`, `shift_jis`, `windows-1252`, `utf-16`, `latin1`.
///
/// # Errors
/// There is no such name.
pub fn encoding_named(name: &str) -> Result<&'static Encoding, UnknownEncoding> {
    let trimmed = name.trim();
    let label = match trimmed.to_ascii_lowercase().as_str() {
        // What people and other programs call them beside the web's names.
        "cp932" | "sjis" => "shift_jis",
        "cp936" | "ansi" if trimmed.eq_ignore_ascii_case("cp936") => "gbk",
        "utf16" | "utf16le" | "utf-16le" => "utf-16le",
        "utf16be" => "utf-16be",
        "cp949" => "euc-kr",
        "cp950" => "big5",
        other => return Encoding::for_label(other.as_bytes()).ok_or_else(|| UnknownEncoding(trimmed.to_owned())),
    };
    Encoding::for_label(label.as_bytes()).ok_or_else(|| UnknownEncoding(trimmed.to_owned()))
}

/// The likeliest encoding of a text, and how the text reads with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingGuess {
    /// The encoding; [`Encoding::name`] is what `--encoding` takes.
    pub encoding: &'static Encoding,
    /// The first line that is not plain ASCII, read with it.
    pub preview: String,
    /// That line's number, from 1.
    pub line: u64,
}

/// Guesses the encoding from the first bytes of a file; `None` where they are UTF-8.
pub fn guess(start: &[u8]) -> Option<EncodingGuess> {
    if let Some(encoding) = utf16(start) {
        return Some(read_as(start, encoding));
    }
    if is_utf8(start) {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(start, true);
    Some(read_as(start, detector.guess(None, Utf8Detection::Deny)))
}

/// What is cut off in the middle of a character is no fault.
fn is_utf8(start: &[u8]) -> bool {
    match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

fn utf16(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(UTF_16BE),
        _ => None,
    }
}

fn read_as(start: &[u8], encoding: &'static Encoding) -> EncodingGuess {
    let (text, _) = encoding.decode_with_bom_removal(start);
    let lines = || text.lines().zip(1..);
    let telling = lines().find(|(line, _)| !line.is_ascii()).or_else(|| lines().next());
    let (preview, line) = telling.unwrap_or_default();
    EncodingGuess { encoding, preview: preview.to_owned(), line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(encoding: &str, text: &str) -> (&'static str, String, u64) {
        let encoding = encoding_named(encoding).unwrap();
        let bytes = match encoding.name() {
            "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => encoding.encode(text).0.into_owned(),
        };
        let guess = guess(&bytes).unwrap();
        (guess.encoding.name(), guess.preview, guess.line)
    }

    #[test]
    fn what_spreadsheets_of_the_world_write_is_recognised() {
        for (encoding, text) in [
            ("GBK", "一只猫在窗台"),
            ("Shift_JIS", "窓辺の白い猫、夕暮れ"),
            ("windows-1252", "ein Löwe im Café"),
            ("Big5", "窗台上的一隻貓，黃昏"),
            ("EUC-KR", "창가의 하얀 고양이"),
            ("UTF-16LE", "un café"),
        ] {
            let file = format!("id,prompt\na,{text}\n");
            assert_eq!(guessed(encoding, &file), (encoding, format!("a,{text}"), 2));
        }
    }

    #[test]
    fn utf_8_is_no_guess_even_where_it_is_cut() {
        assert_eq!(guess("id,prompt\na,猫".as_bytes()), None);
        assert_eq!(guess(&"猫".as_bytes()[..2]), None);
        assert_eq!(guess(b""), None);
    }

    #[test]
    fn names_are_those_of_the_web_and_of_people() {
        for (name, encoding) in [
            ("latin1", "windows-1252"),
            ("GB2312", "GBK"),
            ("cp936", "GBK"),
            ("cp932", "Shift_JIS"),
            ("utf16", "UTF-16LE"),
        ] {
            assert_eq!(encoding_named(name).map(Encoding::name), Ok(encoding));
        }
        assert!(encoding_named("klingon").is_err());
    }
}
