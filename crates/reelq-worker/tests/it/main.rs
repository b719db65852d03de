//! The runtime over a real store file, with scripted handlers.

#[cfg(test)]
mod circuit_breaker;
#[cfg(test)]
mod counted;
#[cfg(test)]
mod following;
#[cfg(test)]
mod handover;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod log;
#[cfg(test)]
mod lost_second;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod paid;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod standstill;
#[cfg(test)]
mod store_faults;
#[cfg(test)]
mod support;
#[cfg(test)]
mod whole_batch;
