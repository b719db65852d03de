//! The submission protocol, step by step, against a scripted provider and job context.

#[cfg(test)]
mod circuit_breaker;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod first;
#[cfg(test)]
mod replays;
