//! The submission protocol, step by step, against a scripted provider and job context; and stopped at every step.

#[cfg(test)]
mod circuit_breaker;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod first;
#[cfg(test)]
mod images;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod stand;
