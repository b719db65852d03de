//! Following a task: what each answer of the provider makes of the job.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod cancelling;
#[cfg(test)]
mod late;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod waits;
