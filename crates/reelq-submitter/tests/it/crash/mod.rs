//! Stops the world at every commit and request in turn; the same work started again must converge without a second purchase.

mod every_point;
mod points;
mod vendor;
mod world;
