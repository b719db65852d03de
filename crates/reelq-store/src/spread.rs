//! How far a server has passed on what it was told.

/// How far all that was done before has come. What only one server knows is lost where another takes its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// How many replicas were connected when the store was asked.
    pub replicas: u32,
    /// How many of them have it all.
    pub reached: u32,
    /// Whether the server's own disk has it all; `None` where it cannot say, or keeps nothing there.
    pub disk: Option<bool>,
}

impl Spread {
    /// Whether any server that takes over from here on has it all. A replica that is not connected may not.
    pub fn is_everywhere(&self) -> bool {
        self.reached >= self.replicas && self.disk != Some(false)
    }
}
