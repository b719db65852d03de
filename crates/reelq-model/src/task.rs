//! What is known of the provider's task.

use serde::{Deserialize, Serialize};

use crate::{Digest, OutputLink, Submission, TaskId, Timestamp};

/// So many sets of earlier links are remembered; where there are more, the first and the latest are kept.
const EARLIER_MAX: usize = 4;

/// The provider's task that a submission started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteTask {
    /// The provider's id.
    pub id: TaskId,
    /// The number of the submission that started it.
    pub submission: u32,
    /// When its acceptance was recorded.
    pub accepted_at: Timestamp,
    /// Status requests answered so far.
    pub polls: u32,
    /// The provider's last status word, as it wrote it.
    pub word: Option<String>,
    /// The provider's last progress figure, 0 to 100.
    pub progress: Option<u8>,
    /// It ran longer than the account's `running_timeout`; it is polled slowly and never bought again.
    pub overdue: bool,
    /// The mark of the key and address that its submission was sent with: under any other, "no such task" says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Digest>,
    /// A person agreed that the row is bought again, should this task turn out to be over without an output. It is looked
    /// at first in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub buy_again: bool,
    /// A person wants to know what became of it, and nothing else: however it ends, the row is not bought again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_looked_at: bool,
    /// The submission that a person named it for: it may be another row's, and only such a task is ever exchanged or taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<Box<Submission>>,
    /// The outputs' links that were given up for fresh ones, a set for each reply that named them. A link may come to life
    /// late: while its time lasts, these are tried in turn with whatever the provider names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_links: Vec<Vec<OutputLink>>,
}

impl RemoteTask {
    /// A task that was accepted just now.
    pub const fn accepted(id: TaskId, submission: u32, at: Timestamp) -> Self {
        Self {
            id,
            submission,
            accepted_at: at,
            polls: 0,
            word: None,
            progress: None,
            overdue: false,
            mark: None,
            buy_again: false,
            only_looked_at: false,
            named: None,
            earlier_links: Vec::new(),
        }
    }

    /// The task with these links among the earlier ones; each set is remembered once.
    #[must_use]
    pub fn remembering(mut self, links: Vec<OutputLink>) -> Self {
        let urls = |links: &[OutputLink]| links.iter().map(|link| link.url.clone()).collect::<Vec<_>>();
        let fresh = urls(&links);
        if let Some(same) = self.earlier_links.iter_mut().find(|earlier| urls(earlier) == fresh) {
            *same = links;
            return self;
        }
        if self.earlier_links.len() >= EARLIER_MAX {
            self.earlier_links.remove(1);
        }
        self.earlier_links.push(links);
        self
    }

    /// The task as it is looked at once more after its job ended.
    #[must_use]
    pub fn looked_at_again(self, buy_again: bool) -> Self {
        Self { word: None, progress: None, overdue: false, buy_again, only_looked_at: !buy_again, ..self }
    }
}
