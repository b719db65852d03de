//! Which rows of a manifest are bought now. The others are loaded too, and held.

use std::{
    collections::{BTreeSet, HashSet},
    ops::RangeInclusive,
    sync::Arc,
};

use reelq_model::JobId;
use reelq_store::Line;

/// Which rows are bought now: those that pass every condition that is given. The others are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// At most the first so many rows.
    pub limit: Option<u64>,
    /// Rows by their numbers, from 1.
    pub rows: Vec<RangeInclusive<u64>>,
    /// Rows by their own ids, by their places (`4`, `4.2`), or jobs by the beginning of their ids.
    pub only: Vec<String>,
    /// So many jobs, drawn by their ids: the same ones each time.
    pub sample: Option<u64>,
}

impl Part {
    /// Whether nothing is held.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// The shortest beginning of a job's id that names it.
const PREFIX_MIN: usize = 6;

/// A part of a manifest whose rows go by.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenRows {
    part: Arc<Part>,
    /// The jobs that were drawn, where some are to be.
    sampled: Option<Arc<HashSet<JobId>>>,
    /// Rows that were let through so far, and the last of them.
    rows: u64,
    last: u64,
    /// Names of [`Part::only`] that no row had yet.
    unmet: BTreeSet<String>,
}

impl OpenRows {
    pub(crate) fn of(part: &Part) -> Self {
        let unmet = part.only.iter().cloned().collect();
        Self { part: Arc::new(part.clone()), unmet, ..Self::default() }
    }

    /// The same part from its beginning, of which only these jobs were drawn.
    pub(crate) fn drawn(&self, jobs: HashSet<JobId>) -> Self {
        Self { sampled: Some(Arc::new(jobs)), ..Self::of(&self.part) }
    }

    /// The same part from its beginning.
    pub(crate) fn anew(&self) -> Self {
        Self { sampled: self.sampled.clone(), ..Self::of(&self.part) }
    }

    /// How many jobs are to be drawn.
    pub(crate) fn sample(&self) -> Option<u64> {
        self.part.sample
    }

    /// Whether a job is bought now. Each is asked about once, in the order of the manifest.
    pub(crate) fn takes(&mut self, line: &Line, job: JobId) -> bool {
        if !self.passes(line, job) {
            return false;
        }
        if self.last != line.row {
            if self.part.limit.is_some_and(|limit| self.rows >= limit) {
                return false;
            }
            (self.rows, self.last) = (self.rows + 1, line.row);
        }
        true
    }

    fn passes(&mut self, line: &Line, job: JobId) -> bool {
        let rows = &self.part.rows;
        let in_rows = rows.is_empty() || rows.iter().any(|rows| rows.contains(&line.row));
        let named = self.is_named(line, job);
        let drawn = self.sampled.as_ref().is_none_or(|sampled| sampled.contains(&job));
        in_rows && named && drawn
    }

    fn is_named(&mut self, line: &Line, job: JobId) -> bool {
        if self.part.only.is_empty() {
            return true;
        }
        let part = Arc::clone(&self.part);
        let mut found = false;
        for name in part.only.iter().filter(|name| names(name, line, job)) {
            self.unmet.remove(name);
            found = true;
        }
        found
    }

    /// The names that no row has.
    pub(crate) fn unmet(&self) -> impl Iterator<Item = &str> {
        self.unmet.iter().map(String::as_str)
    }
}

fn names(name: &str, line: &Line, job: JobId) -> bool {
    line.label.as_deref() == Some(name)
        || name == line.row.to_string()
        || name == format!("{}.{}", line.row, line.copy)
        || (name.len() >= PREFIX_MIN && job.to_string().starts_with(name))
}

/// Draws jobs whose ids are the least: an id is a digest, so that this is a draw by chance, and the same each time.
#[derive(Debug)]
pub(crate) struct Draw {
    most: usize,
    least: BTreeSet<JobId>,
}

impl Draw {
    pub(crate) fn of(most: u64) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), least: BTreeSet::new() }
    }

    pub(crate) fn add(&mut self, job: JobId) {
        self.least.insert(job);
        if self.least.len() > self.most {
            self.least.pop_last();
        }
    }

    pub(crate) fn finish(self) -> HashSet<JobId> {
        self.least.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn line(row: u64, copy: u32, label: Option<&str>) -> Line {
        Line { row, copy, label: label.map(str::to_owned), passthrough: BTreeMap::new() }
    }

    fn taken(part: &Part, lines: &[(u64, u32, Option<&str>)]) -> Vec<(u64, u32)> {
        let mut open = OpenRows::of(part);
        let job = |row: u64, copy: u32| JobId::from_bytes([u8::try_from(row * 10 + u64::from(copy)).unwrap(); 16]);
        let takes = lines.iter().filter(|(row, copy, label)| open.takes(&line(*row, *copy, *label), job(*row, *copy)));
        takes.map(|(row, copy, _)| (*row, *copy)).collect()
    }

    const LINES: [(u64, u32, Option<&str>); 5] =
        [(1, 1, Some("cat")), (1, 2, Some("cat")), (2, 1, Some("dog")), (3, 1, None), (4, 1, Some("3"))];

    #[test]
    fn a_limit_counts_rows_and_takes_all_their_copies() {
        let part = Part { limit: Some(2), ..Part::default() };
        assert_eq!(taken(&part, &LINES), [(1, 1), (1, 2), (2, 1)]);
        let among = Part { limit: Some(1), rows: vec![2..=3], ..Part::default() };
        assert_eq!(taken(&among, &LINES), [(2, 1)]);
        assert_eq!(taken(&Part::default(), &LINES).len(), 5);
    }

    #[test]
    fn rows_are_named_by_id_place_and_the_beginning_of_their_job() {
        let only =
            |names: &[&str]| Part { only: names.iter().map(|&name| name.to_owned()).collect(), ..Part::default() };
        assert_eq!(taken(&only(&["dog"]), &LINES), [(2, 1)]);
        assert_eq!(taken(&only(&["1.2"]), &LINES), [(1, 2)]);
        assert_eq!(taken(&only(&["3"]), &LINES), [(3, 1), (4, 1)], "a place and an id of the same name mean both");
        assert_eq!(taken(&only(&["0c0c0c"]), &LINES), [(1, 2)]);
        let mut open = OpenRows::of(&only(&["dog", "nowhere"]));
        open.takes(&line(2, 1, Some("dog")), JobId::from_bytes([0; 16]));
        assert_eq!(open.unmet().collect::<Vec<_>>(), ["nowhere"]);
    }

    #[test]
    fn a_draw_is_the_same_whatever_the_order_of_the_rows() {
        let draw = |order: &[u8]| {
            let mut draw = Draw::of(2);
            for byte in order {
                draw.add(JobId::from_bytes([*byte; 16]));
            }
            draw.finish()
        };
        assert_eq!(draw(&[5, 1, 9, 3]), draw(&[3, 9, 5, 1]));
        assert_eq!(draw(&[5]).len(), 1);
    }
}
