//! Answers that a test gives in advance.

use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};

/// The next answers of a fake, in order. Clones share one script.
#[derive(Debug)]
pub struct Script<T>(Arc<Mutex<VecDeque<T>>>);

impl<T> Clone for Script<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Script<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Debug> Script<T> {
    /// Adds the answer to one more question.
    pub fn push(&self, answer: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }

    /// The next answer. Panics where `question` was not expected any more.
    pub fn next(&self, question: &str) -> T {
        let answer = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        answer.unwrap_or_else(|| panic!("{question}: no more of these were expected"))
    }
}
