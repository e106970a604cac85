//! Whose connections are re-used, as words.

use std::str::FromStr;

/// Whose connections an iteration may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// Those of its worker.
    #[default]
    Shared,
    /// Those of its user alone.
    User,
}

impl FromStr for Connections {
    type Err = ConnectionsError;

    /// `shared` or `user`.
    fn from_str(text: &str) -> Result<Self, ConnectionsError> {
        match text.trim() {
            "shared" => Ok(Connections::Shared),
            "user" => Ok(Connections::User),
            _ => Err(ConnectionsError(text.to_owned())),
        }
    }
}

/// Neither of the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` connections; write \"shared\" or \"user\"")]
pub struct ConnectionsError(String);
