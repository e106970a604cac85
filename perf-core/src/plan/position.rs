//! How far test data was handed out: to all users together, and to each.
//!
//! Knows no rows. Everything in it is shared between threads without locks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many rows were claimed: by all users together, and by each.
#[derive(Default)]
pub(super) struct Position {
    pub(super) of_all: AtomicU64,
    pub(super) of_users: UserPositions,
}

/// A position for each user: a tree whose branches are the bits of the ids, two a level, the lowest first.
///
/// To find one takes a few loads. Only a user's very first draw adds a node, and only those who add the same one wait.
#[derive(Default)]
pub(super) struct UserPositions(OnceLock<Box<UserNode>>);

struct UserNode {
    user_id: u64,
    position: AtomicU64,
    children: [UserPositions; 4],
}

impl UserPositions {
    /// That of one user.
    pub(super) fn of(&self, user_id: u64) -> &AtomicU64 {
        let (mut place, mut bits) = (self, user_id);
        // Two ids differ in some bit, so that the way to each ends at the latest after 32 levels.
        loop {
            let node = place.0.get_or_init(|| {
                Box::new(UserNode { user_id, position: AtomicU64::new(0), children: Default::default() })
            });
            if node.user_id == user_id {
                return &node.position;
            }
            place = &node.children[(bits % 4) as usize];
            bits /= 4;
        }
    }

    /// All of them start again.
    pub(super) fn rewind(&self) {
        if let Some(node) = self.0.get() {
            node.position.store(0, Relaxed);
            node.children.iter().for_each(UserPositions::rewind);
        }
    }
}
