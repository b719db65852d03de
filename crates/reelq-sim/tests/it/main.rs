//! The simulator over real sockets: each dialect, each fault, and what the ledger says of it.

#[cfg(test)]
mod apixo;
#[cfg(test)]
mod callbacks;
#[cfg(test)]
mod client;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod poyo;
#[cfg(test)]
mod strange;
#[cfg(test)]
mod wave;
