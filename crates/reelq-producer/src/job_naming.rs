//! Gives each line its job: the one that asks for the same already, else a new one.

use std::{collections::HashMap, sync::Arc};

use reelq_model::{BatchName, Digest, JobId, RequestKey};
use reelq_store_scratch::{Rank, RequestCounts, Spelling};

use crate::{
    batch_jobs::{BatchJobs, RequestKeys, at},
    error::Result,
};

/// What one line asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The digest of its fields as they stand in the manifest, checked and otherwise untouched: what ids were made of
    /// before requests had a normal form.
    pub(crate) as_written: Digest,
    /// The digest that new ids are made of.
    pub(crate) normal: Digest,
    pub(crate) keys: RequestKeys,
}

/// Names the jobs of one reading of a manifest. Two readings of the same lines over the same jobs give the same names.
///
/// Every job of the batch is taken by one line at most: by the line that always had it, else by the first one that asks
/// for the same, what was bought before what was not. So equal lines, copies among them, stay as many purchases as they
/// are lines, and no other spelling of a line buys it again.
#[derive(Debug)]
pub(crate) struct JobNaming {
    batch: BatchName,
    present: Arc<BatchJobs>,
    taken: Vec<bool>,
    /// Behind which of the jobs with one key the search for a free one goes on.
    cursors: HashMap<(Spelling, RequestKey), Rank>,
    normal: RequestCounts,
    as_written: RequestCounts,
}

/// A line's job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    pub(crate) id: JobId,
    /// The first row that asks for the same.
    pub(crate) first_row: u64,
}

impl JobNaming {
    pub(crate) fn new(batch: BatchName, present: Arc<BatchJobs>) -> Self {
        let taken = vec![false; present.len()];
        let (cursors, normal, as_written) = (HashMap::new(), RequestCounts::default(), RequestCounts::default());
        Self { batch, present, taken, cursors, normal, as_written }
    }

    /// The job of the next line, which is one of `row`.
    pub(crate) fn next(&mut self, asked: &Asked, row: u64) -> Result<Named> {
        let count = self.normal.count((&asked.normal).into(), row)?;
        let id = match self.there(asked, row, count.times)? {
            Some(id) => id,
            None => self.new_id(&asked.normal, count.times)?,
        };
        Ok(Named { id, first_row: count.first_row })
    }

    /// The job that the batch has for the line already.
    fn there(&mut self, asked: &Asked, row: u64, ordinal: u32) -> Result<Option<JobId>> {
        if self.present.is_empty() {
            return Ok(None);
        }
        let before = self.as_written.count((&asked.as_written).into(), row)?.times;
        for (digest, ordinal) in [(&asked.as_written, before), (&asked.normal, ordinal)] {
            let id = JobId::derive(&self.batch, digest, ordinal);
            if let Some(index) = self.present.find(id)?.filter(|index| !self.taken[at(*index)]) {
                self.taken[at(index)] = true;
                return Ok(Some(id));
            }
        }
        let Some(index) = self.equal(&asked.keys)? else { return Ok(None) };
        self.taken[at(index)] = true;
        self.present.id(index)
    }

    /// A job that is in no one's way. Skipped ordinals stay skipped, so that no two lines get the same one.
    fn new_id(&mut self, normal: &Digest, first: u32) -> Result<JobId> {
        let mut ordinal = first;
        loop {
            let id = JobId::derive(&self.batch, normal, ordinal);
            if self.present.find(id)?.is_none() {
                if ordinal != first {
                    self.normal.set(normal.into(), ordinal)?;
                }
                return Ok(id);
            }
            ordinal = ordinal.saturating_add(1);
        }
    }

    /// A free job that asks for the same, in either spelling; one that was bought where there is one.
    fn equal(&mut self, keys: &RequestKeys) -> Result<Option<u32>> {
        let first = self.free(Spelling::LeftOut, keys.left_out)?;
        if first.is_some_and(|index| self.present.may_be_bought(index)) {
            return Ok(first);
        }
        let second = self.free(Spelling::WrittenOut, keys.written_out)?;
        Ok(second.filter(|index| first.is_none() || self.present.may_be_bought(*index)).or(first))
    }

    fn free(&mut self, spelling: Spelling, key: RequestKey) -> Result<Option<u32>> {
        let before = self.cursors.get(&(spelling, key)).copied();
        let mut passed = before;
        let found = loop {
            match self.present.next_with_key(spelling, key, passed)? {
                Some(place) if self.taken[at(place.number)] => passed = Some(place),
                found => break found,
            }
        };
        if let Some(passed) = passed.filter(|passed| Some(*passed) != before) {
            self.cursors.insert((spelling, key), passed);
        }
        Ok(found.map(|place| place.number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;
    use crate::batch_jobs::fixture::present;

    fn batch() -> BatchName {
        BatchName::new("b").unwrap()
    }

    /// A line whose request is `request`, spelled in one of several ways.
    fn asked(request: u8, spelling: u8) -> Asked {
        let (normal, written_out) = (Digest::of(&[request]), Digest::of(&[request, 1]));
        let as_written = if spelling == 0 { normal } else { Digest::of(&[request, 2, spelling]) };
        let keys = RequestKeys { left_out: (&normal).into(), written_out: (&written_out).into() };
        Asked { as_written, normal, keys }
    }

    fn ids(lines: &[(u8, u8)], there: BatchJobs) -> Vec<JobId> {
        let mut naming = JobNaming::new(batch(), Arc::new(there));
        let each = lines.iter().zip(1..);
        each.map(|((request, spelling), row)| naming.next(&asked(*request, *spelling), row).unwrap().id).collect()
    }

    /// The jobs that a version before this one made of the lines.
    fn old(lines: &[(u8, u8)]) -> Vec<(JobId, RequestKey, RequestKey, bool)> {
        let mut seen = HashMap::new();
        let job = |(request, spelling): &(u8, u8)| {
            let asked = asked(*request, *spelling);
            let ordinal: &mut u32 = seen.entry(asked.as_written).or_default();
            *ordinal += 1;
            let id = JobId::derive(&batch(), &asked.as_written, *ordinal);
            (id, asked.keys.left_out, asked.keys.written_out, true)
        };
        lines.iter().map(job).collect()
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((0_u8..4, 0_u8..3), 0..40)
    }

    type There = (JobId, RequestKey, RequestKey, bool);

    /// Names lines as [`JobNaming`] does, and looks at every job for each of them.
    fn plainly(lines: &[Asked], there: &[There]) -> Vec<JobId> {
        let mut taken = vec![false; there.len()];
        let (mut normal, mut as_written) = (HashMap::<Digest, u32>::new(), HashMap::<Digest, u32>::new());
        let mut name = |asked: &Asked| {
            let ordinal = normal.entry(asked.normal).or_default();
            let before = as_written.entry(asked.as_written).or_default();
            (*ordinal, *before) = (*ordinal + 1, *before + 1);
            let own = [(&asked.as_written, *before), (&asked.normal, *ordinal)];
            let own = own.map(|(digest, ordinal)| JobId::derive(&batch(), digest, ordinal));
            let free = |is_it: &dyn Fn(&There) -> bool| {
                let all = (0..there.len()).filter(|index| !taken[*index] && is_it(&there[*index]));
                all.min_by_key(|index| (!there[*index].3, *index))
            };
            let is_bought = |index: Option<usize>| index.is_some_and(|index| there[index].3);
            let (first, second) =
                (free(&|job| job.1 == asked.keys.left_out), free(&|job| job.2 == asked.keys.written_out));
            let equal =
                if is_bought(first) || (first.is_some() && !is_bought(second)) { first } else { second.or(first) };
            let found = own.iter().find_map(|id| free(&|job| job.0 == *id)).or(equal);
            if let Some(index) = found {
                taken[index] = true;
                return there[index].0;
            }
            while there.iter().any(|job| job.0 == JobId::derive(&batch(), &asked.normal, *ordinal)) {
                *ordinal += 1;
            }
            JobId::derive(&batch(), &asked.normal, *ordinal)
        };
        lines.iter().map(&mut name).collect()
    }

    /// A request, one of its spellings, and with which defaults it is written out: requests of which one wrote a default down
    /// that has changed since agree in the latter alone.
    fn any_line() -> impl Strategy<Value = Asked> {
        (0_u8..4, 0_u8..3, 0_u8..3).prop_map(|(request, spelling, defaults)| {
            let written_out = RequestKey::from_bytes([defaults; 16]);
            let asked = asked(request, spelling);
            Asked { keys: RequestKeys { written_out, ..asked.keys }, ..asked }
        })
    }

    /// A job of any line, under an id of an earlier version, of this one, or any other.
    fn any_job() -> impl Strategy<Value = There> {
        (any_line(), 0_u8..3, 1_u32..4, any::<bool>()).prop_map(|(line, version, ordinal, bought)| {
            let digest = [line.as_written, line.normal, Digest::of(b"another")][usize::from(version)];
            (JobId::derive(&batch(), &digest, ordinal), line.keys.left_out, line.keys.written_out, bought)
        })
    }

    proptest! {
        #[test]
        fn lines_are_named_as_whoever_looks_at_every_job_names_them(
            lines in prop::collection::vec(any_line(), 0..30), jobs in prop::collection::vec(any_job(), 0..30),
        ) {
            let mut ids = HashSet::new();
            let jobs: Vec<_> = jobs.into_iter().filter(|job| ids.insert(job.0)).collect();
            let mut naming = JobNaming::new(batch(), Arc::new(present(&jobs)));
            let named: Vec<_> = lines.iter().map(|line| naming.next(line, 1).unwrap().id).collect();
            prop_assert_eq!(named, plainly(&lines, &jobs));
        }

        #[test]
        fn every_line_has_its_own_job(before in lines(), lines in lines()) {
            let ids = ids(&lines, present(&old(&before)));
            prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        }

        #[test]
        fn a_manifest_that_did_not_change_keeps_every_job_at_its_line(lines in lines()) {
            let jobs = old(&lines);
            let there: Vec<_> = jobs.iter().map(|job| job.0).collect();
            prop_assert_eq!(ids(&lines, present(&jobs)), there);
        }

        #[test]
        fn no_other_spelling_or_order_of_the_same_lines_buys_any_of_them_again(
            lines in lines(), spelling in 0_u8..3, turn in 0_usize..40,
        ) {
            let jobs = old(&lines);
            let mut other: Vec<_> = lines.iter().map(|(request, _)| (*request, spelling)).collect();
            other.rotate_left(turn.min(lines.len()));
            let (again, there): (HashSet<_>, HashSet<_>) =
                (ids(&other, present(&jobs)).into_iter().collect(), jobs.iter().map(|job| job.0).collect());
            prop_assert_eq!(again, there);
        }

        #[test]
        fn reordered_lines_of_a_new_batch_ask_for_the_same_jobs(lines in lines()) {
            let mut reversed = lines.clone();
            reversed.reverse();
            let there: HashSet<_> = ids(&lines, BatchJobs::default()).into_iter().collect();
            let back: HashSet<_> = ids(&reversed, BatchJobs::default()).into_iter().collect();
            prop_assert_eq!(there, back);
        }
    }

    #[test]
    fn a_default_that_the_vendor_changed_buys_nothing_again() {
        let key = |byte: u8| RequestKey::from_bytes([byte; 16]);
        let job = JobId::derive(&batch(), &Digest::of(b"old"), 1);
        let line = |left_out: u8, written_out: u8| Asked {
            as_written: Digest::of(b"new"),
            normal: Digest::of(b"new"),
            keys: RequestKeys { left_out: key(left_out), written_out: key(written_out) },
        };
        for keys in [line(1, 9), line(9, 2)] {
            let there = present(&[(job, key(1), key(2), true)]);
            assert_eq!(JobNaming::new(batch(), Arc::new(there)).next(&keys, 1).unwrap().id, job);
        }
    }

    #[test]
    fn of_two_equal_jobs_the_bought_one_is_taken() {
        let asked = asked(1, 2);
        let job =
            |byte: u8, bought| (JobId::from_bytes([byte; 16]), asked.keys.left_out, asked.keys.written_out, bought);
        let there = present(&[job(1, false), job(2, true)]);
        assert_eq!(JobNaming::new(batch(), Arc::new(there)).next(&asked, 1).unwrap().id, JobId::from_bytes([2; 16]));
    }
}
