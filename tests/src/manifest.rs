//! Manifests for tests: as many rows as the real evaluation set, spread over the three providers.

use std::path::Path;

const SUBJECTS: [&str; 11] =
    ["stop sign", "toilet", "laptop", "alley", "lighthouse", "cat", "bicycle", "violin", "harbour", "raven", "kite"];
const SCENES: [&str; 7] =
    ["in a still frame", "frozen in time", "at dawn", "in heavy rain", "seen from above", "in slow motion", "at night"];

/// Rows for a manifest.
#[derive(Debug, Clone, Copy)]
pub struct Prompts {
    /// How many rows.
    pub rows: usize,
    /// Copies of each.
    pub copies: u32,
}

impl Prompts {
    /// The prompt of row `row` (from 0). Every 50th row repeats the one before it: evaluation sets hold identical prompts.
    pub fn prompt(row: usize) -> String {
        let row = if row % 50 == 49 { row - 3 } else { row };
        let (subject, scene) = (SUBJECTS[row % SUBJECTS.len()], SCENES[row / SUBJECTS.len() % SCENES.len()]);
        format!("{subject} {scene}, \"take {row}\"")
    }
}

/// Writes a CSV manifest whose rows go to the accounts in turn.
pub fn write_csv(path: &Path, prompts: Prompts, accounts: &[(&str, &str)]) {
    let mut file = csv::Writer::from_path(path).expect("the sandbox is writable");
    file.write_record(["id", "account", "model", "mode", "prompt", "image_urls", "duration", "copies", "x_dimension"])
        .expect("a record can be written");
    for row in 0..prompts.rows {
        let (account, provider) = accounts[row % accounts.len()];
        let (model, mode, image) = match provider {
            "apixo" => ("hailuo-2-3-fast", "standard-image-to-video", "https://images.example.com/first.png"),
            "poyo" => ("hailuo-2.3", "", ""),
            _ => ("minimax-hailuo-2.3", "", ""),
        };
        let id = format!("vb{:04}", row + 1);
        let copies = prompts.copies.to_string();
        let prompt = Prompts::prompt(row);
        file.write_record([&id, account, model, mode, &prompt, image, "6", &copies, "color"])
            .expect("a record can be written");
    }
    file.flush().expect("the sandbox is writable");
}
