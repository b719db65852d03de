//! The pages' rules, row by row: what is an error, what is a warning, what passes.

use std::fmt::Write as _;

use reelq_model::Severity;
use reelq_provider::{Checked, Provider};

use crate::support::{fields, vendor, wave};

/// A check as lines of text: mode, normal form and price, then the findings.
fn told(checked: &Checked) -> String {
    let price = checked.price.map_or_else(|| "unknown".to_owned(), |price| format!("${price}"));
    let form = serde_json::Value::Object(checked.fields.clone());
    let mut text = format!("    mode {}, price {price}, {form}\n", checked.mode);
    for finding in &checked.findings {
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let field = finding.field.as_deref().unwrap_or("-");
        let value = finding.value.as_deref().map(|value| format!(" = {value}")).unwrap_or_default();
        writeln!(text, "    {severity} {field}{value}: {}", finding.rule).unwrap();
        if let Some(hint) = &finding.hint {
            writeln!(text, "        hint: {hint}").unwrap();
        }
    }
    text
}

fn table(provider: &dyn Provider, rows: &[(&str, Option<&str>, &str)]) -> String {
    let mut text = String::new();
    for (model, mode, row) in rows {
        let named = mode.map(|mode| format!(" [{mode}]")).unwrap_or_default();
        writeln!(text, "{model}{named} {row}").unwrap();
        text.push_str(&told(&provider.check(model, *mode, &fields(row))));
    }
    text
}

#[test]
fn wave_hailuo_page() {
    let rows = [
        ("hailuo-2.3", None, r#"{"prompt":"x"}"#),
        ("hailuo-2.3", None, "{}"),
        ("hailuo-2.3", None, r#"{"prompt":"x","duration":"7"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","resolution":"1080P","duration":"6.0"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","resolution":"4K"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","resolution":"1080p","duration":10}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","image_urls":"https://a/1.png"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","image_urls":["https://a/1.png","https://a/2.png"]}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","last_frame":"https://a/1.png"}"#),
        (
            "hailuo-2.3",
            None,
            r#"{"prompt":"x","extra":{"subject_reference":[{"type":"character","image":["https://a/1.png"]}]}}"#,
        ),
        ("hailuo-2.3", Some("i2v"), r#"{"prompt":"x"}"#),
        ("hailuo-2.3", Some("text-to-video"), r#"{"prompt":"x","image_urls":["https://a/1.png"]}"#),
        ("hailuo-2.3", Some("image-to-vido"), r#"{"prompt":"x"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","resolutoin":"768p"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","seed":1}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","prompt_optimizer":"maybe"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","prompt_optimizer":true,"extra.prompt_optimizer":"no"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","callback_url":"example.com"}"#),
        ("hailuo-2.3-fast", None, r#"{"prompt":"x"}"#),
        (
            "hailuo-2.3-fast",
            None,
            r#"{"prompt":"x","image_urls":["https://a/1.png"],"resolution":"1080p","duration":10}"#,
        ),
        ("hailuo-2.3-fast", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"last_frame":"https://a/1.png"}"#),
        ("hailuo-02", None, r#"{"prompt":"x"}"#),
        ("hailuo-02", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"last_frame":"https://a/2.png"}"#),
        ("hailuo-02", None, r#"{"prompt":"x","last_frame":"https://a/2.png"}"#),
        ("hailuo-02", None, r#"{"prompt":"x","subject_reference":"[]"}"#),
        ("hailuo-02", None, r#"{"prompt":"x","duration":6,"resolution":"512P"}"#),
        ("hailuo-02", None, r#"{"prompt":"x","duration":10,"resolution":"1080p"}"#),
        ("hailuo-02", None, r#"{"prompt":"x","resolution":"480p"}"#),
        ("T2V-01-Director", None, r#"{"prompt":"x"}"#),
        ("T2V-01-Director", None, r#"{"prompt":"x","duration":10}"#),
        (
            "T2V-01-Director",
            None,
            r#"{"prompt":"x","duration":6,"resolution":"720p","image_urls":["https://a/1.png"]}"#,
        ),
        ("T2V-01-Director", None, r#"{"prompt":"x","last_frame":"https://a/1.png","subject_reference":[{}]}"#),
        ("I2V-01-Director", None, r#"{"prompt":"x"}"#),
        ("I2V-01-Director", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":10}"#),
        ("I2V-01-Director", None, r#"{"prompt":"x","last_frame":"https://a/1.png","subject_reference":[{}]}"#),
        ("S2V-01", None, r#"{"prompt":"x","subject_reference":[{"type":"character","image":["https://a/1.png"]}]}"#),
        ("S2V-01", None, r#"{"prompt":"x","duration":10,"last_frame":"https://a/1.png"}"#),
        ("hailuo-2.33", None, r#"{"prompt":"x"}"#),
    ];
    insta::assert_snapshot!(table(wave("2026-06").as_ref(), &rows));
}

#[test]
fn wave_minimax_page() {
    let rows = [
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x"}"#),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":6}"#),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":10}"#),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":6,"resolution":"1080P"}"#),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":10,"resolution":"1080p"}"#),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":6,"action":"image2video"}"#),
        (
            "minimax-hailuo-2.3",
            None,
            r#"{"prompt":"x","duration":6,"action":"generate","image_urls":["https://a/1.png"]}"#,
        ),
        (
            "minimax-hailuo-2.3",
            None,
            r#"{"prompt":"x","duration":6,"image_urls":["https://a/1.png","https://a/2.png"]}"#,
        ),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":6,"aspect_ratio":"4:3"}"#),
        (
            "minimax-hailuo-2.3",
            None,
            r#"{"prompt":"x","duration":6,"watermark":"yes","prompt_optimizer":"false","fast_pretreatment":"TRUE"}"#,
        ),
        (
            "minimax-hailuo-2.3",
            None,
            r#"{"prompt":"x","duration":6,"callback_url":"https://a/cb","callback_events":"succeeded|failed"}"#,
        ),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":6,"camera_movement_tags":"推进|[变焦推近]"}"#),
        (
            "minimax-hailuo-2.3",
            None,
            r#"{"prompt":"x","duration":6,"camera_movement_tags":["推近","dolly-in","pan left"]}"#,
        ),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"[推进] a street, [变焦推近] raindrops, [左移,上升]","duration":6}"#),
        (
            "minimax-hailuo-2.3",
            None,
            r#"{"prompt":"[推近] a, [dolly in] b, [zoom slowly] c, [REDACTED] d, [shakes] e, [1] f, [pan left] g","duration":6}"#,
        ),
        ("minimax-hailuo-2.3", None, r#"{"prompt":"x","duration":6,"extra":{"unknown":1}}"#),
        ("minimax-hailuo-2.3-fast", None, r#"{"prompt":"x","duration":6,"image_urls":["https://a/1.png"]}"#),
        ("minimax-hailuo-2.3-fast", None, r#"{"prompt":"x","duration":6,"resolution":"1080p"}"#),
        ("minimax-hailuo-2.3-fast", None, r#"{"prompt":"x","duration":10,"resolution":"1080p"}"#),
        ("minimax-hailuo-2.3-fast", None, r#"{"prompt":"x","duration":10,"image_urls":["https://a/1.png"]}"#),
    ];
    insta::assert_snapshot!(table(wave("2026-06").as_ref(), &rows));
}

#[test]
fn wave_wan_page() {
    let rows = [
        ("wan2.5-t2v", None, r#"{"prompt":"x"}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","duration":7,"aspect_ratio":"4:3","resolution":"720P"}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","resolution":"4k"}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","seed":"2147483647"}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","seed":2147483648}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","seed":-1}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"first_frame":"https://a/1.png"}"#),
        ("wan2.5-t2v", None, r#"{"prompt":"x","extra":{"prompt_extend":false,"audio":"true"}}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x"}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x","image_urls":["https://a/1.png"]}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x","first_frame":"https://a/1.png","last_frame":"https://a/2.png"}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x","first_frame":"https://a/1.png"}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x","last_frame":"https://a/1.png"}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"first_frame":"https://a/1.png"}"#),
        ("wan2.5-i2v", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"last_frame":"https://a/1.png"}"#),
        (
            "wan2.5-i2v",
            None,
            r#"{"prompt":"x","image_urls":["https://a/1.png"],"aspect_ratio":"16:9","extra":{"audio_url":"https://a/1.mp3","template":"t"}}"#,
        ),
        ("wan2.2-i2v-flash", None, r#"{"prompt":"x"}"#),
        ("wan2.2-i2v-flash", None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"extra":{"prompt_extend":true}}"#),
        (
            "wan2.2-i2v-plus",
            None,
            r#"{"prompt":"x","image_urls":["https://a/1.png"],"first_frame":"https://a/1.png","last_frame":"https://a/1.png"}"#,
        ),
    ];
    insta::assert_snapshot!(table(wave("2026-06").as_ref(), &rows));
}

#[test]
fn apixo_hailuo_page() {
    let model = "hailuo-2-3-fast";
    let rows = [
        (
            model,
            None,
            r#"{"mode":"standard-image-to-video","prompt":"x","image_urls":"https://a/1.png","duration":"6"}"#,
        ),
        (model, Some("pro"), r#"{"prompt":"x","image_urls":["https://a/1.png"]}"#),
        (model, Some("pro"), r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":10}"#),
        (model, Some("standard"), r#"{"prompt":"x","image_urls":["https://a/1.png"]}"#),
        (model, Some("standard"), r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":5}"#),
        (model, Some("standard"), r#"{"prompt":"x","duration":6}"#),
        (model, Some("standard"), r#"{"image_urls":["https://a/1.png"],"duration":6}"#),
        (model, Some("standard"), r#"{"prompt":"x","image_urls":["https://a/1.png","https://a/2.png"],"duration":6}"#),
        (model, Some("standard-text-to-video"), r#"{"prompt":"x","duration":6}"#),
        (model, None, r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":6}"#),
        (
            model,
            Some("pro"),
            r#"{"mode":"standard-image-to-video","prompt":"x","image_urls":["https://a/1.png"],"duration":6}"#,
        ),
        (
            model,
            Some("standard"),
            r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":6,"resolution":"768p"}"#,
        ),
        (
            model,
            Some("standard"),
            r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":6,"request_type":"callback"}"#,
        ),
        (
            model,
            Some("standard"),
            r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":6,"callback_url":"https://a/cb"}"#,
        ),
        (model, Some("standard"), r#"{"prompt":"x","image_urls":["https://a/1.png"],"duration":6,"provider":"cheap"}"#),
        (model, Some("standard"), r#"{"prompt":"x","image_urls":["cat.png"],"duration":6}"#),
        (model, None, r#"{"input":{"mode":"PRO-image-to-video","prompt":"x","image_urls":["https://a/1.png"]}}"#),
    ];
    insta::assert_snapshot!(table(vendor("apixo").as_ref(), &rows));
}

#[test]
fn poyo_hailuo_page() {
    let rows = [
        ("hailuo-2.3", None, r#"{"prompt":"x"}"#),
        ("hailuo-2.3", None, "{}"),
        ("hailuo-2.3", None, r#"{"prompt":"x","start_image_url":"https://a/1.png"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","start_image_url":"data:image/png;base64,AAAA"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","end_image_url":"https://a/1.png"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","resolution":"1080p"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","resolution":"1080p","duration":"10"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","duration":8}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","prompt_optimizer":"on","callback_url":"https://a/cb"}"#),
        ("hailuo-2.3", None, r#"{"prompt":"x","callback_url":"mailto:x@example.com"}"#),
    ];
    insta::assert_snapshot!(table(vendor("poyo").as_ref(), &rows));
}

#[test]
fn prompts_are_counted_in_unicode_scalar_values() {
    let provider = wave("2026-06");
    for (chars, model, severity) in [
        (2000, "minimax-hailuo-2.3", None),
        (2001, "minimax-hailuo-2.3", Some(Severity::Error)),
        (2000, "hailuo-2.3", None),
        (2001, "hailuo-2.3", Some(Severity::Warning)),
        (1500, "wan2.5-t2v", None),
        (1501, "wan2.5-t2v", Some(Severity::Warning)),
    ] {
        let row =
            serde_json::json!({"prompt": "猫".repeat(chars), "duration": if model.starts_with("wan") { 5 } else { 6 }});
        let checked = provider.check(model, None, &fields(&row.to_string()));
        assert_eq!(checked.findings.first().map(|finding| finding.severity), severity, "{model} {chars}");
    }
    for (chars, errors) in [(500, 0), (501, 1)] {
        let row = serde_json::json!({"prompt": "x", "negative_prompt": "é".repeat(chars)});
        assert_eq!(provider.check("wan2.5-t2v", None, &fields(&row.to_string())).findings.len(), errors, "{chars}");
    }
}

#[test]
fn two_spellings_of_one_request_have_one_normal_form() {
    let provider = wave("2026-04");
    let forms = [
        r#"{"prompt":"x","duration":6,"prompt_optimizer":false}"#,
        r#"{"extra":{"prompt_optimizer":"no"},"duration":"6","prompt":"x"}"#,
        r#"{"extra.prompt_optimizer":false,"Duration":"6.0","prompt":"x","resolution":""}"#,
    ];
    let forms: Vec<String> = forms
        .iter()
        .map(|row| provider.check("hailuo-2.3", None, &fields(row)))
        .map(|checked| serde_json::to_string(&checked.fields).unwrap())
        .collect();
    assert!(forms.iter().all(|form| *form == forms[0]), "{forms:#?}");
}

#[test]
fn defaults_match_rules_and_prices_but_are_never_filled_in() {
    let checked = wave("2026-06").check("minimax-hailuo-2.3", None, &fields(r#"{"prompt":"x","duration":10}"#));
    assert_eq!(checked.price.unwrap().to_string(), "0.5185");
    assert_eq!(checked.fields.keys().collect::<Vec<_>>(), ["prompt", "duration"]);
}
