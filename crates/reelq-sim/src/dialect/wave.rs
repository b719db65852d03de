//! Reads Wave's submissions, in the style of 2026-04 (`extra`) and of 2026-06 (parameters at the root).

use reelq_model::Money;

use super::fields::{RequestFields, readable_image};
use crate::{
    Vendor,
    order::{SimOrder, SimRefusal},
    price::price,
};

const PARAMETERS: &[&str] = &[
    "model",
    "action",
    "prompt",
    "duration",
    "resolution",
    "aspect_ratio",
    "image_urls",
    "first_frame",
    "last_frame",
    "seed",
    "watermark",
    "negative_prompt",
    "prompt_optimizer",
    "prompt_extend",
    "audio",
    "audio_url",
    "template",
    "fast_pretreatment",
    "camera_movement_tags",
    "subject_reference",
    "callback_url",
    "callback_events",
    "extra",
];

const FLAGS: &[&str] = &["watermark", "prompt_optimizer", "prompt_extend", "audio", "fast_pretreatment"];

/// What a family of models takes.
struct Family {
    durations: &'static [i64],
    resolutions: &'static [&'static str],
    resolution: &'static str,
    prompt_characters: usize,
    /// Whether its highest resolution is for short clips only.
    short_when_high: bool,
}

const HAILUO: Family = Family {
    durations: &[6, 10],
    resolutions: &["768p", "1080p"],
    resolution: "768p",
    prompt_characters: usize::MAX,
    short_when_high: false,
};
const MINIMAX: Family = Family { prompt_characters: 2000, short_when_high: true, ..HAILUO };
const SIX_SECONDS: Family = Family { durations: &[6], resolutions: &["720p", "768p", "1080p"], ..HAILUO };
const WAN: Family =
    Family { durations: &[5, 6, 8, 10, 15], resolutions: &["480p", "720p", "1080p"], resolution: "720p", ..HAILUO };

fn family(model: &str) -> Option<Family> {
    Some(match model {
        "hailuo-2.3" | "hailuo-2.3-fast" => HAILUO,
        "hailuo-02" => Family { resolutions: &["512p", "768p", "1080p"], ..HAILUO },
        "minimax-hailuo-2.3" | "minimax-hailuo-2.3-fast" => MINIMAX,
        "T2V-01-Director" => SIX_SECONDS,
        "I2V-01-Director" | "S2V-01" => Family { resolution: "720p", ..SIX_SECONDS },
        "wan2.5-t2v" | "wan2.5-i2v" | "wan2.2-i2v-flash" | "wan2.2-i2v-plus" => WAN,
        _ => return None,
    })
}

pub(super) fn order(fields: &RequestFields<'_>) -> Result<SimOrder, SimRefusal> {
    let model = fields.required("model")?;
    let Some(family) = family(model) else {
        let message = format!("model `{model}` does not exist");
        return Err(SimRefusal::Invalid { code: "model_not_found", message, param: Some("model".to_owned()) });
    };
    fields.only(PARAMETERS)?;
    fields.flags(FLAGS)?;
    if let Some(extra) = fields.object("extra")? {
        extra.flags(FLAGS)?;
    }
    let prompt = fields.required("prompt")?;
    fields.within("prompt", family.prompt_characters)?;
    fields.within("negative_prompt", 500)?;
    if fields.integer("seed")?.is_some_and(|seed| !(0..=2_147_483_647).contains(&seed)) {
        return fields.refuse("seed", "must be from 0 to 2147483647");
    }
    fields.texts("camera_movement_tags")?;
    fields.texts("callback_events")?;
    let amount = amount(model, &family, fields)?;
    let (action, bad_image) = media(model, fields)?;
    Ok(SimOrder {
        model: model.to_owned(),
        mode: action.to_owned(),
        prompt: prompt.to_owned(),
        amount,
        callback: fields.text("callback_url")?.map(str::to_owned),
        bad_image,
    })
}

fn amount(model: &str, family: &Family, fields: &RequestFields<'_>) -> Result<Money, SimRefusal> {
    let default_seconds = family.durations.first().copied().unwrap_or(6);
    let seconds = fields.integer_of("duration", family.durations, default_seconds)?;
    let resolution = fields.word_of("resolution", family.resolutions, family.resolution)?;
    if family.short_when_high && resolution == "1080p" && seconds > 6 {
        return fields.refuse("duration", "must be 6 with resolution 1080p");
    }
    price(Vendor::Wave, model, &[("resolution", resolution)], seconds).ok_or(SimRefusal::Invalid {
        code: "price_not_configured",
        message: format!("no price for {model} at {resolution}"),
        param: None,
    })
}

/// Checks the fields that hold images, and says which action they mean.
fn media<'a>(model: &str, fields: &RequestFields<'a>) -> Result<(&'a str, bool), SimRefusal> {
    let images = fields.texts("image_urls")?;
    let (first, last) = (fields.text("first_frame")?, fields.text("last_frame")?);
    let action = fields.text("action")?.unwrap_or(if images.is_empty() { "generate" } else { "image2video" });
    if action == "image2video" && images.is_empty() {
        return fields.refuse("image_urls", "is required with action image2video");
    }
    match model {
        "wan2.5-t2v" if !images.is_empty() || first.is_some() || last.is_some() => {
            return fields.refuse("image_urls", "is not taken by this text-to-video model");
        }
        "wan2.5-i2v" if images.is_empty() && (first.is_none() || last.is_none()) => {
            return fields.refuse("image_urls", "or both first_frame and last_frame are required");
        }
        "wan2.2-i2v-flash" | "wan2.2-i2v-plus" if images.is_empty() => {
            return fields.refuse("image_urls", "is required");
        }
        "hailuo-02" if last.is_some() && images.is_empty() => {
            return fields.refuse("last_frame", "requires image_urls");
        }
        _ => {}
    }
    if fields.has("last_frame") && !matches!(model, "hailuo-02" | "wan2.5-i2v") {
        return fields.refuse("last_frame", "is not taken by this model");
    }
    let bad_image = images.into_iter().chain(first).chain(last).any(|image| !readable_image(image));
    Ok((action, bad_image))
}
