//! Reading is robust, repeatable, and tells where fields stand.

use std::{fs, path::Path};

use proptest::prelude::*;
use reelq_manifest::{Format, Manifest, Problems, Vocabulary, schema};
use reelq_model::{Finding, Severity};

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
    fn csv_texts_read_back(prompts in proptest::collection::vec("[\\PC\n\r\t]{0,30}[a-z]", 1..8)) {
        let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
        writer.write_record(["x_n", "Prompt"]).unwrap();
        for (number, prompt) in prompts.iter().enumerate() {
            writer.write_record([&number.to_string(), prompt]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let manifest = Manifest::from_bytes(Path::new("x.csv"), Format::Csv, &bytes, &vocabulary()).unwrap();
        // A text of several lines may look like rows of the table: that is a warning.
        let rows = manifest.rows().filter(|row| !matches!(row, Err(found) if found.severity == Severity::Warning));
        let read: Vec<_> = rows.map(|row| row.unwrap().fields["prompt"].clone()).collect();
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
fn every_kind_of_error_is_told_with_a_few_examples_however_many_rows_have_it() {
    let rows: Vec<_> = (0..62).map(|row| format!("x,-{row},x{row}")).collect();
    let text = format!("prompt,copies,priority\n{}\n", rows.join("\n"));
    let manifest = Manifest::from_bytes(Path::new("x.csv"), Format::Csv, text.as_bytes(), &vocabulary()).unwrap();
    let mut problems = Problems::default();
    problems.extend(manifest.rows().filter_map(Result::err));
    let fields: Vec<_> = problems.errors().iter().filter_map(|problem| problem.field.as_deref()).collect();
    assert_eq!(fields, [["copies"; 3], ["priority"; 3]].concat());
    assert_eq!(problems.error_count(), 124);
    let drawn = problems.render(false, 80);
    assert_eq!(
        drawn.matches("… and 59 more rows like it, on lines 5, 6, 7, 8, 9, 10, 11, 12, …\n").count(),
        2,
        "{drawn}"
    );
    assert!(!drawn.contains("more error"), "{drawn}");
    assert_eq!(serde_json::to_value(&problems).unwrap()["errors"][0]["line"], 2);
}

#[test]
fn one_slip_of_many_rows_is_told_once_and_counted_whole() {
    let text = format!("prompt,copies\n{}y,-1\n", "x,0\n".repeat(62));
    let manifest = Manifest::from_bytes(Path::new("x.csv"), Format::Csv, text.as_bytes(), &vocabulary()).unwrap();
    let mut problems = Problems::default();
    problems.extend(manifest.rows().filter_map(Result::err));
    assert_eq!((problems.errors().len(), problems.error_count()), (2, 63));
    let drawn = problems.render(false, 80);
    assert!(drawn.contains("… and 61 more rows like it, on lines 3, 4, 5, 6, 7, 8, 9, 10, …\n"), "{drawn}");
    assert!(!drawn.contains("more error"), "{drawn}");
    assert_eq!(serde_json::to_value(&problems).unwrap()["errors"][0]["alike"]["count"], 61);
}

#[test]
fn a_slip_in_a_default_is_told_once_for_all_rows_without_their_lines() {
    let text = "[defaults]\ncopies = 0\n[[jobs]]\nprompt = \"{{ c }}\"\nmatrix.c = [\"a\", \"b\", \"d\"]\n";
    let manifest = Manifest::from_bytes(Path::new("x.toml"), Format::Toml, text.as_bytes(), &vocabulary()).unwrap();
    let mut problems = Problems::default();
    problems.extend(manifest.rows().filter_map(Result::err));
    assert_eq!((problems.errors().len(), problems.error_count()), (1, 3));
    assert!(problems.to_string().trim_end().ends_with("… and 2 more rows like it"), "{problems}");
}

#[test]
fn usual_values_serve_rows_that_take_none_from_elsewhere() {
    let text = "[defaults]\nmodel = \"m1\"\n[[jobs]]\nprompt = \"a\"\n[[jobs]]\nprompt = \"b\"\nduration = 6\n";
    let given = ["model=m2", "duration=10"].map(str::to_owned);
    let manifest = Manifest::from_bytes(Path::new("x.toml"), Format::Toml, text.as_bytes(), &vocabulary()).unwrap();
    let rows: Vec<_> =
        manifest.with_cli_defaults(&given, "--set", &vocabulary()).unwrap().rows().map(Result::unwrap).collect();
    let seen: Vec<_> = rows.iter().map(|row| (row.model.as_deref(), row.fields["duration"].to_string())).collect();
    assert_eq!(seen, [(Some("m1"), "\"10\"".to_owned()), (Some("m1"), "6".to_owned())]);
}

#[test]
fn schema_names_every_field_and_key() {
    insta::assert_json_snapshot!("schema", schema(&vocabulary()));
}

/// Operators of the longest template.
const MOST_OPERATORS: usize = 150;

#[test]
fn nesting_without_end_is_a_problem_and_no_overflow() {
    let deep = 20_000;
    let dotted = format!("[[jobs]]\nextra{} = 1\n", ".a".repeat(deep));
    let header = format!("[{}a]\n", "a.".repeat(deep));
    let list = format!("[[jobs]]\nprompt = {}\n", "[".repeat(deep));
    let tables = format!("[[jobs]]\nprompt = {}1\n", "{a=".repeat(deep));
    let parentheses = format!("[[jobs]]\nprompt = \"{{{{ {}\"\n", "(".repeat(deep));
    let minus = format!("[[jobs]]\nprompt = \"{{{{ {}1 }}}}\"\n", "-".repeat(deep));
    let nots = format!("[[jobs]]\nprompt = \"{{{{ {}1 }}}}\"\n", "not ".repeat(deep));
    let ifs = format!("[[jobs]]\nprompt = \"{}\"\n", "{% if 1 %}".repeat(deep));
    let sum = format!("[[jobs]]\nprompt = \"{{{{ 1{} }}}}\"\n", "+1".repeat(deep));
    let filters = format!("[[jobs]]\nprompt = \"{{{{ 1{} }}}}\"\n", "|string".repeat(deep));
    for text in [dotted, header, list, tables, parentheses, minus, nots, ifs, sum, filters] {
        exercise(Format::Toml, text.as_bytes());
    }
    // The longest templates that are compiled at all.
    for piece in
        ["-", "+", "not ", "(", "[", "+1", "|a", ".a", "{% if 1 %}", "{% elif 1 %}", "~1", " is a", "1if 1 else "]
    {
        let run = piece.repeat(MOST_OPERATORS - 5);
        for template in
            [format!("{{{{ {run}1 }}}}"), format!("{{{{ 1{run} }}}}"), format!("{{% if 1 %}}{run}{{% endif %}}")]
        {
            exercise(Format::Toml, format!("[[jobs]]\nprompt = '{template}'\n").as_bytes());
            let source = format!("[[sources]]\npath = 'a.csv'\nfilter = '{run}1'\n");
            exercise(Format::Toml, source.as_bytes());
        }
    }
    exercise(Format::Jsonl, format!("{{\"prompt\": {}", "[".repeat(deep)).as_bytes());
    exercise(Format::Csv, format!("image_urls\n[{}\n", "[".repeat(deep)).as_bytes());
}

#[test]
fn a_long_file_is_read_in_bounded_memory() {
    use std::io::Write as _;
    const ROWS: u64 = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    writeln!(file, "id,prompt,duration").unwrap();
    for row in 0..ROWS {
        writeln!(file, "r{row},\"a red kite number {row}, over a hill that is green all around {row}\",6").unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let manifest = Manifest::open(&path, &vocabulary()).unwrap();
    let before = resident_kib();
    let mut rows = manifest.rows();
    let last = rows.by_ref().map(|row| row.unwrap().number).last();
    let grown = resident_kib().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    assert_eq!(last, Some(ROWS));
    // The rows together are over 30 MB as texts alone; the watched labels are what may be kept.
    assert!(grown < 20_000, "grew by {grown} KiB");
}

/// Memory of this process, where the system tells it.
fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
