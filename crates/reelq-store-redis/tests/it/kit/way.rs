//! The two ways in which claims and commits go over Redis.

use reelq_store_redis::RedisStore;

/// How claims and commits go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// As they do: where nothing stands in the way, by scripts that judge little.
    Short,
    /// All by those that judge anything.
    Whole,
}

impl Way {
    /// The store, going this way.
    pub(crate) fn of(self, store: RedisStore) -> RedisStore {
        match self {
            Self::Short => store,
            Self::Whole => store.without_short_ways(),
        }
    }
}

/// Makes a test of each of the named functions for each way: they take a [`Way`].
macro_rules! on_each_way {
    ($($name:ident),* $(,)?) => {
        mod short {
            $(#[tokio::test] async fn $name() { super::$name(crate::kit::way::Way::Short).await; })*
        }
        mod whole {
            $(#[tokio::test] async fn $name() { super::$name(crate::kit::way::Way::Whole).await; })*
        }
    };
}
