//! How a workbook looks: headings, widths, numbers, and texts that Excel would not take.

use std::borrow::Cow;

use rust_xlsxwriter::{ColNum, Format, XlsxError};

/// The formats of a workbook.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) heading: Format,
    money: Format,
    seconds: Format,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            heading: Format::new().set_bold(),
            // Every digit that there is, and two of them always.
            money: Format::new().set_num_format("0.00####"),
            seconds: Format::new().set_num_format("0.000"),
        }
    }
}

impl Look {
    /// How the numbers of a column are shown; `None` where that is left to Excel.
    pub(super) fn of(&self, column: &str) -> Option<&Format> {
        match column {
            "cost_usd" => Some(&self.money),
            "run_s" => Some(&self.seconds),
            _ => None,
        }
    }
}

/// The width of a column, in characters.
pub(super) fn width(column: &str) -> f64 {
    match column {
        "row" | "copy" | "polls" => 7.0,
        "prompt" => 60.0,
        "file" | "error_message" | "note" | "params" => 36.0,
        "queued_at" | "submitted_at" | "finished_at" | "stored_at" | "expires_at" => 25.0,
        "job" | "remote_task" | "model" | "source_url" => 22.0,
        _ => 14.0,
    }
}

/// The number of a column, where a sheet has it.
pub(super) fn column(at: usize) -> Result<ColNum, XlsxError> {
    ColNum::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)
}

/// Excel holds at most so many UTF-16 units in a cell.
const LONGEST: usize = 32_767;

/// What stands at the end of a text that was cut.
const CUT: &str = " … [cut: longer than a cell of Excel holds; the CSV and JSONL forms have all of it]";

/// A text as a cell can hold it: a longer one is cut and says so, and what XML has no way to write is replaced.
pub(super) fn fitting(text: &str) -> Cow<'_, str> {
    let text =
        if text.contains(UNWRITABLE) { Cow::Owned(text.replace(UNWRITABLE, "\u{fffd}")) } else { Cow::Borrowed(text) };
    // No text has more units than bytes.
    if text.len() <= LONGEST || text.encode_utf16().count() <= LONGEST {
        return text;
    }
    let room = LONGEST - CUT.encode_utf16().count();
    let mut units = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= room
        })
        .collect();
    Cow::Owned(kept + CUT)
}

const UNWRITABLE: [char; 2] = ['\u{fffe}', '\u{ffff}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_cell_holds_is_cut_between_characters_and_says_so() {
        for (text, is_cut) in
            [("汉".repeat(LONGEST), false), ("🎬".repeat(LONGEST / 2), false), ("🎬".repeat(20_000), true)]
        {
            let fits = fitting(&text);
            assert!(fits.encode_utf16().count() <= LONGEST);
            assert_eq!(fits.ends_with(CUT), is_cut);
            assert_eq!(fits == text, !is_cut);
        }
    }
}
