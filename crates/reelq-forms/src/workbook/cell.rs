//! One cell: what it says, and what it is called.

use calamine::{Data, DataRef, ExcelDateTime};

/// What the formulas of spreadsheets leave where they fail.
const ERRORS: [&str; 9] = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DATA!", "#SPILL!"];

/// Whether a cell holds the error of a formula.
pub fn is_cell_error(text: &str) -> bool {
    ERRORS.contains(&text)
}

/// What a spreadsheet calls a cell: `B4`. `row` and `column` count from 1.
pub fn cell_name(row: u64, column: usize) -> String {
    let (mut letters, mut rest) = (Vec::new(), column);
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{row}")
}

/// A value as a person would type it: a whole number has no `.0`, a date is written as ISO 8601 has it.
pub(super) fn text(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(flag) => flag.to_string(),
        Data::DateTime(time) => date(time),
        Data::Error(error) => error.to_string(),
    }
}

pub(super) fn text_ref(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(time) => date(time),
        DataRef::Error(error) => error.to_string(),
    }
}

fn date(time: &ExcelDateTime) -> String {
    if time.is_duration() {
        return time.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    if time.as_f64() < 1.0 {
        return clock;
    }
    let day = format!("{year:04}-{month:02}-{day:02}");
    if clock == "00:00:00" { day } else { format!("{day}T{clock}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_spreadsheets_name_them() {
        for (column, name) in [(1, "A7"), (26, "Z7"), (27, "AA7"), (702, "ZZ7"), (703, "AAA7")] {
            assert_eq!(cell_name(7, column), name);
        }
    }

    #[test]
    fn numbers_are_written_as_people_type_them() {
        assert_eq!(text(&Data::Float(6.0)), "6");
        assert_eq!(text(&Data::Float(0.5)), "0.5");
        assert_eq!(text(&Data::Bool(true)), "true");
    }
}
