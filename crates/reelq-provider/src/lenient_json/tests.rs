use proptest::prelude::*;
use serde_json::json;

use super::*;

fn value(body: impl AsRef<[u8]>) -> Value {
    read(body.as_ref()).map_or(Value::Null, |found| found.value)
}

#[test]
fn broken_forms_read_as_what_they_say() {
    let expected = json!({"task_id": "t-1"});
    for body in [
        r#"{"task_id":"t-1"}"#,
        "\u{feff}{\"task_id\":\"t-1\"}",
        ")]}',\n{\"task_id\":\"t-1\"}",
        "<br />\n<b>Notice</b>: x in y.php on line 3<br />{\"task_id\":\"t-1\"}",
        r#"[INFO] done {"task_id":"t-1"} bye"#,
        r#"{"task_id":"t-1"}{"task_id":"t-2"}"#,
        r#"{"task_id":"t-1",}"#,
        r#"{,"task_id":"t-1",,}"#,
        "{'task_id':'t-1'}",
        r#"[{"task_id":"t-1"}]"#,
        r#"[null,{"task_id":"t-1"}]"#,
        r#""{\"task_id\":\"t-1\"}""#,
        r#"{"task_id":"t-1","task_id":null}"#,
        r#"{"task_id":"t-0","task_id":"t-1"}"#,
        "{} {\"task_id\":\"t-1\"}",
        r#"{"task_id":"t-1","progress":4"#,
        r#"{"task_id":"t-1","input"#,
        r#"{"task_id":"t-1" %%%"#,
        "data: {\"task_id\":\"t-1\"}\n\n",
    ] {
        assert_eq!(value(body), expected, "{body}");
    }
}

#[test]
fn utf16_reads_in_both_orders_with_and_without_a_mark() {
    let text = r#"{"task_id":"t-1","say":"猫"}"#;
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [little.clone(), big.clone(), [&[0xFF, 0xFE][..], &little].concat(), [&[0xFE, 0xFF][..], &big].concat()]
    {
        assert_eq!(value(body), json!({"task_id": "t-1", "say": "猫"}));
    }
}

#[test]
fn words_that_are_no_json_say_nothing_and_hide_nothing() {
    let body = r#"{"a":NaN,"b":-Infinity,"c":undefined,"d":True,"e":None,"task_id":"t-1"}"#;
    assert_eq!(value(body), json!({"a": null, "b": null, "c": null, "d": true, "e": null, "task_id": "t-1"}));
}

#[test]
fn letters_that_are_cut_are_replaced_and_the_rest_is_read() {
    for prompt in
        [&br"\ud83d"[..], br"\ude00", br"\ud83dx", br"\ud83d\u0041", br"\u12", b"\xf0\x9f\x98", b"\xff", b"\x01\n"]
    {
        let body = [&br#"{"prompt":"a cat "#[..], prompt, br#"","task_id":"t-1"}"#].concat();
        assert_eq!(value(&body)["task_id"], "t-1", "{}", String::from_utf8_lossy(&body));
    }
    assert_eq!(value(r#"{"a":"\ud83d\ude00"}"#), json!({"a": "😀"}));
}

#[test]
fn whole_numbers_keep_every_digit() {
    let digits = "1".repeat(4_000);
    assert_eq!(value(format!(r#"{{"task_id":{digits}}}"#)), json!({"task_id": digits}));
    assert_eq!(
        value(r#"{"a":18446744073709551615,"b":18446744073709551616}"#),
        json!({"a": u64::MAX, "b": "18446744073709551616"})
    );
    assert_eq!(value(r#"{"a":007,"b":1e999,"c":1.50}"#), json!({"a": "007", "b": "1e999", "c": 1.5}));
}

#[test]
fn what_is_unfinished_counts_as_not_said() {
    for body in
        [r#"{"task_id":"t-1"#, r#"{"task_id":12"#, r#"{"task_id":tru"#, r#"{"task_id":"t-1\"#, r#"{"task_id":"t-1\u00"#]
    {
        assert_eq!(value(body), Value::Null, "{body}");
    }
}

#[test]
fn a_document_that_ends_early_names_what_was_open() {
    let torn = |body: &str| read(body.as_bytes()).unwrap().torn.map(|torn| torn.open);
    let at_end = |body: &str| read(body.as_bytes()).unwrap().torn.map(|torn| torn.at_end);
    assert_eq!(torn(r#"{"a":{"b":[{"c":1"#), Some(vec!["c".to_owned(), "b".to_owned(), "a".to_owned()]));
    assert_eq!(torn(r#"{"b":2,"a":1"#), Some(vec!["a".to_owned()]));
    assert_eq!(torn(r#"{"a":1,"#), Some(Vec::new()));
    assert_eq!(torn(r#"{"a":1}"#), None);
    assert_eq!(at_end(r#"{"a":1,"b":"x"#), Some(true));
    assert_eq!(at_end(r#"{"a":1,"b":"he said "x" y"}"#), Some(false));
}

#[test]
fn members_that_are_encoded_twice_are_opened() {
    assert_eq!(
        value(r#"{"code":200,"data":"{\"task_id\":\"t-1\"}"}"#),
        json!({"code": 200, "data": {"task_id": "t-1"}})
    );
    assert_eq!(value(r#"{"data":[{"task_id":"t-1"}]}"#), json!({"data": {"task_id": "t-1"}}));
    assert_eq!(value(r#"{"data":"t-1"}"#), json!({"data": "t-1"}));
}

#[test]
fn pages_texts_and_scalars_hold_no_document() {
    for body in [
        "",
        "down",
        "42",
        "\"text\"",
        "[]",
        "[1,2]",
        "[{\"a\":1},{\"a\":2}]",
        "{",
        "{{{{",
        "<!DOCTYPE html><script>var x={\"id\":\"1\"}</script>",
        " <html>{\"task_id\":\"t\"}</html>",
    ] {
        assert_eq!(read(body.as_bytes()), None, "{body}");
    }
    assert_eq!(value("{}"), json!({}));
}

#[test]
fn only_json_alone_is_alone() {
    for (body, is_alone) in [
        ("{\"a\":1} x", true),
        ("\u{feff} \n{\"a\":1}", true),
        (")]}'\n{\"a\":1}", true),
        ("Warning: {\"a\":1}", false),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap().is_alone, is_alone, "{body}");
    }
}

#[test]
fn depth_is_bounded_and_what_stands_after_it_is_read() {
    let deep = format!(r#"{{"a":{}"]"{},"task_id":"t-1"}}"#, "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(value(deep)["task_id"], "t-1");
    assert_eq!(read("[".repeat(200_000).as_bytes()), None);
    assert_eq!(read("{\"a\":".repeat(200_000).as_bytes()).map(|found| found.torn.is_some()), Some(true));
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[^drt].*", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    json_values().prop_map(|inner| json!({ "inner": inner }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_valid_document_reads_as_serde_json_reads_it(document in object()) {
        let (plain, pretty) = (document.to_string(), serde_json::to_string_pretty(&document).unwrap());
        let expected: Value = serde_json::from_str(&plain).unwrap();
        for text in [plain, pretty] {
            prop_assert_eq!(read(text.as_bytes()), Some(Document { value: expected.clone(), is_alone: true, torn: None }));
        }
    }

    #[test]
    fn an_id_survives_every_cut_behind_it(rest in object(), kept in any::<prop::sample::Index>()) {
        let rest = rest.to_string();
        let kept = kept.index(rest.len());
        let body = [br#"{"task_id":"t-1","rest":"#, &rest.as_bytes()[..kept]].concat();
        prop_assert_eq!(&value(&body)["task_id"], "t-1");
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&body);
    }

    #[test]
    fn no_broken_json_makes_it_panic(body in r#"[\[\]{}:,"'\\u0-9d83ae.+ -]{0,200}"#) {
        read(body.as_bytes());
    }
}

#[test]
fn a_long_broken_body_is_read_in_one_pass() {
    let pieces = [
        "[", "{", "{\"", "{\"a", "{\"a\":", "[\"", "\"", "\\", "'", "{}", "[1]", "{a}", "[[1]", "data:", "{\"a\":[",
        ",", "\\ud83d",
    ];
    for piece in pieces {
        let body = piece.repeat(300_000 / piece.len());
        // A reader that begins anew at each brace would not come to an end here.
        read(body.as_bytes());
        read(format!("\"{body}").as_bytes());
        read(format!("{{\"data\":\"{body}").as_bytes());
    }
}
