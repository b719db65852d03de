//! Templates are bounded: whatever they say, reading a manifest takes little memory and ends.

use std::path::Path;

use reelq_manifest::{Format, Manifest, Problem, Row, Vocabulary};

fn read(template: &str, variables: &str) -> Vec<Result<Row, Problem>> {
    let text = format!("[[jobs]]\nprompt = '''{template}'''\n[jobs.vars]\n{variables}\n");
    let vocabulary = Vocabulary { fields: vec!["prompt".to_owned()] };
    let manifest = Manifest::from_bytes(Path::new("jobs.toml"), Format::Toml, text.as_bytes(), &vocabulary).unwrap();
    manifest.rows().collect()
}

fn problem(template: &str, variables: &str) -> Problem {
    read(template, variables).into_iter().find_map(Result::err).unwrap()
}

fn prompt(template: &str, variables: &str) -> String {
    let row = read(template, variables).remove(0).unwrap();
    row.fields["prompt"].as_str().map_or_else(|| row.fields["prompt"].to_string(), str::to_owned)
}

#[test]
fn what_would_fill_the_memory_is_an_error_with_its_file_line_and_field() {
    let long = format!("long = '{}'\nlist = [1, 2, 3]", "a".repeat(200_000));
    for (template, says) in [
        ("{{ 'a'|indent(99999999999,true) }}", "no filter `indent`"),
        ("{{ '%99999999999d'|format(1) }}", "no filter `format`"),
        ("{{ [1]|batch(99999999999, 0) }}", "no filter `batch`"),
        ("{{ [1]|slice(99999999999) }}", "no filter `slice`"),
        ("{{ 'a' * 10**9 }}", "`*` is not taken"),
        ("{{ list * 99999999 }}", "`*` is not taken"),
        ("{% for i in range(10**12) %}a{% endfor %}", "too many elements"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "100000 steps"),
        ("{% for i in range(9999) %}{{ long }}{% endfor %}", "more than 262144 bytes"),
        ("{{ long ~ long }}", "more than 262144 bytes"),
        ("{{ long | replace('a', long) }}", "more than 262144 bytes"),
        ("{{ long | replace('', long) }}", "more than 262144 bytes"),
        ("{{ list | join(long) }}", "more than 262144 bytes"),
        ("{{ long | split('a') | length }}", "more than 10000 parts"),
        ("{% set x = long %}{{ x }}", "no tag `set`"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "no tag `macro`"),
        ("{% for i in [[[]]] recursive %}{{ loop(i) }}{% endfor %}", "no `recursive` loops"),
        ("{{ 9223372036854775807 | times(2) }}", "product is too large"),
        ("{{ long | times(2) }}", "multiplies numbers"),
    ] {
        let problem = problem(template, &long);
        assert!(problem.rule.contains(says), "{template}: {}", problem.rule);
        assert_eq!((problem.file.to_str(), problem.line), (Some("jobs.toml"), Some(2)), "{template}");
        assert_eq!(problem.field.as_deref(), Some("prompt"), "{template}");
    }
}

#[test]
fn everyday_filters_and_tags_work() {
    let variables = "animal = 'red fox'\nn = 6\nlist = ['a', 'b']\nnumber = '4'";
    for (template, expected) in [
        ("a {{ animal | title | trim }}!", "a Red Fox!"),
        ("{{ animal | replace('red', 'blue') | upper }}", "BLUE FOX"),
        ("{{ n | times(24) }} frames of {{ number | int | times(0.5) }}", "144 frames of 2.0"),
        ("{{ list | join(' and ') }}, {{ list | first }}, {{ list | length }}", "a and b, a, 2"),
        ("{% for one in list %}{{ one }}{% if not loop.last %};{% endif %}{% endfor %}", "a;b"),
        ("{{ animal if n is even else 'none' }} {{ 2 ** 3 }} {{ animal | split | last }}", "red fox 8 fox"),
        ("{% if animal is startingwith('red') and n > 5 %}yes{% else %}no{% endif %}", "yes"),
    ] {
        assert_eq!(prompt(template, variables), expected, "{template}");
    }
}

#[test]
fn a_filter_over_the_rows_of_a_source_is_held_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.toml");
    std::fs::write(folder.path().join("rows.csv"), "prompt,x_kind\na cat,scene\n").unwrap();
    let vocabulary = Vocabulary { fields: vec!["prompt".to_owned()] };
    let read = |filter: &str| -> Vec<_> {
        let text = format!("[[sources]]\npath = 'rows.csv'\nfilter = '''{filter}'''\n");
        std::fs::write(&path, text).unwrap();
        Manifest::open(&path, &vocabulary).unwrap().rows().collect()
    };
    for filter in ["(prompt * 9) == prompt", "prompt|indent(9) == prompt", "prompt|pprint == prompt"] {
        let problem = read(filter).into_iter().find_map(Result::err).unwrap();
        assert_eq!(problem.field.as_deref(), Some("filter"), "{filter}: {problem}");
    }
    assert!(read("x_kind == 'scene' and prompt | length > 3")[0].is_ok());
}
