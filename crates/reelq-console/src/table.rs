//! Plain tables, as wide as the terminal that they are shown on.

use comfy_table::{CellAlignment, Table, presets};

use crate::fit::{Fit, fit, stacked, width};

/// Draws a table; columns whose heading begins with `>` are aligned to the right. Columns without a cell are left out. On a
/// terminal long cells are cut so that the table fits, and one that is too narrow for it gets one field a line.
pub fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    table_within(terminal_width(), headings, rows.into_iter().collect())
}

/// The width of the terminal that data goes to; `None` where it goes elsewhere, and is written whole.
fn terminal_width() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns))
}

fn table_within(width: Option<usize>, headings: &[&str], mut rows: Vec<Vec<String>>) -> String {
    let is_used: Vec<bool> =
        (0..headings.len()).map(|at| rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))).collect();
    // A table without rows is its headings.
    let keeps = |at: &usize| rows.is_empty() || is_used[*at];
    let kept: Vec<usize> = (0..headings.len()).filter(keeps).collect();
    let headings: Vec<&str> = kept.iter().map(|at| headings[*at]).collect();
    for row in &mut rows {
        *row = kept.iter().map(|at| row.get_mut(*at).map(std::mem::take).unwrap_or_default()).collect();
    }
    match fit(width, &headings, &rows) {
        Fit::Stacked => stacked(&headings, &rows),
        Fit::Within(caps) => drawn(&headings, rows.into_iter().map(|row| caps.cut(row))),
    }
}

fn drawn(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(headings.iter().map(|heading| heading.trim_start_matches('>')));
    for row in rows {
        table.add_row(row);
    }
    for (column, heading) in table.column_iter_mut().zip(headings) {
        column.set_padding((0, 2));
        if heading.starts_with('>') {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// The same table, drawn part by part: for rows that no one holds all at once. Its columns only ever become wider. Each cell is
/// one line.
#[derive(Debug)]
pub(crate) struct GrowingTable {
    headings: &'static [&'static str],
    /// Of the parts so far; nothing before the first.
    widths: Vec<usize>,
    /// How the first part fits the terminal; later ones are cut like it.
    fit: Option<Fit>,
    width: Option<usize>,
}

impl GrowingTable {
    pub(crate) fn new(headings: &'static [&'static str]) -> Self {
        Self::within(terminal_width(), headings)
    }

    const fn within(width: Option<usize>, headings: &'static [&'static str]) -> Self {
        Self { headings, widths: Vec::new(), fit: None, width }
    }

    /// Draws the next part; the first one has the headings.
    pub(crate) fn part(&mut self, rows: impl IntoIterator<Item = Vec<String>>) -> String {
        let rows: Vec<_> = rows.into_iter().collect();
        let caps = match self.fit.get_or_insert_with(|| fit(self.width, self.headings, &rows)) {
            Fit::Stacked => return stacked(self.headings, &rows) + "\n",
            Fit::Within(caps) => caps,
        };
        let rows: Vec<_> = rows.into_iter().map(|row| caps.cut(row)).collect();
        let mut lines: Vec<Vec<String>> = Vec::new();
        if self.widths.is_empty() {
            self.widths.resize(self.headings.len(), 0);
            lines.push(self.headings.iter().map(|heading| heading.trim_start_matches('>').to_owned()).collect());
        }
        lines.extend(rows);
        for line in &lines {
            for (widest, cell) in self.widths.iter_mut().zip(line) {
                *widest = width(cell).max(*widest);
            }
        }
        let mut text = String::new();
        for line in lines {
            let start = text.len();
            for ((cell, heading), column) in line.iter().zip(self.headings).zip(&self.widths) {
                let missing = " ".repeat(column - width(cell).min(*column));
                let [before, behind] = if heading.starts_with('>') { [missing.as_str(), ""] } else { ["", &missing] };
                text.extend([before, cell, behind, "  "]);
            }
            text.truncate(text[start..].trim_end().len() + start);
            text.push('\n');
        }
        text.truncate(text.trim_end_matches('\n').len());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADINGS: [&str; 3] = ["row", ">price", "prompt"];

    fn row(row: &str, price: &str, prompt: &str) -> Vec<String> {
        [row, price, prompt].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_table_in_parts_is_the_table_where_its_first_part_is_the_widest() {
        let rows = [row("100.1", "$12.50", "a long prompt"), row("101.1", "$1", "b"), row("9", "", "c")];
        let mut growing = GrowingTable::within(None, &HEADINGS);
        let parts: Vec<_> = rows.iter().map(|row| growing.part([row.clone()])).collect();
        assert_eq!(parts.join("\n"), table_within(None, &HEADINGS, rows.to_vec()));
    }

    #[test]
    fn a_column_that_became_wider_stays_so() {
        let mut growing = GrowingTable::within(None, &HEADINGS);
        let parts =
            [row("1", "$1", "a"), row("1000000.1", "$1", "b"), row("2", "$1", "c")].map(|row| growing.part([row]));
        assert_eq!(parts[0], "row  price  prompt\n1       $1  a");
        assert_eq!(parts[1], "1000000.1     $1  b");
        assert_eq!(parts[2], "2             $1  c");
    }

    #[test]
    fn a_column_without_a_cell_is_left_out() {
        let rows = vec![row("1.1", "", "a cat"), row("2.1", "", "a dog")];
        assert_eq!(table_within(None, &HEADINGS, rows), "row  prompt\n1.1  a cat\n2.1  a dog");
        assert_eq!(table_within(None, &HEADINGS, Vec::new()), "row  price  prompt");
    }

    #[test]
    fn a_table_fits_its_terminal_whatever_is_in_it() {
        let rows = vec![
            row("1.1", "$0.31", "一只红色的风筝在海边飞翔一只红色的风筝在海边飞翔一只红色的风筝在海边飞翔"),
            row(
                "2.1",
                "$12.50",
                "a long prompt of many words that go on and on, past the end of any line that is here",
            ),
        ];
        for columns in [60, 80, 100] {
            let text = table_within(Some(columns), &HEADINGS, rows.clone());
            assert!(text.lines().all(|line| width(line) <= columns), "{columns}: {text}");
            assert!(text.contains("$12.50"), "numbers are never cut: {text}");
            assert_eq!(text.contains('…'), columns < 100, "{text}");
        }
        assert_eq!(table_within(Some(200), &HEADINGS, rows.clone()), table_within(None, &HEADINGS, rows.clone()));
        let narrow = table_within(Some(40), &HEADINGS, rows);
        assert!(narrow.starts_with("row     1.1\nprice   $0.31\nprompt  一只"), "{narrow}");
    }

    #[test]
    fn parts_are_cut_like_the_first_one() {
        let mut growing = GrowingTable::within(Some(60), &HEADINGS);
        let long = "x".repeat(90);
        let parts = [row("1", "$1", &long), row("2", "$1", &long)].map(|row| growing.part([row]));
        assert!(parts.iter().flat_map(|part| part.lines()).all(|line| width(line) <= 60), "{parts:?}");
    }
}
