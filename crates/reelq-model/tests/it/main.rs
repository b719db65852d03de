//! The words and the state machine, seen from outside: the full table, sequences of events, and the stored form.

#[cfg(test)]
mod format;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod named;
#[cfg(test)]
mod recall;
#[cfg(test)]
mod table;
