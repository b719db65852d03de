//! What the simulated vendors charge.
//!
//! The rows for `minimax-hailuo-*` are the vendor's own (docs.qingbo.dev, 2026-06); the others are the simulator's.

use reelq_model::Money;

use crate::Vendor;

/// One row of the simulator's price list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimPrice {
    /// Who charges it.
    pub provider: Vendor,
    /// The model.
    pub model: &'static str,
    /// The fields that the row is for, vendor defaults filled in; `mode` among them where it is a field.
    pub when: &'static [(&'static str, &'static str)],
    /// The price.
    pub usd: Money,
    /// Whether the price is for a second of video (the field `duration`) rather than for a clip.
    pub per_second: bool,
}

const STANDARD: &str = "standard-image-to-video";
const PRO: &str = "pro-image-to-video";

const fn clip(
    vendor: Vendor,
    model: &'static str,
    when: &'static [(&'static str, &'static str)],
    micros: i64,
) -> SimPrice {
    SimPrice { provider: vendor, model, when, usd: Money::from_micros(micros), per_second: false }
}

const fn second(model: &'static str, when: &'static [(&'static str, &'static str)], micros: i64) -> SimPrice {
    SimPrice { provider: Vendor::Wave, model, when, usd: Money::from_micros(micros), per_second: true }
}

/// For a request without a resolution, where the vendor names no default: what 720p costs.
const ANY: &[(&str, &str)] = &[];
const P480: &[(&str, &str)] = &[("resolution", "480p")];
const P512: &[(&str, &str)] = &[("resolution", "512p")];
const P720: &[(&str, &str)] = &[("resolution", "720p")];
const P768: &[(&str, &str)] = &[("resolution", "768p")];
const P1080: &[(&str, &str)] = &[("resolution", "1080p")];

const PRICES: &[SimPrice] = &[
    second("minimax-hailuo-2.3", P768, 51_850),
    second("minimax-hailuo-2.3", P1080, 76_500),
    second("minimax-hailuo-2.3-fast", P768, 26_350),
    second("minimax-hailuo-2.3-fast", P1080, 45_050),
    second("hailuo-2.3", P768, 50_000),
    second("hailuo-2.3", P1080, 80_000),
    second("hailuo-2.3-fast", P768, 30_000),
    second("hailuo-2.3-fast", P1080, 50_000),
    second("hailuo-02", P512, 36_000),
    second("hailuo-02", P768, 48_000),
    second("hailuo-02", P1080, 78_000),
    second("T2V-01-Director", P720, 70_000),
    second("T2V-01-Director", P768, 72_000),
    second("T2V-01-Director", P1080, 90_000),
    second("I2V-01-Director", P720, 70_000),
    second("I2V-01-Director", P768, 72_000),
    second("I2V-01-Director", P1080, 90_000),
    second("S2V-01", P720, 110_000),
    second("S2V-01", P768, 112_000),
    second("S2V-01", P1080, 130_000),
    second("wan2.5-t2v", P480, 40_000),
    second("wan2.5-t2v", P720, 80_000),
    second("wan2.5-t2v", P1080, 120_000),
    second("wan2.5-t2v", ANY, 80_000),
    second("wan2.5-i2v", P480, 40_000),
    second("wan2.5-i2v", P720, 80_000),
    second("wan2.5-i2v", P1080, 120_000),
    second("wan2.5-i2v", ANY, 80_000),
    second("wan2.2-i2v-flash", P480, 10_000),
    second("wan2.2-i2v-flash", P720, 20_000),
    second("wan2.2-i2v-flash", P1080, 40_000),
    second("wan2.2-i2v-flash", ANY, 20_000),
    second("wan2.2-i2v-plus", P480, 20_000),
    second("wan2.2-i2v-plus", P720, 40_000),
    second("wan2.2-i2v-plus", P1080, 100_000),
    second("wan2.2-i2v-plus", ANY, 40_000),
    clip(Vendor::Apixo, "hailuo-2-3-fast", &[("mode", STANDARD), ("duration", "6")], 190_000),
    clip(Vendor::Apixo, "hailuo-2-3-fast", &[("mode", STANDARD), ("duration", "10")], 320_000),
    clip(Vendor::Apixo, "hailuo-2-3-fast", &[("mode", PRO)], 330_000),
    clip(Vendor::Poyo, "hailuo-2.3", &[("resolution", "768p"), ("duration", "6")], 175_000),
    clip(Vendor::Poyo, "hailuo-2.3", &[("resolution", "768p"), ("duration", "10")], 350_000),
    clip(Vendor::Poyo, "hailuo-2.3", &[("resolution", "1080p"), ("duration", "6")], 300_000),
];

/// The whole price list, for a catalogue that is to agree with the simulator; the first row that matches holds.
pub fn prices() -> Vec<SimPrice> {
    PRICES.to_vec()
}

/// What one clip costs, where the list has a row for it.
pub(crate) fn price(vendor: Vendor, model: &str, fields: &[(&str, &str)], seconds: i64) -> Option<Money> {
    let row = PRICES.iter().find(|row| {
        row.provider == vendor && row.model == model && row.when.iter().all(|condition| fields.contains(condition))
    })?;
    Some(row.usd.times(if row.per_second { seconds } else { 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_price_rows_give_its_clip_prices() {
        let usd = |model, resolution, seconds| {
            price(Vendor::Wave, model, &[("resolution", resolution)], seconds).unwrap().to_string()
        };
        assert_eq!(usd("minimax-hailuo-2.3", "768p", 6), "0.3111");
        assert_eq!(usd("minimax-hailuo-2.3", "768p", 10), "0.5185");
        assert_eq!(usd("minimax-hailuo-2.3", "1080p", 6), "0.459");
        assert_eq!(usd("minimax-hailuo-2.3-fast", "768p", 6), "0.1581");
        assert_eq!(usd("minimax-hailuo-2.3-fast", "1080p", 6), "0.2703");
    }

    #[test]
    fn every_price_is_a_whole_number_of_quota() {
        assert!(prices().iter().all(|row| row.usd.micros() % 2 == 0));
    }
}
