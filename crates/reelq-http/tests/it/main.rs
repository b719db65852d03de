//! The transport and the downloader against a raw server on loopback.

#[cfg(test)]
mod downloads;
#[cfg(test)]
mod misbehaving;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod support;
