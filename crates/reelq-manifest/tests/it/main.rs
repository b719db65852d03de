//! Manifests, seen from outside: every form, every mistake, templates, and result manifests.

#[cfg(test)]
mod manifests;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod results;
#[cfg(test)]
mod templates;
