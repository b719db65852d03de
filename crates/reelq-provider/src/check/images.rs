//! Checks image fields and the local images that they name.

use reelq_model::{Finding, ImageRef};
use serde_json::Value;

use super::row::RowCheck;
use crate::{
    ImageFacts,
    catalogue::{Field, FieldKind, ImageRules, Model},
};

/// Whether `text` is an http(s) address with a host.
pub(super) fn is_address(text: &str) -> bool {
    let Ok(address) = url::Url::parse(text) else { return false };
    matches!(address.scheme(), "http" | "https") && address.host_str().is_some_and(|host| !host.is_empty())
}

/// Checks the references in an image field's value.
pub(super) fn check_references(row: &mut RowCheck<'_>, name: &str, field: &Field, value: &Value) {
    let texts: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    if field.kind() == FieldKind::Images && texts.is_empty() {
        row.error(name, format!("`{name}` must name an image"), None);
    }
    for text in texts {
        check_reference(row, name, field, text);
    }
}

fn check_reference(row: &mut RowCheck<'_>, name: &str, field: &Field, text: &str) {
    let is_bytes = text.starts_with("data:image/") || matches!(text.parse(), Ok(ImageRef::Blob { .. }));
    if is_bytes && !field.takes_image_bytes() {
        let rule = no_bytes(row.name, name);
        row.error(name, rule, Some(HOST_IT));
    } else if !is_bytes && text.contains("://") && text.trim().contains(char::is_whitespace) {
        let rule = format!("`{name}` must be an http(s) address, and an address holds no blank");
        row.error(name, rule, Some("write `%20` for each blank; several addresses are separated by `|`"));
    } else if !is_bytes && !is_address(text) {
        row.error(name, format!("`{name}` must be an http(s) address or a local image file"), None);
    }
}

const HOST_IT: &str = "host the image and give its URL";

fn no_bytes(model: &str, field: &str) -> String {
    format!("`{field}` of `{model}` takes addresses only, not image bytes")
}

/// Checks a local image for `field` of `model`.
///
/// The field may be named as it stands in one of the `containers` (`input.image_urls`).
pub(crate) fn check_image(
    model_name: &str,
    model: &Model,
    name: &str,
    image: &ImageFacts,
    containers: &[String],
) -> Vec<Finding> {
    let nested = name.split_once('.').filter(|(head, _)| containers.iter().any(|container| container == head));
    let plain = nested.map_or(name, |(_, member)| member);
    let Some(field) = model.fields.get(plain).filter(|field| field.kind().is_image()) else {
        let rule = format!("`{name}` is not an image field of `{model_name}`");
        return vec![Finding::error(name, Some(image.path.clone()), rule)];
    };
    let mut findings = Vec::new();
    if !field.takes_image_bytes() {
        let rule = no_bytes(model_name, name);
        findings.push(Finding::error(name, Some(image.path.clone()), rule).with_hint(HOST_IT));
    }
    let errors = field.image.iter().flat_map(|rules| broken(rules, image));
    findings.extend(errors.map(|rule| Finding::error(name, Some(image.path.clone()), rule)));
    if findings.is_empty() {
        findings.extend(field.image_advice.iter().flat_map(|rules| advised(rules, name, image)));
    }
    findings
}

fn advised(rules: &ImageRules, name: &str, image: &ImageFacts) -> Vec<Finding> {
    let warning = |rule| {
        let mut finding = Finding::warning(name, Some(image.path.clone()), rule);
        finding.hint.clone_from(&rules.say);
        finding
    };
    broken(rules, image).into_iter().map(warning).collect()
}

fn broken(rules: &ImageRules, image: &ImageFacts) -> Vec<String> {
    [format_broken(rules, image), size_broken(rules, image), aspect_broken(rules, image), side_broken(rules, image)]
        .into_iter()
        .flatten()
        .collect()
}

fn format_broken(rules: &ImageRules, image: &ImageFacts) -> Option<String> {
    let allowed =
        rules.formats.is_empty() || rules.formats.iter().any(|known| known.eq_ignore_ascii_case(&image.format));
    let formats = rules.formats.join(", ").to_uppercase();
    (!allowed).then(|| format!("the image is {}, and must be {formats}", image.format.to_uppercase()))
}

fn size_broken(rules: &ImageRules, image: &ImageFacts) -> Option<String> {
    let max = rules.max_bytes.filter(|max| image.bytes > *max)?;
    Some(format!("the image has {} bytes, and must have at most {max}", image.bytes))
}

/// Compares ratios as whole numbers: `width * b > height * a` for a ratio over `a:b`.
fn aspect_broken(rules: &ImageRules, image: &ImageFacts) -> Option<String> {
    let cross = |[a, b]: [u64; 2]| (u128::from(image.width) * u128::from(b), u128::from(image.height) * u128::from(a));
    let over = rules.aspect_over.is_none_or(|ratio| matches!(cross(ratio), (wide, high) if wide > high));
    let under = rules.aspect_under.is_none_or(|ratio| matches!(cross(ratio), (wide, high) if wide < high));
    let bound = |word: &str, ratio: Option<[u64; 2]>| ratio.map(|[a, b]| format!("{word} than {a}:{b}"));
    let bounds: Vec<String> =
        [bound("wider", rules.aspect_over), bound("narrower", rules.aspect_under)].into_iter().flatten().collect();
    let size = format!("{}x{}", image.width, image.height);
    (!over || !under).then(|| format!("the image is {size}, and must be {}", bounds.join(" and ")))
}

fn side_broken(rules: &ImageRules, image: &ImageFacts) -> Option<String> {
    let short = image.width.min(image.height);
    let over = rules.short_side_over.filter(|over| short <= *over)?;
    Some(format!("the short side of the image is {short} pixels, and must be more than {over}"))
}
