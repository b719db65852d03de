//! Manifests, seen from outside: every form, every mistake, and templates.

#[cfg(test)]
mod manifests;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod templates;
