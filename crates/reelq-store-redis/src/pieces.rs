//! Whether each script is joined from the pieces that it needs and from no others: one that lacks a piece fails only where it
//! is called, and one that has too many costs each of its calls.

use std::{collections::BTreeSet, fs, path::Path};

/// What every script begins with.
const BEGINNING: [&str; 3] = ["start", "keys", "guard"];
/// Tables to which pieces add fields.
const TABLES: [&str; 3] = ["guard", "kept", "hours"];

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)).unwrap()
}

/// A piece without its comments and without what stands in texts.
fn text(piece: &str) -> String {
    let text = file(&format!("scripts/{piece}.lua"));
    let lines = text.lines().map(|line| line.split("--").next().unwrap());
    lines.collect::<Vec<_>>().join("\n").split('\'').step_by(2).collect::<Vec<_>>().join("''")
}

/// Every script with its pieces, as the rooms' own texts say.
fn scripts() -> Vec<(String, Vec<String>)> {
    let rooms = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let rooms = rooms.map(|room| room.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let texts: Vec<String> = rooms.map(|path| fs::read_to_string(path).unwrap()).collect();
    let calls = texts.iter().flat_map(|text| text.split("\nscript!(").skip(1));
    let quoted =
        |call: &str| call.split(");").next().unwrap().split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect();
    calls.map(quoted).map(|mut names: Vec<String>| (names.remove(0), names)).collect()
}

const fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '.' || letter == ':'
}

/// The names that a text uses: not those that it writes to, which may be fields.
fn used(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (word, behind) =
            rest[start..].split_at(rest[start..].find(|letter| !is_part(letter)).unwrap_or(rest.len() - start));
        rest = behind;
        if word.starts_with('.') || (behind.starts_with(" =") && !behind.starts_with(" ==")) {
            continue;
        }
        let mut parts = word.split(['.', ':']);
        let first = parts.next().unwrap();
        found.insert(first);
        if let Some(second) = parts.next().filter(|_| TABLES.contains(&first)) {
            found.insert(&word[..first.len() + 1 + second.len()]);
        }
    }
    found
}

/// The names that a declaration makes.
fn declared(line: &str) -> impl Iterator<Item = &str> {
    let names = line.trim_start_matches("function ").split(['=', '(']).next().unwrap_or_default();
    names.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// What stands at a piece's top, for those behind it.
fn offered(text: &str) -> BTreeSet<&str> {
    let of_tables =
        |line: &&str| TABLES.iter().any(|table| line.strip_prefix(table).is_some_and(|rest| rest.starts_with('.')));
    let lines = text.lines().filter_map(|line| {
        line.strip_prefix("local ").or_else(|| line.strip_prefix("function ")).or_else(|| Some(line).filter(of_tables))
    });
    lines.flat_map(declared).collect()
}

/// Whatever a piece gives a name, at any depth.
fn own(text: &str) -> BTreeSet<&str> {
    let behind = |word: &'static str| text.split(word).skip(1).map(|rest| rest.lines().next().unwrap_or_default());
    let loops = behind("for ").flat_map(|line| declared(line.split(" in ").next().unwrap_or_default()));
    let parameters = behind("function").filter_map(|line| line.split('(').nth(1)?.split(')').next()).flat_map(declared);
    behind("local ").flat_map(declared).chain(loops).chain(parameters).collect()
}

/// The pieces of the library that a text needs.
fn needed<'a>(text: &str, library: &'a [(String, String)]) -> BTreeSet<&'a str> {
    let (used, own) = (used(text), own(text));
    let foreign: BTreeSet<&str> = used.difference(&own).copied().collect();
    let others = library.iter().filter(|(_, of)| of != text && !offered(of).is_disjoint(&foreign));
    others.map(|(name, _)| &**name).collect()
}

#[test]
fn each_script_has_the_pieces_that_it_needs_and_no_others() {
    let scripts = scripts();
    assert!(scripts.len() > 30, "they are found");
    let names: BTreeSet<&str> =
        scripts.iter().flat_map(|(_, pieces)| pieces).map(|name| &**name).chain(BEGINNING).collect();
    let library: Vec<_> = names.into_iter().map(|name| (name.to_owned(), text(name))).collect();
    for (script, pieces) in &scripts {
        let joined: Vec<&str> = BEGINNING.into_iter().chain(pieces.iter().map(|piece| &**piece)).collect();
        let mut wanted = needed(&text(script), &library);
        for (at, piece) in joined.iter().enumerate() {
            let of_it = needed(&text(piece), &library);
            let before: BTreeSet<&str> = joined[..at].iter().copied().collect();
            assert!(of_it.is_subset(&before), "{script}: {piece} needs {:?}", of_it.difference(&before));
            wanted.extend(of_it);
        }
        // The one that offers nothing is a write of its own.
        wanted.extend(BEGINNING.into_iter().chain(joined.iter().copied().filter(|piece| *piece == "room")));
        assert_eq!(wanted, joined.into_iter().collect(), "{script}");
    }
}
