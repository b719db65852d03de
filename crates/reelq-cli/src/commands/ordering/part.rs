//! Which rows are bought now.

use std::ops::RangeInclusive;

use reelq_producer::Part;

/// What the help calls these flags.
const HEADING: &str = "Which rows are bought now; the others are held";

/// Which rows are bought now. The others are loaded too, and held until `reelq continue BATCH --all`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PartArgs {
    /// Only the first N rows
    #[arg(long, help_heading = HEADING, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only these rows, by their numbers: 4, 1-20, or several with commas (may be repeated)
    #[arg(long = "rows", help_heading = HEADING, value_name = "A-B", value_parser = range, value_delimiter = ',')]
    rows: Vec<RangeInclusive<u64>>,
    /// Only this row: by its own id, its number, its copy (4.2), or the first letters of its job (may be repeated)
    #[arg(long, help_heading = HEADING, value_name = "ID")]
    only: Vec<String>,
    /// Only N jobs, drawn by chance: the same ones each time
    #[arg(long, help_heading = HEADING, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Buy the first N rows, show what became of them, and ask before the others are bought; where no one can be asked, end with 5
    #[arg(long, help_heading = HEADING, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "limit")]
    canary: Option<u64>,
}

fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let say = || "rows count from 1: write 4, or 1-20".to_owned();
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|row| *row > 0).ok_or_else(say);
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    if from > to {
        return Err(format!("the first row comes before the last: write {to}-{from}"));
    }
    Ok(from..=to)
}

impl PartArgs {
    /// What they say.
    pub(crate) fn part(&self) -> Part {
        let limit = self.limit.or(self.canary);
        Part { limit, rows: self.rows.clone(), only: self.only.clone(), sample: self.sample }
    }

    /// Whether the rest is asked about once these rows have ended.
    pub(crate) const fn is_canary(&self) -> bool {
        self.canary.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_as_people_name_them() {
        assert_eq!((range("4"), range("1-20")), (Ok(4..=4), Ok(1..=20)));
        for wrong in ["0", "a", "20-1", "1-", "-3", ""] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
