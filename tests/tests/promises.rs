//! Every promise has a list of tests in `ARCHITECTURE.md`, and the tests that it names exist.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a broken assumption is a failed test")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    text
}

#[test]
fn every_promise_names_tests_that_exist() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let sources = sources(&root().join("crates")) + &sources(&root().join("tests"));
    for promise in 1..=9 {
        let heading = format!("\n### P{promise}\n");
        let after = architecture.split(&heading).nth(1).unwrap_or_else(|| panic!("no list under {heading:?}"));
        let list = after.split("\n#").next().unwrap();
        let named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        assert!(named.len() > 3, "P{promise} names only {named:?}");
        for name in named {
            assert!(sources.contains(&format!("fn {name}(")), "P{promise} names `{name}`, which is no test");
        }
    }
}
