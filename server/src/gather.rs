//! What several tasks ask at the same moment, asked once.
//!
//! Whoever comes while nothing is under way goes at once; what comes meanwhile goes together afterwards. So nobody waits for
//! company, and the more there is to do, the more is done with one round trip and one commit.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use domain::{ServiceError, ServiceResult};
use tokio::sync::oneshot::{self, error::TryRecvError};

/// One kind of question: `T` is one task's, `R` its answer.
#[derive(Debug)]
pub struct Gather<T, R> {
    waiting: Mutex<Vec<(T, oneshot::Sender<R>)>>,
    turn: tokio::sync::Mutex<()>,
}

impl<T, R> Default for Gather<T, R> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T, R> Gather<T, R> {
    /// Asks `item` together with all that waits. `ask` gets the items of its turn and gives one answer for each, in their order.
    /// None when the task that asked for this one was dropped, or gave no answer to it: then it is not known what came of it.
    pub async fn with<F: Future<Output = Vec<R>>>(&self, item: T, ask: impl FnOnce(Vec<T>) -> F) -> Option<R> {
        let (sender, mut receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((item, sender));
        let _turn = self.turn.lock().await;
        // Whoever had a turn before has taken it along, or it still waits.
        match receiver.try_recv() {
            Err(TryRecvError::Empty) => {}
            taken_along => return taken_along.ok(),
        }
        let batch = mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let (items, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        for (sender, answer) in senders.into_iter().zip(ask(items).await) {
            // Whoever asked may be gone.
            let _ = sender.send(answer);
        }
        receiver.try_recv().ok()
    }
}

/// One error as the answer to each of `count` that asked together.
pub fn same_for_all<T>(error: &ServiceError, count: usize) -> Vec<ServiceResult<T>> {
    tracing::warn!(cause = ?error.cause, count, "what several tasks asked together failed");
    let again = || ServiceError { fault: error.fault.clone(), cause: None };
    (0..count).map(|_| Err(again())).collect()
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tokio::task::JoinSet;

    use super::Gather;

    /// Doubles each number; a turn takes a moment.
    async fn doubled(numbers: Vec<u32>, turns: &AtomicUsize) -> Vec<u32> {
        turns.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        numbers.into_iter().map(|n| n * 2).collect()
    }

    #[tokio::test]
    async fn each_gets_its_own_answer_and_what_comes_meanwhile_goes_together() {
        let (gather, turns) = (Arc::new(Gather::default()), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for n in 0..100 {
            let (gather, turns) = (Arc::clone(&gather), Arc::clone(&turns));
            tasks.spawn(async move {
                let answer = gather.with(n, |numbers| doubled(numbers, &turns)).await;
                assert_eq!(answer, Some(n * 2));
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(turns.load(Ordering::SeqCst), 2, "the first alone, then the other ninety-nine");
    }

    #[tokio::test]
    async fn one_alone_waits_for_nobody() {
        let (gather, turns) = (Gather::default(), AtomicUsize::new(0));
        for n in 0..3 {
            assert_eq!(gather.with(n, |numbers| doubled(numbers, &turns)).await, Some(n * 2));
        }
        assert_eq!(turns.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn who_asked_with_a_task_that_was_dropped_is_told_so() {
        let gather = Arc::new(Gather::<u32, u32>::default());
        let leader = {
            let gather = Arc::clone(&gather);
            tokio::spawn(async move { gather.with(1, |_| std::future::pending()).await })
        };
        tokio::task::yield_now().await;
        leader.abort();
        let _ = leader.await;
        let turns = AtomicUsize::new(0);
        // The next is not held up by it.
        assert_eq!(gather.with(2, |numbers| doubled(numbers, &turns)).await, Some(4));
        let silent = gather.with(3, |_| async { Vec::new() }).await;
        assert_eq!(silent, None);
    }
}
