//! Overlays, and what is said of catalogue files that cannot be used.

use std::fmt::Write as _;

use reelq_provider::{Catalogue, Overlay, Provider, ProviderSettings, open};

use crate::support::{fields, settings, vendor};

fn laid_over(name: &str, text: &str) -> std::sync::Arc<dyn Provider> {
    let overlay = Overlay { path: "mine.toml".to_owned(), text: text.to_owned() };
    open(&ProviderSettings { catalogue: Some(overlay), ..settings(name) }).unwrap()
}

#[test]
fn a_users_prices_win_over_the_vendors() {
    let wave = laid_over(
        "wave",
        r#"
        [[models."minimax-hailuo-2.3".prices]]
        when = { resolution = "768p", duration = 6 }
        usd = "0.25"
        [[models."hailuo-2.3".prices]]
        when = { mode = ["text-to-video", "image-to-video"], resolution = "768p" }
        usd = "0.05"
        per = "second"
        "#,
    );
    let price = |model: &str, row: &str| wave.check(model, None, &fields(row)).price.map(|price| price.to_string());
    assert_eq!(price("minimax-hailuo-2.3", r#"{"prompt":"x","duration":6}"#).as_deref(), Some("0.25"));
    assert_eq!(price("minimax-hailuo-2.3", r#"{"prompt":"x","duration":10}"#).as_deref(), Some("0.5185"));
    assert_eq!(price("hailuo-2.3", r#"{"prompt":"x"}"#).as_deref(), Some("0.30"));
    assert_eq!(price("hailuo-2.3", r#"{"prompt":"x","resolution":"1080p"}"#), None);
}

#[test]
fn a_price_makes_the_capability_say_so() {
    assert!(!vendor("poyo").capability().price_known);
    assert!(laid_over("poyo", "[[models.\"hailuo-2.3\".prices]]\nusd = \"0.2\"\n").capability().price_known);
}

#[test]
fn what_a_mode_fixes_matches_prices() {
    let text =
        "[[models.hailuo-2-3-fast.prices]]\nwhen = { resolution = \"1080p\" }\nusd = \"0.1\"\nper = \"second\"\n";
    let row = fields(r#"{"mode":"pro-image-to-video","prompt":"x","image_urls":["https://a/1.png"]}"#);
    let price = laid_over("apixo", text).check("hailuo-2-3-fast", None, &row).price;
    assert_eq!(price.unwrap().to_string(), "0.60");
}

#[test]
fn a_rule_can_be_softened_and_switched_off() {
    let row = fields(r#"{"prompt":"x","resolution":"1080p","duration":10}"#);
    let findings = |severity: &str| {
        let text = format!("[models.\"hailuo-2.3\".rules.full-hd-is-short]\nseverity = \"{severity}\"\nsay = \"no\"\n");
        laid_over("poyo", &text).check("hailuo-2.3", None, &row).findings
    };
    assert_eq!(findings("warning")[0].severity, reelq_model::Severity::Warning);
    assert!(findings("off").is_empty());
}

#[test]
fn a_new_model_can_be_added() {
    let text = r#"
        [models.hailuo-03]
        about = "ours"
        modes.text-to-video = {}
        fields.prompt = { type = "string", required = true }
        fields.duration = { type = "int", default = 4 }
        prices = [{ usd = "0.01", per = "second" }]
    "#;
    let checked = laid_over("poyo", text).check("hailuo-03", None, &fields(r#"{"prompt":"x"}"#));
    assert_eq!((checked.mode.as_str(), checked.price.unwrap().to_string().as_str()), ("text-to-video", "0.04"));
}

#[test]
fn broken_files_are_refused_with_line_key_and_rule() {
    let model = "[models.m]\nmodes.t = {}\nfields.prompt = { type = \"string\" }\n";
    let cases = [
        ("not toml", "[models".to_owned()),
        ("unknown key", format!("{model}pries = []\n")),
        ("unknown type", "[models.m.fields]\nprompt = { type = \"txt\" }\n".to_owned()),
        ("price as a number", format!("{model}\n[[models.m.prices]]\nusd = 0.25\n")),
        ("price of seven decimals", format!("{model}\n[[models.m.prices]]\nusd = \"0.0000001\"\n")),
        ("negative price", format!("{model}\n[[models.m.prices]]\nusd = \"-1\"\n")),
        ("price per hour", format!("{model}\n[[models.m.prices]]\nusd = \"1\"\nper = \"hour\"\n")),
        ("price by an unknown field", format!("{model}\n[[models.m.prices]]\nwhen = {{ size = 1 }}\nusd = \"1\"\n")),
        (
            "price per second without a duration",
            format!("{model}\n[[models.m.prices]]\nusd = \"1\"\nper = \"second\"\n"),
        ),
        ("no type", "[models.m]\nmodes.t = {}\nfields.prompt = { required = true }\n".to_owned()),
        ("no mode", "[models.m]\nfields.prompt = { type = \"string\" }\n".to_owned()),
        ("mode by an unknown field", format!("{model}modes.i = {{ all = [\"image\"] }}\n")),
        ("rule by an unknown field", format!("{model}rules.r = {{ present = [\"image\"], say = \"no\" }}\n")),
        ("rule without words", format!("{model}rules.r = {{ present = [\"prompt\"] }}\n")),
        ("unknown set", format!("{model}fields_from = [\"nowhere\"]\n")),
        ("unknown failure kind", "[replies]\nfailures = { X = \"odd\" }\n".to_owned()),
    ];
    let mut table = String::new();
    for (what, text) in cases {
        let error = Catalogue::parse(&text, "mine.toml").expect_err(what);
        writeln!(table, "{what}\n    {error}").unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_catalogue_is_serialised_with_prices_as_amounts() {
    let shown = serde_json::to_value(vendor("wave").catalogue()).unwrap();
    assert_eq!(
        shown["models"]["minimax-hailuo-2.3"]["prices"][0]["usd"], 51_850,
        "whoever shows it makes dollars of it"
    );
    assert_eq!(shown["models"]["minimax-hailuo-2.3"]["fields"]["duration"]["type"], "int");
    assert_eq!(shown["camera_tags"].as_object().unwrap().len(), 15);
}
