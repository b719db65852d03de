//! Plans, loads and schedules over a store on disk.

#[cfg(test)]
mod again;
#[cfg(test)]
mod firing;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod ticks;
