//! What the simulated vendors charge, written as the catalogue overlay of a user who knows it.
//!
//! Two of the vendors tell no prices: without an overlay no cost could be compared with the ledger.

use std::fmt::Write as _;

use reelq_sim::{SimPrice, prices};

/// The overlay for one provider.
pub(crate) fn overlay(provider: &str) -> String {
    let mut text = String::new();
    for price in prices().iter().filter(|price| price.provider.as_str() == provider) {
        let SimPrice { model, usd, .. } = price;
        let per = if price.per_second { "second" } else { "task" };
        let when: Vec<_> = price.when.iter().map(|(field, value)| format!("{field} = {}", literal(value))).collect();
        writeln!(
            text,
            "[[models.\"{model}\".prices]]\nwhen = {{ {} }}\nusd = \"{usd}\"\nper = \"{per}\"",
            when.join(", ")
        )
        .expect("text can be written to");
    }
    text
}

fn literal(value: &str) -> String {
    if value.parse::<i64>().is_ok() { value.to_owned() } else { format!("\"{value}\"") }
}
