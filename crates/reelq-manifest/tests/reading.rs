//! Reading is robust, repeatable, and tells where fields stand.

use std::{fs, path::Path};

use proptest::prelude::*;
use reelq_manifest::{Format, Manifest, Problems, Vocabulary, schema};
use reelq_model::Finding;

fn vocabulary() -> Vocabulary {
    let fields = ["prompt", "duration", "image_urls", "extra.prompt_optimizer"];
    Vocabulary { fields: fields.map(str::to_owned).to_vec() }
}

/// Reads everything and draws every problem.
fn exercise(format: Format, bytes: &[u8]) -> u64 {
    let manifest = match Manifest::from_bytes(Path::new("fuzz"), format, bytes, &vocabulary()) {
        Ok(manifest) => manifest,
        Err(problems) => {
            assert!(problems.is_fatal());
            assert!(!problems.render(false, 80).is_empty());
            return 0;
        }
    };
    let mut rows = 0;
    let mut problems = Problems::default();
    for item in manifest.rows().take(1000) {
        match item {
            Ok(row) => {
                rows += 1;
                problems.push(row.problem(&Finding::error("extra.prompt_optimizer[0]", None, "is wrong")));
            }
            Err(problem) => problems.push(problem),
        }
    }
    assert!(problems.is_empty() || !problems.render(true, 80).is_empty());
    rows
}

/// Bytes that look enough like a manifest to get past the first check.
fn pieces(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        6 => proptest::sample::select(words).prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

const CSV: &[&str] = &[
    "prompt",
    "id",
    "copies",
    ",",
    ";",
    "\t",
    "\"",
    "\"\"",
    "\n",
    "\r",
    "\r\n",
    "é",
    "[",
    "{\"a\":1}",
    "x_",
    " ",
    "sep=",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "\"prompt\"",
    "\"extra\"",
    "\"\\u00e9\"",
    ":",
    ",",
    "[",
    "]",
    "1",
    "-",
    "1e999",
    "null",
    "\n",
    "é",
    " ",
];
const TOML: &[&str] = &[
    "[batch]\n",
    "[[jobs]]\n",
    "[[sources]]\n",
    "[defaults]\n",
    "prompt",
    "copies",
    "matrix",
    "vars",
    "a",
    ".",
    "=",
    "\"{{ a }}\"",
    "\"{% if\"",
    "[1, 2]",
    "{ a = [1] }",
    "1",
    "-0.1",
    "\n",
    "é",
    "budget_usd",
    "2026-01-01",
    "path",
    "passthrough = [\"n\"]\n",
    "'''",
    "\"\"\"",
];

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in [Format::Csv, Format::Tsv, Format::Jsonl, Format::Toml] {
            exercise(format, &bytes);
        }
    }

    #[test]
    fn almost_csv_is_read_without_panic(bytes in pieces(CSV)) {
        let bytes = [b"prompt,id\n".as_slice(), &bytes].concat();
        exercise(Format::Csv, &bytes);
        exercise(Format::Tsv, &bytes);
    }

    #[test]
    fn almost_json_is_read_without_panic(bytes in pieces(JSON)) {
        exercise(Format::Jsonl, &bytes);
    }

    #[test]
    fn almost_toml_is_read_without_panic(bytes in pieces(TOML)) {
        exercise(Format::Toml, &bytes);
    }

    #[test]
    fn csv_texts_read_back(prompts in proptest::collection::vec("[^\\x00]{0,30}[a-z]", 1..8)) {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(["x_n", "Prompt"]).unwrap();
        for (number, prompt) in prompts.iter().enumerate() {
            writer.write_record([&number.to_string(), prompt]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let manifest = Manifest::from_bytes(Path::new("x.csv"), Format::Csv, &bytes, &vocabulary()).unwrap();
        let read: Vec<_> = manifest.rows().map(|row| row.unwrap().fields["prompt"].clone()).collect();
        prop_assert_eq!(read, prompts);
    }
}

#[test]
fn a_finding_points_at_the_cell_the_key_or_the_default() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/a.csv"), "prompt,duration\r\n\"one\r\ntwo\",7\r\n").unwrap();
    let toml = "[defaults]\nimage_urls = \"me.png\"\n[[sources]]\npath = \"in/a.csv\"\n";
    let path = folder.path().join("m.toml");
    fs::write(&path, toml).unwrap();
    let manifest = Manifest::open(&path, &vocabulary()).unwrap();
    let row = manifest.rows().next().unwrap().unwrap();
    let at = |field: &str| {
        let problem = row.problem(&Finding::error(field, None, "is wrong"));
        (problem.file.file_name().unwrap().to_str().unwrap().to_owned(), problem.line, problem.column)
    };
    assert_eq!(at("duration"), ("a.csv".to_owned(), Some(3), Some(6)));
    assert_eq!(at("image_urls[0]"), ("m.toml".to_owned(), Some(2), Some(14)));
    assert_eq!(at("seed"), ("a.csv".to_owned(), Some(2), Some(1)));
    assert_eq!(row.base_dir(), folder.path().join("in"));
    assert_eq!(row.base_dir_of("image_urls"), folder.path());
}

#[test]
fn rows_can_be_read_again_and_the_digest_sees_a_changed_source() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("a.csv");
    fs::write(&source, "prompt\none\n").unwrap();
    let path = folder.path().join("m.toml");
    fs::write(&path, "[[sources]]\npath = \"a.csv\"\n").unwrap();
    let manifest = Manifest::open(&path, &vocabulary()).unwrap();
    let first = manifest.digest().unwrap();
    assert_eq!(manifest.rows().count(), 1);
    fs::write(&source, "prompt\none\ntwo\n").unwrap();
    assert_eq!(manifest.rows().count(), 2);
    assert_ne!(manifest.digest().unwrap(), first);
}

#[test]
fn the_first_fifty_errors_are_kept_and_the_rest_counted() {
    let text = format!("prompt,copies\n{}", "x,0\n".repeat(62));
    let manifest = Manifest::from_bytes(Path::new("x.csv"), Format::Csv, text.as_bytes(), &vocabulary()).unwrap();
    let mut problems = Problems::default();
    problems.extend(manifest.rows().filter_map(Result::err));
    assert_eq!((problems.errors().len(), problems.error_count()), (50, 62));
    assert!(problems.render(false, 80).ends_with("  … and 12 more errors\n"));
    assert_eq!(serde_json::to_value(&problems).unwrap()["errors"][0]["line"], 2);
}

#[test]
fn schema_names_every_field_and_key() {
    insta::assert_json_snapshot!("schema", schema(&vocabulary()));
}
