//! Gives each line its job: the one that asks for the same already, else a new one.

use std::{collections::HashMap, sync::Arc};

use reelq_model::{BatchName, Digest, JobId, RequestKey};

use crate::batch_jobs::{BatchJobs, RequestKeys, Spelling, at};

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
    /// Where in a run of equal keys the search for a free job goes on.
    cursors: HashMap<(Spelling, usize), usize>,
    normal: HashMap<RequestKey, u32>,
    as_written: HashMap<RequestKey, u32>,
}

impl JobNaming {
    pub(crate) fn new(batch: BatchName, present: Arc<BatchJobs>) -> Self {
        let taken = vec![false; present.len()];
        let (cursors, normal, as_written) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { batch, present, taken, cursors, normal, as_written }
    }

    /// The id of the next line's job.
    pub(crate) fn next_id(&mut self, asked: &Asked) -> JobId {
        let ordinal = next(&mut self.normal, &asked.normal);
        if !self.present.is_empty() {
            let before = next(&mut self.as_written, &asked.as_written);
            let own = [(&asked.as_written, before), (&asked.normal, ordinal)];
            let own = own.map(|(digest, ordinal)| JobId::derive(&self.batch, digest, ordinal));
            let found = own.into_iter().find_map(|id| self.present.find(id).filter(|index| !self.taken[at(*index)]));
            if let Some(index) = found.or_else(|| self.equal(&asked.keys)) {
                self.taken[at(index)] = true;
                return self.present.id(index);
            }
        }
        self.new_id(&asked.normal, ordinal)
    }

    /// A job that is in no one's way. Skipped ordinals stay skipped, so that no two lines get the same one.
    fn new_id(&mut self, normal: &Digest, mut ordinal: u32) -> JobId {
        loop {
            let id = JobId::derive(&self.batch, normal, ordinal);
            if self.present.is_empty() || self.present.find(id).is_none() {
                self.normal.insert(normal.into(), ordinal);
                return id;
            }
            ordinal = ordinal.saturating_add(1);
        }
    }

    /// A free job that asks for the same, in either spelling; one that was bought where there is one.
    fn equal(&mut self, keys: &RequestKeys) -> Option<u32> {
        let first = self.free(Spelling::LeftOut, keys.left_out);
        if first.is_some_and(|index| self.present.may_be_bought(index)) {
            return first;
        }
        let second = self.free(Spelling::WrittenOut, keys.written_out);
        second.filter(|index| first.is_none() || self.present.may_be_bought(*index)).or(first)
    }

    fn free(&mut self, spelling: Spelling, key: RequestKey) -> Option<u32> {
        let (order, start) = self.present.with_key(spelling, key);
        let cursor = self.cursors.entry((spelling, start)).or_insert(start);
        while let Some(index) = order.get(*cursor).filter(|index| self.present.key(spelling, **index) == key) {
            if !self.taken[at(*index)] {
                return Some(*index);
            }
            *cursor += 1;
        }
        None
    }
}

fn next(seen: &mut HashMap<RequestKey, u32>, digest: &Digest) -> u32 {
    let ordinal = seen.entry(digest.into()).or_insert(0);
    *ordinal = ordinal.saturating_add(1);
    *ordinal
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
        lines.iter().map(|(request, spelling)| naming.next_id(&asked(*request, *spelling))).collect()
    }

    /// The jobs that a version before this one made of the lines.
    fn old(lines: &[(u8, u8)]) -> Vec<(JobId, RequestKey, RequestKey, bool)> {
        let mut seen = HashMap::new();
        let job = |(request, spelling): &(u8, u8)| {
            let asked = asked(*request, *spelling);
            let id = JobId::derive(&batch(), &asked.as_written, next(&mut seen, &asked.as_written));
            (id, asked.keys.left_out, asked.keys.written_out, true)
        };
        lines.iter().map(job).collect()
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((0_u8..4, 0_u8..3), 0..40)
    }

    proptest! {
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
            assert_eq!(JobNaming::new(batch(), Arc::new(there)).next_id(&keys), job);
        }
    }

    #[test]
    fn of_two_equal_jobs_the_bought_one_is_taken() {
        let asked = asked(1, 2);
        let job =
            |byte: u8, bought| (JobId::from_bytes([byte; 16]), asked.keys.left_out, asked.keys.written_out, bought);
        let there = present(&[job(1, false), job(2, true)]);
        assert_eq!(JobNaming::new(batch(), Arc::new(there)).next_id(&asked), JobId::from_bytes([2; 16]));
    }
}
