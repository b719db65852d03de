//! The submission protocol, step by step, against a provider and a desk that do as they are told.

#[cfg(test)]
mod breaking;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod first;
#[cfg(test)]
mod replays;
