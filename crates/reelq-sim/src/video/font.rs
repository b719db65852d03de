//! A bitmap font of 3 by 5 pixels: each octal digit is one row, top to bottom.

/// Columns of a glyph.
pub(crate) const GLYPH_WIDTH: usize = 3;
/// Rows of a glyph.
pub(crate) const GLYPH_HEIGHT: usize = 5;

/// The rows of `letter`, lower case drawn as upper case.
const fn rows(letter: char) -> u16 {
    match letter.to_ascii_uppercase() {
        'A' => 0o25755,
        'B' => 0o65656,
        'C' => 0o34443,
        'D' => 0o65556,
        'E' => 0o74647,
        'F' => 0o74644,
        'G' => 0o34553,
        'H' => 0o55755,
        'I' => 0o72227,
        'J' => 0o11152,
        'K' => 0o55655,
        'L' => 0o44447,
        'M' => 0o57755,
        'N' => 0o65555,
        'O' => 0o25552,
        'P' => 0o65644,
        'Q' => 0o25563,
        'R' => 0o65655,
        'S' => 0o34216,
        'T' => 0o72222,
        'U' => 0o55557,
        'V' => 0o55552,
        'W' => 0o55775,
        'X' => 0o55255,
        'Y' => 0o55222,
        'Z' => 0o71247,
        '0' => 0o75557,
        '1' => 0o26227,
        '2' => 0o61247,
        '3' => 0o61216,
        '4' => 0o55711,
        '5' => 0o74616,
        '6' => 0o34757,
        '7' => 0o71222,
        '8' => 0o75757,
        '9' => 0o75716,
        '-' => 0o00700,
        '_' => 0o00007,
        '.' => 0o00002,
        ',' => 0o00024,
        '\'' => 0o22000,
        '!' => 0o22202,
        '?' => 0o61202,
        ':' => 0o02020,
        '/' => 0o11244,
        ' ' => 0,
        _ => 0o52525,
    }
}

/// Whether the pixel at `column`, `row` of a glyph is set.
pub(crate) const fn pixel(letter: char, column: usize, row: usize) -> bool {
    let bit = (GLYPH_HEIGHT - 1 - row) * GLYPH_WIDTH + (GLYPH_WIDTH - 1 - column);
    rows(letter) >> bit & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_looks_like_itself() {
        let drawn: Vec<String> = (0..GLYPH_HEIGHT)
            .map(|row| (0..GLYPH_WIDTH).map(|column| if pixel('t', column, row) { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(drawn, ["###", ".#.", ".#.", ".#.", ".#."]);
    }
}
