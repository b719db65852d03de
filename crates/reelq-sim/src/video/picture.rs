//! The picture: colour bars from the prompt's hash, and text that says what it is.
//!
//! No sample is ever zero, so that the coded picture needs next to no escapes.

use reelq_model::Digest;

use super::font::{GLYPH_HEIGHT, GLYPH_WIDTH, pixel};

/// Pixels across; a multiple of 16.
pub(crate) const WIDTH: u16 = 160;
/// Pixels down; a multiple of 16.
pub(crate) const HEIGHT: u16 = 96;

const BARS: usize = 8;
const WHITE: u8 = 235;
const BLACK: u8 = 16;
const GREY: u8 = 128;
const BAND: std::ops::Range<usize> = 24..80;

/// Samples in 4:2:0: one of each colour difference for four of brightness.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    pub(crate) blue: Vec<u8>,
    pub(crate) red: Vec<u8>,
}

pub(crate) fn draw(prompt: &str, task: &str) -> Picture {
    let mut picture = bars(Digest::of(prompt.as_bytes()).as_bytes());
    picture.band();
    picture.text("SIMULATED", 28, 4);
    picture.text(&prompt.chars().take(19).collect::<String>(), 52, 2);
    picture.text(tail(task, 19), 66, 2);
    picture
}

fn tail(text: &str, letters: usize) -> &str {
    text.char_indices().rev().nth(letters - 1).map_or(text, |(start, _)| &text[start..])
}

fn bars(hash: &[u8; 32]) -> Picture {
    let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
    let row = |samples: usize, of: &dyn Fn(usize) -> u8| -> Vec<u8> {
        (0..samples).map(|x| of(x * BARS / samples)).collect()
    };
    Picture {
        width,
        height,
        luma: row(width, &|bar| 48 + hash[bar] / 2).repeat(height),
        blue: row(width / 2, &|bar| 64 + hash[8 + bar] / 2).repeat(height / 2),
        red: row(width / 2, &|bar| 64 + hash[16 + bar] / 2).repeat(height / 2),
    }
}

impl Picture {
    fn band(&mut self) {
        self.luma[BAND.start * self.width..BAND.end * self.width].fill(BLACK);
        let half = BAND.start / 2 * (self.width / 2)..BAND.end / 2 * (self.width / 2);
        self.blue[half.clone()].fill(GREY);
        self.red[half].fill(GREY);
    }

    /// Writes a centred line whose top is at `top`, each pixel of the font `scale` wide.
    fn text(&mut self, line: &str, top: usize, scale: usize) {
        let advance = (GLYPH_WIDTH + 1) * scale;
        let left = self.width.saturating_sub(line.chars().count() * advance) / 2;
        for (number, letter) in line.chars().enumerate() {
            self.letter(letter, left + number * advance, top, scale);
        }
    }

    fn letter(&mut self, letter: char, left: usize, top: usize, scale: usize) {
        for y in 0..GLYPH_HEIGHT * scale {
            for x in 0..GLYPH_WIDTH * scale {
                let inside = left + x < self.width && top + y < self.height;
                if inside && pixel(letter, x / scale, y / scale) {
                    self.luma[(top + y) * self.width + left + x] = WHITE;
                }
            }
        }
    }
}
