//! Local images: who takes them, and what they must be.

use reelq_model::Severity;
use reelq_provider::{ImageFacts, Overlay, Provider, ProviderSettings, open};

use crate::support::{settings, vendor, wave};

fn image(format: &str, bytes: u64, width: u64, height: u64) -> ImageFacts {
    ImageFacts { path: "cat.png".to_owned(), format: format.to_owned(), bytes, width, height }
}

fn severities(provider: &dyn Provider, model: &str, field: &str, image: &ImageFacts) -> Vec<Severity> {
    provider.check_image(model, field, image).into_iter().map(|finding| finding.severity).collect()
}

/// APIXO with data URLs allowed by the user's own file.
fn permissive_apixo() -> std::sync::Arc<dyn Provider> {
    let text = "[models.hailuo-2-3-fast.fields.image_urls.image]\ndata_urls = true\n";
    let overlay = Overlay { path: "apixo.toml".to_owned(), text: text.to_owned() };
    open(&ProviderSettings { catalogue: Some(overlay), ..settings("apixo") }).unwrap()
}

#[test]
fn only_the_minimax_models_take_image_bytes() {
    let picture = image("png", 1_000, 800, 600);
    let wave = wave("2026-06");
    assert!(wave.check_image("minimax-hailuo-2.3", "image_urls", &picture).is_empty());
    for (provider, model, field) in [
        (&wave, "hailuo-2.3", "image_urls"),
        (&wave, "wan2.5-i2v", "first_frame"),
        (&vendor("apixo"), "hailuo-2-3-fast", "image_urls"),
        (&vendor("poyo"), "hailuo-2.3", "start_image_url"),
    ] {
        let findings = provider.check_image(model, field, &picture);
        assert_eq!(findings.len(), 1, "{model}");
        assert_eq!(findings[0].hint.as_deref(), Some("host the image and give its URL"), "{model}");
    }
}

#[test]
fn limits_of_a_local_image_are_strict_and_exact() {
    use Severity::{Error, Warning};
    let apixo = permissive_apixo();
    let cases = [
        (image("png", 1_000, 800, 600), vec![]),
        (image("jpeg", 1_000, 301, 301), vec![]),
        (image("jpeg", 1_000, 300, 300), vec![Error]),
        (image("webp", 1_000, 800, 600), vec![Error]),
        (image("png", 10_000_000, 800, 600), vec![]),
        (image("png", 10_000_001, 800, 600), vec![Warning]),
        (image("png", 20_000_000, 800, 600), vec![Warning]),
        (image("png", 20_000_001, 800, 600), vec![Error]),
        (image("png", 1_000, 1000, 400), vec![Error]),
        (image("png", 1_000, 999, 400), vec![]),
        (image("png", 1_000, 400, 1000), vec![Error]),
        (image("png", 1_000, 400, 999), vec![]),
        (image("gif", 30_000_000, 1000, 200), vec![Error, Error, Error, Error]),
        (image("png", 1_000, u64::MAX, u64::MAX), vec![]),
    ];
    for (picture, expected) in cases {
        assert_eq!(severities(apixo.as_ref(), "hailuo-2-3-fast", "image_urls", &picture), expected, "{picture:?}");
    }
}

#[test]
fn image_formats_of_the_minimax_page_are_enforced() {
    let wave = wave("2026-06");
    for (format, errors) in [("png", 0), ("jpeg", 0), ("webp", 0), ("gif", 1)] {
        let found = wave.check_image("minimax-hailuo-2.3", "image_urls", &image(format, 1, 1, 1));
        assert_eq!(found.len(), errors, "{format}");
    }
}

#[test]
fn messages_say_what_was_found_and_what_must_be() {
    let findings = permissive_apixo().check_image("hailuo-2-3-fast", "input.image_urls", &image("gif", 1, 1000, 200));
    let rules: Vec<_> = findings.into_iter().map(|finding| finding.rule).collect();
    insta::assert_debug_snapshot!(rules);
}
