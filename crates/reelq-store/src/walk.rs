//! Walks over the jobs that a filter means, part by part: no one has to hold them all, and no call reads many.

use std::collections::VecDeque;

use crate::{Cursor, JobFilter, JobView, Result, Store};

/// So many jobs are read in one step.
const AT_ONCE: usize = 250;

/// A walk over the jobs that a filter means, in the order of [`Store::scan`].
#[derive(Debug)]
pub struct Walk<'a> {
    store: &'a dyn Store,
    filter: &'a JobFilter,
    /// Where to go on; `None` at the end.
    from: Option<Cursor>,
    read: VecDeque<JobView>,
}

impl<'a> Walk<'a> {
    /// A walk that begins with the first job.
    pub fn new(store: &'a dyn Store, filter: &'a JobFilter) -> Self {
        Self { store, filter, from: Some(Cursor::default()), read: VecDeque::new() }
    }

    /// Answers the next jobs, at least one and at most a few hundred; `None` after the last. A call that failed may be
    /// repeated: it goes on where it stood.
    ///
    /// # Errors
    ///
    /// As [`Store::scan`].
    pub async fn part(&mut self) -> Result<Option<Vec<JobView>>> {
        self.at_most(AT_ONCE).await
    }

    /// Answers the next job; `None` after the last. A call that failed may be repeated: it goes on where it stood.
    ///
    /// # Errors
    ///
    /// As [`Store::scan`].
    pub async fn next(&mut self) -> Result<Option<JobView>> {
        if self.read.is_empty() {
            self.read = self.at_most(AT_ONCE).await?.unwrap_or_default().into();
        }
        Ok(self.read.pop_front())
    }

    async fn at_most(&mut self, limit: usize) -> Result<Option<Vec<JobView>>> {
        if !self.read.is_empty() {
            return Ok(Some(std::mem::take(&mut self.read).into()));
        }
        while let Some(from) = self.from {
            let part = self.store.scan(self.filter, &from, limit).await?;
            self.from = part.next;
            if !part.views.is_empty() {
                return Ok(Some(part.views));
            }
        }
        Ok(None)
    }
}

/// Answers the first jobs that a filter means, in the order of [`Store::scan`]; at most `limit` of them.
///
/// # Errors
///
/// As [`Store::scan`].
pub async fn first(store: &dyn Store, filter: &JobFilter, limit: usize) -> Result<Vec<JobView>> {
    let (mut walk, mut found) = (Walk::new(store, filter), Vec::new());
    while found.len() < limit
        && let Some(part) = walk.at_most((limit - found.len()).min(AT_ONCE)).await?
    {
        found.extend(part);
    }
    Ok(found)
}
