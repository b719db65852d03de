//! Stops the world at every commit and request in turn; the same work started again must converge without a second purchase.

#[cfg(test)]
#[path = "../../../reelq-worker/tests/runtime/hooked_store.rs"]
mod hooked_store;
#[cfg(test)]
mod points;
#[cfg(test)]
mod vendor;
#[cfg(test)]
mod world;

#[cfg(test)]
mod every_point;
