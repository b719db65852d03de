//! Several images in one text, in the ways in which people and their tables write them.

/// The images that a text names: between `|`, on lines of their own, after comma and blank, or as a table of Airtable exports
/// attachments: `name.png (https://…)`. A text that names one image is that one.
pub fn split_images(text: &str) -> Vec<String> {
    if let Some(addresses) = attachments(text) {
        return addresses;
    }
    let text = text.trim();
    let parts: Vec<&str> = if text.starts_with("data:") {
        // Commas and all else belong to it.
        text.split('|').collect()
    } else {
        text.split(['|', '\n', '\r']).flat_map(after_commas).collect()
    };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A comma separates where a blank or another address follows; one inside an address or a name does not.
fn after_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, _) in text.match_indices(',') {
        let rest = &text[at + 1..];
        let is_end =
            rest.starts_with(char::is_whitespace) || rest.starts_with("http://") || rest.starts_with("https://");
        if is_end {
            parts.push(&text[from..at]);
            from = at + 1;
        }
    }
    parts.push(&text[from..]);
    parts
}

/// The addresses of attachments; nothing where the text has another form.
fn attachments(text: &str) -> Option<Vec<String>> {
    let (mut addresses, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (_, after) = rest.split_once(" (http")?;
        let (address, after) = after.split_once(')')?;
        addresses.push(format!("http{address}"));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
    }
    (!addresses.is_empty()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_told_apart_however_they_are_listed() {
        let (one, two) = ("https://c.example/1.png", "https://c.example/2,b.png");
        for text in [
            format!("{one}|{two}"),
            format!("{one} | {two}"),
            format!("{one}, {two}"),
            format!("{one},{two}"),
            format!("{one}\r\n{two}\n"),
            format!("a.png ({one}), b (2).png ({two})"),
            format!("a.png ({one}),b.png ({two})"),
        ] {
            assert_eq!(split_images(&text), [one, two], "{text}");
        }
        assert_eq!(split_images("first.png|in a folder/last.png"), ["first.png", "in a folder/last.png"]);
        for lone in ["a,b.png", "data:image/png;base64,AA", "a (copy).png", two] {
            assert_eq!(split_images(lone), [lone]);
        }
        assert_eq!(split_images(" "), Vec::<String>::new());
    }
}
