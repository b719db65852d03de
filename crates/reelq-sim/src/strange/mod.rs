//! What vendors and networks were seen to do to replies and files that were good before: forms, words and numbers that
//! no one documented.
//!
//! Nothing here decides about money: what was bought is bought, however its reply looks.

mod document;
mod file;
mod form;
mod page;

pub(crate) use document::{Strangeness, twisted};
pub(crate) use file::{changed, delivered, late, webm};
pub(crate) use form::reformed;
pub(crate) use page::{gateway_page, login_redirect, naming_its_task, no_such_task, of_another_century};
