//! Result manifests, seen from outside.

#[cfg(test)]
mod picks;
#[cfg(test)]
mod results;
#[cfg(test)]
mod spreadsheets;
