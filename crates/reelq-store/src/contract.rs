//! `contract!`: how one list of verbs becomes [`Store`](crate::Store), [`StoreDecorator`](crate::StoreDecorator) and
//! [`each_verb!`](crate::each_verb). What has a default, waits, or makes no call, is written out here.

/// Makes the two traits from the verbs that every store has to have. `$` itself comes first, for the macro that it makes.
macro_rules! contract {
    (
        ($dollar:tt)
        $(#![$about:meta])*
        $($(#[$doc:meta])* async fn $verb:ident(&self $(, $argument:ident: $type:ty)* $(,)?) -> $answer:ty;)*
    ) => {
        /// Hands the verbs of [`Store`](crate::Store) that every store has to have to a macro of yours: where your engine does
        /// each of them alike, it writes the whole `impl`. Of it only `watch` and `time` are left to you.
        ///
        /// The macro gets `async fn verb(&self, argument: Type) -> Answer;` for each verb. Import the types that they name.
        #[macro_export]
        macro_rules! each_verb {
            ($dollar with:ident) => {
                $dollar with! { $(async fn $verb(&self $(, $argument: $type)*) -> $answer;)* }
            };
        }

        $(#[$about])*
        #[async_trait]
        pub trait Store: Send + Sync + fmt::Debug {
            $($(#[$doc])* async fn $verb(&self $(, $argument: $type)*) -> $answer;)*

            /// Waits until something changed since `mark`, the last call's answer, or until `limit` has passed, and answers the
            /// present mark.
            /// 0 asks for the present mark at once, so no mark is 0. Changes by other processes count. A change may be reported that
            /// concerns no one, but a claim that brings nothing is no change: those who wait would wake each other for ever.
            async fn watch(&self, mark: u64, limit: Duration) -> Result<u64>;

            /// Lengthens what a worker follows to `lasts` from now, and answers which tasks it follows no more.
            /// Before its first call a worker follows nothing: commits that ask for it are declined. Once the time has passed, or
            /// its process is known to be dead, everything that it follows is taken back, and due at once where its due time has
            /// come; so this call is what begins it anew. May be repeated: what ended is answered once.
            ///
            /// A store that lets no task stay with a worker keeps this default, and declines.
            async fn keep_following(&self, worker: &WorkerId, lasts: Duration) -> Result<Followed> {
                _ = (worker, lasts);
                Ok(Followed::default())
            }

            /// Takes status requests of an account, at most `most`, for tasks that the caller follows: from the same bucket as
            /// claims, and under the same pauses.
            /// Those that are not sent within a few seconds lapse. A repeat takes others.
            async fn poll_tokens(&self, account: &AccountName, most: usize) -> Result<PollTokens> {
                _ = (account, most);
                Ok(PollTokens::default())
            }

            /// Takes a step of comparing journals with the store, and answers which folders it waits for.
            /// May be repeated.
            async fn guard(&self, step: &GuardStep) -> Result<StoreGuard> {
                _ = step;
                Ok(StoreGuard::default())
            }

            /// Waits a few seconds until all that was done before, by anyone, would survive a change of servers: on the server's
            /// disk, where it can say so, and on every connected replica.
            /// May be repeated.
            async fn everywhere(&self) -> Result<Spread> {
                Ok(Spread::default())
            }

            /// Answers when the backup was taken that the state came from, until [`Store::accept_restored`].
            /// Nothing new is bought before; known tasks are followed and fetched. May be repeated.
            async fn restored(&self) -> Result<Option<Timestamp>> {
                Ok(None)
            }

            /// Lets a state that came from a backup buy again, on a person's word; `false` where there was nothing to accept.
            /// May be repeated.
            async fn accept_restored(&self) -> Result<bool> {
                Ok(false)
            }

            /// Changes whenever the store may have forgotten what it acknowledged: another server answers, or the same one after a
            /// restart.
            fn epoch(&self) -> u64 {
                0
            }

            /// Answers what this process knows of the namespace's life.
            fn remembered(&self) -> Remembered {
                Remembered::default()
            }

            /// Tells the store that this process buys from now on, with a journal in `folder` that knows `told` of the namespace's
            /// life.
            fn remember(&self, _folder: &str, _told: &Remembered) {}

            /// Answers the store's time as this process counts it on from the last answer.
            fn time(&self) -> Timestamp;
        }

        /// A store with another one inside, to which each verb goes that it does not name itself.
        ///
        /// A new verb passes through every decorator. Where it brings or records a purchase, see what each of them owes to it.
        #[async_trait]
        pub trait StoreDecorator: Send + Sync + fmt::Debug {
            /// Answers the store inside.
            ///
            /// # Errors
            /// Where it cannot be asked at present: what every verb then answers.
            fn inner(&self) -> Result<SharedStore>;

            /// As [`Store::time`], which cannot fail.
            fn time(&self) -> Timestamp;

            /// As [`Store::epoch`], which cannot fail.
            fn epoch(&self) -> u64;

            /// As [`Store::watch`].
            async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
                self.inner()?.watch(mark, limit).await
            }

            $(
                #[doc = concat!("As [`Store::", stringify!($verb), "`].")]
                async fn $verb(&self $(, $argument: $type)*) -> $answer {
                    self.inner()?.$verb($($argument),*).await
                }
            )*
        }

        #[async_trait]
        impl<D: StoreDecorator> Store for D {
            $(
                async fn $verb(&self $(, $argument: $type)*) -> $answer {
                    StoreDecorator::$verb(self $(, $argument)*).await
                }
            )*

            async fn watch(&self, mark: u64, limit: Duration) -> Result<u64> {
                StoreDecorator::watch(self, mark, limit).await
            }

            async fn keep_following(&self, worker: &WorkerId, lasts: Duration) -> Result<Followed> {
                self.inner()?.keep_following(worker, lasts).await
            }

            async fn poll_tokens(&self, account: &AccountName, most: usize) -> Result<PollTokens> {
                self.inner()?.poll_tokens(account, most).await
            }

            async fn guard(&self, step: &GuardStep) -> Result<StoreGuard> {
                self.inner()?.guard(step).await
            }

            async fn everywhere(&self) -> Result<Spread> {
                self.inner()?.everywhere().await
            }

            async fn restored(&self) -> Result<Option<Timestamp>> {
                self.inner()?.restored().await
            }

            async fn accept_restored(&self) -> Result<bool> {
                self.inner()?.accept_restored().await
            }

            fn time(&self) -> Timestamp {
                StoreDecorator::time(self)
            }

            fn epoch(&self) -> u64 {
                StoreDecorator::epoch(self)
            }

            fn remembered(&self) -> Remembered {
                self.inner().map(|inner| inner.remembered()).unwrap_or_default()
            }

            fn remember(&self, folder: &str, told: &Remembered) {
                if let Ok(inner) = self.inner() {
                    inner.remember(folder, told);
                }
            }
        }
    };
}
