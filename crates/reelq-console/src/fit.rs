//! Makes tables fit a terminal: long cells are cut, and where that does not do, each field gets a line of its own.

/// Narrower terminals get one field a line.
const NARROWEST: usize = 60;
/// What stands between two columns.
const BETWEEN: usize = 2;
/// No cell is cut to less.
const SHORTEST: usize = 8;

/// How a table fits.
#[derive(Debug)]
pub(crate) enum Fit {
    /// With cells of at most so many columns.
    Within(Caps),
    /// One field a line.
    Stacked,
}

/// How wide the cells of each column may be.
#[derive(Debug)]
pub(crate) struct Caps(Vec<usize>);

impl Caps {
    /// A row whose longer cells are cut.
    pub(crate) fn cut(&self, row: Vec<String>) -> Vec<String> {
        let caps = self.0.iter().copied().chain(std::iter::repeat(usize::MAX));
        row.into_iter().zip(caps).map(|(cell, cap)| cut(cell, cap)).collect()
    }
}

fn cut(cell: String, cap: usize) -> String {
    if width(&cell) <= cap { cell } else { console::truncate_str(&cell, cap, "…").into_owned() }
}

/// How a table of these rows fits a terminal of this width; everything fits where there is none.
pub(crate) fn fit(columns: Option<usize>, headings: &[&str], rows: &[Vec<String>]) -> Fit {
    let Some(columns) = columns else { return Fit::Within(Caps(vec![usize::MAX; headings.len()])) };
    if columns < NARROWEST {
        return Fit::Stacked;
    }
    let mut caps: Vec<usize> = headings.iter().map(|heading| width(heading.trim_start_matches('>'))).collect();
    for row in rows {
        for (cap, cell) in caps.iter_mut().zip(row) {
            *cap = width(cell).max(*cap);
        }
    }
    let room = columns.saturating_sub(BETWEEN * headings.len().saturating_sub(1));
    while caps.iter().sum::<usize>() > room {
        // Numbers are never cut, and of texts the widest is.
        let texts =
            caps.iter_mut().zip(headings).filter(|(cap, heading)| !heading.starts_with('>') && **cap > SHORTEST);
        match texts.map(|(cap, _)| cap).max() {
            Some(widest) => *widest -= 1,
            None => return Fit::Stacked,
        }
    }
    Fit::Within(Caps(caps))
}

/// One field a line, the name in front; fields without a value are left out.
pub(crate) fn stacked(headings: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<&str> = headings.iter().map(|heading| heading.trim_start_matches('>')).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let field = |(name, cell): (&&str, &String)| {
        let missing = " ".repeat(widest - width(name).min(widest));
        (!cell.is_empty()).then(|| format!("{name}{missing}  {cell}").trim_end().to_owned())
    };
    let row = |row: &Vec<String>| names.iter().zip(row).filter_map(field).collect::<Vec<_>>().join("\n");
    rows.iter().map(row).collect::<Vec<_>>().join("\n\n")
}

/// How many columns of a terminal a text takes: a Chinese character takes two.
pub(crate) fn width(cell: &str) -> usize {
    if cell.is_ascii() { cell.len() } else { console::measure_text_width(cell) }
}
