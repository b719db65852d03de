//! The runtime over a real store file, with handlers that do as they are told.

mod support;
mod whole_batch;
