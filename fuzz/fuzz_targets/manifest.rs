//! Reads bytes as a manifest, twice, and draws every problem.

use std::path::Path;

use reelq_manifest::{Format, Manifest, Problems, Vocabulary};

/// Two passes over the same bytes must bring the same number of rows and problems.
pub fn read(format: Format, bytes: &[u8]) {
    let fields = ["prompt", "duration", "image_urls", "extra.prompt_optimizer", "extra.subject_reference"];
    let vocabulary = Vocabulary { fields: fields.map(str::to_owned).to_vec() };
    let manifest = match Manifest::from_bytes(Path::new("fuzz"), format, bytes, &vocabulary) {
        Ok(manifest) => manifest,
        Err(problems) => {
            assert!(problems.is_fatal());
            problems.render(false, 80);
            return;
        }
    };
    let (mut rows, mut problems) = (0_usize, Problems::default());
    for item in manifest.rows().take(10_000) {
        match item {
            Ok(_) => rows += 1,
            Err(problem) => problems.push(problem),
        }
    }
    assert_eq!(manifest.rows().take(10_000).filter(Result::is_ok).count(), rows);
    problems.render(true, 80);
}
