//! The adapters, seen from outside: pages' examples, replies, rules, conformance and properties.

#[cfg(test)]
mod catalogues;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod images;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod support;
#[cfg(test)]
mod verdicts;
