//! Result manifests, seen from outside.

#[cfg(test)]
mod results;
