//! Plain tables.

use comfy_table::{CellAlignment, Table, presets};

/// Draws a table; columns whose heading begins with `>` are aligned to the right.
pub fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
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
}

impl GrowingTable {
    pub(crate) const fn new(headings: &'static [&'static str]) -> Self {
        Self { headings, widths: Vec::new() }
    }

    /// Draws the next part; the first one has the headings.
    pub(crate) fn part(&mut self, rows: impl IntoIterator<Item = Vec<String>>) -> String {
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

fn width(cell: &str) -> usize {
    if cell.is_ascii() { cell.len() } else { console::measure_text_width(cell) }
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
        let mut growing = GrowingTable::new(&HEADINGS);
        let parts: Vec<_> = rows.iter().map(|row| growing.part([row.clone()])).collect();
        assert_eq!(parts.join("\n"), table(&HEADINGS, rows));
    }

    #[test]
    fn a_column_that_became_wider_stays_so() {
        let mut growing = GrowingTable::new(&HEADINGS);
        let parts =
            [row("1", "$1", "a"), row("1000000.1", "$1", "b"), row("2", "$1", "c")].map(|row| growing.part([row]));
        assert_eq!(parts[0], "row  price  prompt\n1       $1  a");
        assert_eq!(parts[1], "1000000.1     $1  b");
        assert_eq!(parts[2], "2             $1  c");
    }
}
