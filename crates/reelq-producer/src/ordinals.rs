//! Counts equal requests, so that identical rows and copies become different jobs.

use std::collections::HashMap;

use reelq_model::{BatchName, Digest, JobId};

/// Gives the n-th job of the same request the ordinal n. Holds 20 bytes a distinct request, whatever the rows' size.
#[derive(Debug, Default)]
pub(crate) struct Ordinals {
    seen: HashMap<[u8; 16], u32>,
}

impl Ordinals {
    /// The id of the next job of `batch` with this request.
    pub(crate) fn next_id(&mut self, batch: &BatchName, request: &Digest) -> JobId {
        let mut key = [0; 16];
        key.copy_from_slice(&request.as_bytes()[..16]);
        let ordinal = self.seen.entry(key).or_insert(0);
        *ordinal = ordinal.saturating_add(1);
        JobId::derive(batch, request, *ordinal)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn ids(requests: &[u8]) -> Vec<JobId> {
        let batch = BatchName::new("b").unwrap();
        let mut ordinals = Ordinals::default();
        requests.iter().map(|request| ordinals.next_id(&batch, &Digest::of(&[*request]))).collect()
    }

    proptest! {
        #[test]
        fn every_line_has_its_own_job(requests in prop::collection::vec(0_u8..5, 0..60)) {
            let ids = ids(&requests);
            prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        }

        #[test]
        fn reordered_lines_ask_for_the_same_jobs(requests in prop::collection::vec(0_u8..5, 0..60)) {
            let mut reversed = requests.clone();
            reversed.reverse();
            let there: HashSet<_> = ids(&requests).into_iter().collect();
            let back: HashSet<_> = ids(&reversed).into_iter().collect();
            prop_assert_eq!(there, back);
        }
    }
}
