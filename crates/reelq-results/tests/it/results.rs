//! Result manifests keep their columns and their texts.

use std::{collections::BTreeMap, path::Path, time::Duration};

use proptest::prelude::*;
use reelq_manifest::{Format, Manifest, Vocabulary};
use reelq_model::{Digest, FailureKind, Money, Status, Timestamp};
use reelq_results::{COLUMNS, ManifestLine, ResultFormat, ResultReader, ResultRecord, ResultWriter, manifest_line};
use serde_json::json;

fn record() -> ResultRecord {
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
        let line = manifest_line(&ManifestLine {
            label: label.as_deref(),
            account: Some("wave"),
            provider: Some("wave"),
            model: Some("m"),
            mode: None,
            fields: &fields,
            passthrough: &passthrough,
        });
        let names = ["prompt", "seed", "scale", "image_urls", "extra.flag"];
        let vocabulary = Vocabulary { fields: names.map(str::to_owned).to_vec() };
        let manifest = Manifest::from_bytes(Path::new("x"), Format::Jsonl, line.as_bytes(), &vocabulary).unwrap();
        let rows: Vec<_> = manifest.rows().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(rows.len(), 1);
        prop_assert_eq!(&rows[0].fields, &fields);
        prop_assert_eq!(&rows[0].label, &label);
        prop_assert_eq!(&rows[0].passthrough, &passthrough);
    }
}
