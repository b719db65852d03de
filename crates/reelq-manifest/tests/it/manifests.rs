//! Every manifest in `bad/` has a message, and every one in `good/` reads as it should.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use reelq_manifest::{Manifest, Problems, Vocabulary};

fn vocabulary() -> Vocabulary {
    let fields = [
        "prompt",
        "negative_prompt",
        "duration",
        "resolution",
        "aspect_ratio",
        "image_urls",
        "last_frame",
        "seed",
        "extra.prompt_optimizer",
        "extra.subject_reference",
    ];
    Vocabulary { fields: fields.map(str::to_owned).to_vec() }
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn shown(path: &Path) -> String {
    let mut out = String::new();
    let mut problems = Problems::default();
    match Manifest::open(path, &vocabulary()) {
        Err(fatal) => problems = fatal,
        Ok(manifest) => {
            if *manifest.head() != reelq_manifest::ManifestHead::default() {
                writeln!(out, "{:#?}", manifest.head()).unwrap();
            }
            for item in manifest.rows() {
                match item {
                    Ok(row) => write_row(&row, &mut out),
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    let folder = format!("{}/", path.parent().unwrap().display());
    out + &problems.render(false, 2000).replace(&folder, "")
}

fn write_row(row: &reelq_manifest::Row, out: &mut String) {
    write!(out, "row {}", row.number).unwrap();
    let own = [
        ("id", &row.label),
        ("account", &row.account),
        ("provider", &row.provider),
        ("model", &row.model),
        ("mode", &row.mode),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            write!(out, " {name}={value}").unwrap();
        }
    }
    if row.copies != 1 {
        write!(out, " copies={}", row.copies).unwrap();
    }
    let fields = serde_json::to_string(&row.fields).unwrap();
    let cut: String = fields.chars().take(300).collect();
    writeln!(out, " {cut} {:?}", row.passthrough).unwrap();
}

#[test]
fn every_bad_manifest_says_what_is_wrong_and_where() {
    let files = files("bad");
    assert!(files.len() >= 45, "{} bad manifests", files.len());
    let mut all = String::new();
    for path in files {
        let text = shown(&path);
        assert!(text.contains('×') || text.contains('⚠'), "{} has no problem:\n{text}", path.display());
        writeln!(all, "==== {}\n{text}", path.file_name().unwrap().to_string_lossy()).unwrap();
    }
    insta::assert_snapshot!("bad", all);
}

#[test]
fn every_good_manifest_reads_as_it_should() {
    let mut all = String::new();
    for path in files("good") {
        if path.ends_with("picked.csv") {
            continue;
        }
        let text = shown(&path);
        assert!(!text.contains('×'), "{} has a problem:\n{text}", path.display());
        writeln!(all, "==== {}\n{text}", path.file_name().unwrap().to_string_lossy()).unwrap();
    }
    insta::assert_snapshot!("good", all);
}
