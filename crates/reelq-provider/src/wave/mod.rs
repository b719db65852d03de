#![doc = include_str!("README.md")]

mod adapter;
mod dialect;
mod reply;
mod request;
mod wire;

pub(crate) use adapter::{MODELS, Wave};
pub(crate) use dialect::DIALECTS;
