#![doc = include_str!("README.md")]

mod adapter;
mod reply;
mod request;
mod wire;

pub(crate) use adapter::{Apixo, MODELS};
