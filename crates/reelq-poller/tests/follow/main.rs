//! Following a task: what each answer of the provider makes of the job.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod cancelling;
#[cfg(test)]
mod fakes;
