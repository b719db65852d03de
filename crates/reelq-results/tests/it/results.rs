//! Result manifests keep their columns and their texts.

use std::{collections::BTreeMap, path::Path, time::Duration};

use proptest::prelude::*;
use reelq_manifest::{Format, Manifest, Vocabulary};
use reelq_model::{Digest, FailureKind, Money, Status, Timestamp};
use reelq_results::{
    COLUMNS, ManifestColumns, ManifestForm, ManifestLine, ManifestNames, ManifestWriter, ResultFormat, ResultReader,
    ResultRecord, ResultWriter,
};
use serde_json::json;

pub(crate) fn record() -> ResultRecord {
    ResultRecord {
        row: 7,
        id: Some("k7".to_owned()),
        job: "0123".to_owned(),
        copy: 2,
        status: Some(Status::Succeeded),
        account: "wave".to_owned(),
        provider: "wave".to_owned(),
        model: "hailuo-2.3".to_owned(),
        mode: "text-to-video".to_owned(),
        prompt: "=a \"red\" kite,\nin two lines".to_owned(),
        params: json!({"duration": 6, "extra": {"prompt_optimizer": false}}).as_object().unwrap().clone(),
        submissions: Some(1),
        remote_task: Some("task-1".to_owned()),
        cost_usd: Some(Money::from_micros(311_100)),
        queued_at: Some(Timestamp::from_millis(0)),
        submitted_at: Some(Timestamp::from_millis(1_500)),
        finished_at: None,
        stored_at: None,
        run: Some(Duration::from_millis(62_050)),
        polls: Some(9),
        file: Some("000007-k7-2.mp4".to_owned()),
        bytes: Some(1_234),
        sha256: Some(Digest::of(b"x")),
        source_url: Some("https://a.example/1.mp4".to_owned()),
        expires_at: None,
        error_kind: Some(FailureKind::Content),
        error_message: None,
        note: Some("@row 3".to_owned()),
        is_unreadable: false,
        passthrough: BTreeMap::from([("x_note".to_owned(), " as is ".to_owned())]),
    }
}

fn written(format: ResultFormat) -> String {
    let passthrough = vec!["x_note".to_owned(), "x_none".to_owned()];
    let mut writer = ResultWriter::new(Vec::new(), format, passthrough).unwrap();
    writer.write(&record()).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

#[test]
fn both_forms_have_the_columns_of_the_contract_in_their_order() {
    insta::assert_snapshot!("csv", written(ResultFormat::Csv));
    insta::assert_snapshot!("jsonl", written(ResultFormat::Jsonl));
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&written(ResultFormat::Jsonl)).unwrap();
    assert_eq!(object.keys().take(28).collect::<Vec<_>>(), COLUMNS.iter().collect::<Vec<_>>());
}

#[test]
fn csv_reads_back_to_the_same_texts() {
    let text = written(ResultFormat::Csv);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = reader.records().next().unwrap().unwrap();
    assert_eq!(&row[9], record().prompt);
    assert_eq!(&row[13], "0.3111");
    assert_eq!(&row[28], " as is ");
}

#[test]
fn for_a_spreadsheet_no_text_begins_like_a_formula_and_numbers_stay_numbers() {
    let mut writer = ResultWriter::csv_for(ResultReader::Spreadsheet, Vec::new(), vec!["x_note".to_owned()]).unwrap();
    for start in ["=1+1", "+1", "-1", "@cmd", "\tx", "\rx", " =1", "\u{ff1d}1"] {
        let text = start.to_owned();
        let passthrough = BTreeMap::from([("x_note".to_owned(), text.clone())]);
        let told = ResultRecord { error_message: Some(text.clone()), remote_task: Some(text), passthrough, ..record() };
        writer.write(&told).unwrap();
    }
    let text = writer.finish().unwrap();
    for row in csv::Reader::from_reader(&text[..]).records().map(Result::unwrap) {
        let told = [9, 12, 26, 27, 28].map(|column| row[column].to_owned());
        assert!(told.iter().all(|cell| cell.starts_with('\'')), "{told:?}");
        assert_eq!((&row[0], &row[1], &row[13]), ("7", "k7", "0.3111"));
    }
}

#[test]
fn a_carried_column_of_an_older_batch_that_is_called_like_one_of_ours_is_told_apart() {
    let carried = BTreeMap::from([("note".to_owned(), "theirs".to_owned()), ("version".to_owned(), "v1".to_owned())]);
    let names = vec!["note".to_owned(), "version".to_owned()];
    let mut writer = ResultWriter::new(Vec::new(), ResultFormat::Jsonl, names).unwrap();
    writer.write(&ResultRecord { passthrough: carried, ..record() }).unwrap();
    let line: serde_json::Value = serde_json::from_slice(&writer.finish().unwrap()).unwrap();
    assert_eq!((&line["note"], &line["version"]), (&json!("@row 3"), &json!(2)));
    assert_eq!((&line["x_note"], &line["x_version"]), (&json!("theirs"), &json!("v1")));
}

#[test]
fn for_a_spreadsheet_the_encoding_is_marked_and_lines_end_as_it_expects() {
    let mut writer = ResultWriter::csv_for(ResultReader::Spreadsheet, Vec::new(), Vec::new()).unwrap();
    writer.write(&ResultRecord { prompt: "一只猫".to_owned(), ..record() }).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(text.starts_with("\u{feff}row,id,"), "{text}");
    assert_eq!(text.matches("\r\n").count(), 2, "{text:?}");
    assert!(!written(ResultFormat::Csv).contains(['\r', '\u{feff}']), "a program wants neither");
}

#[test]
fn times_have_milliseconds_also_where_they_are_zero() {
    for text in [written(ResultFormat::Csv), written(ResultFormat::Jsonl)] {
        assert!(text.contains("1970-01-01T00:00:00.000Z") && text.contains("1970-01-01T00:00:01.500Z"), "{text}");
    }
}

/// A manifest of one row in this form, read again.
fn read_again(form: ManifestForm, line: &ManifestLine<'_>, fields: &[&str]) -> reelq_manifest::Row {
    let vocabulary = Vocabulary { fields: fields.iter().map(|name| (*name).to_owned()).collect() };
    let names = ManifestNames { fields: vocabulary.fields.iter().cloned().collect(), ..ManifestNames::default() };
    let mut columns = ManifestColumns::default();
    columns.see(line, &names);
    let mut writer = ManifestWriter::new(form, names, &columns, Vec::new()).unwrap();
    writer.write(line).unwrap();
    let bytes = writer.finish().unwrap();
    let format = match form {
        ManifestForm::Csv => Format::Csv,
        ManifestForm::Tsv => Format::Tsv,
        ManifestForm::Jsonl => Format::Jsonl,
    };
    let manifest = Manifest::from_bytes(Path::new("x"), format, &bytes[..], &vocabulary).unwrap();
    let mut rows: Vec<_> = manifest.rows().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 1, "{}", String::from_utf8_lossy(&bytes));
    rows.remove(0)
}

#[test]
fn a_table_of_rows_has_dotted_columns_for_nested_fields_and_cells_of_json_for_lists() {
    let fields = json!({
        "prompt": "[Pan left] a \"cat\",\nand a dog", "duration": 6, "image_urls": ["a", "b,c"],
        "extra": {"flag": true, "deep": {"er": 1}}, "free": {"any": 1},
    });
    let fields = fields.as_object().unwrap().clone();
    let passthrough = BTreeMap::from([("x_scene".to_owned(), " 7 ".to_owned()), ("shot".to_owned(), "b".to_owned())]);
    let line = ManifestLine {
        label: Some("a"),
        account: Some("wave"),
        provider: None,
        model: Some("m"),
        mode: None,
        priority: Some(3),
        fields: &fields,
        passthrough: &passthrough,
    };
    let names = ["prompt", "duration", "image_urls", "extra.flag", "extra.deep.er", "free"];
    for form in [ManifestForm::Csv, ManifestForm::Tsv] {
        let row = read_again(form, &line, &names);
        let read = serde_json::Value::Object(row.fields);
        let expected = json!({
            "prompt": "[Pan left] a \"cat\",\nand a dog", "duration": "6", "image_urls": ["a", "b,c"],
            "extra": {"flag": "true", "deep": {"er": "1"}}, "free": {"any": 1},
        });
        assert_eq!(read, expected, "{form:?}");
        assert_eq!((row.label.as_deref(), row.priority), (Some("a"), Some(3)));
        assert_eq!((&*row.passthrough["x_scene"], &*row.passthrough["x_shot"]), (" 7 ", "b"));
    }
}

#[test]
fn a_table_of_rows_keeps_the_columns_that_the_rows_came_under() {
    let fields = json!({"prompt": "a cat", "aspect_ratio": "9:16", "seed": 4}).as_object().unwrap().clone();
    let passthrough = BTreeMap::from([("x_scene".to_owned(), "7".to_owned())]);
    let line = ManifestLine {
        label: Some("a"),
        account: Some("wave"),
        provider: None,
        model: None,
        mode: None,
        priority: None,
        fields: &fields,
        passthrough: &passthrough,
    };
    let header = reelq_results::header_of("\u{feff}x_scene;Aspect Ratio;Prompt;unused;ID\n7;9:16".as_bytes(), None);
    let mut columns = ManifestColumns::like(header);
    columns.see(&line, &ManifestNames::default());
    let mut writer = ManifestWriter::new(ManifestForm::Csv, ManifestNames::default(), &columns, Vec::new()).unwrap();
    writer.write(&line).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(text, "x_scene,Aspect Ratio,Prompt,ID,account,seed\n7,9:16,a cat,a,wave,4\n");
}

proptest! {
    #[test]
    fn a_manifest_line_reads_back_to_the_same_request(
        prompt in ".{0,40}",
        label in proptest::option::of("[^\\s].{0,10}"),
        seed in any::<i64>(),
        scale in -1.0e6_f64..1.0e6,
        note in ".{0,10}",
    ) {
        let fields = json!({
            "prompt": prompt, "seed": seed, "scale": scale, "image_urls": ["a", "b"], "extra": {"flag": true},
        });
        let fields = fields.as_object().unwrap().clone();
        let passthrough = BTreeMap::from([("x_note".to_owned(), note)]);
        let line = ManifestLine {
            label: label.as_deref(),
            account: Some("wave"),
            provider: Some("wave"),
            model: Some("m"),
            mode: None,
            priority: None,
            fields: &fields,
            passthrough: &passthrough,
        };
        let row = read_again(ManifestForm::Jsonl, &line, &["prompt", "seed", "scale", "image_urls", "extra.flag"]);
        prop_assert_eq!(&row.fields, &fields);
        prop_assert_eq!(&row.label, &label);
        prop_assert_eq!(&row.passthrough, &passthrough);
    }
}
