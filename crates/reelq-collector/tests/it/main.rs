//! The collector over a real store, a real folder or bucket, and a server of files on loopback.

#[cfg(test)]
mod bucket;
#[cfg(test)]
mod collecting;
#[cfg(test)]
mod house;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod results;
#[cfg(test)]
mod server;
