//! Where what was done before is by now.

/// How far everything that was done before has come: what only one server knows is lost where another takes its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// Replicas that were connected when it was asked.
    pub replicas: u32,
    /// How many of them have it.
    pub reached: u32,
    /// Whether the server's own disk has it; `None` where it cannot say, or keeps nothing there.
    pub disk: Option<bool>,
}

impl Spread {
    /// Whether whoever takes over from here on knows of it. A replica that is not connected may not.
    pub fn is_everywhere(&self) -> bool {
        self.reached >= self.replicas && self.disk != Some(false)
    }
}
