//! What several tasks ask at the same moment, asked once.
//!
//! Whoever comes while nothing is under way goes at once; what comes meanwhile goes together afterwards. So nobody waits for
//! company, and the more there is to do, the more is done with one round trip and one commit.

use std::{
    collections::VecDeque,
    iter, mem, slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{ErrorCode, ServiceError, ServiceResult};
use tokio::sync::oneshot;

/// One kind of question: `T` is one task's, `R` its answer.
#[derive(Debug)]
pub struct Gather<T, R>(Arc<Mutex<State<T, R>>>);

#[derive(Debug)]
struct State<T, R> {
    /// Whether a turn is under way.
    asking: bool,
    waiting: VecDeque<(T, oneshot::Sender<Word<T, R>>)>,
}

/// What a task that waits is told.
#[derive(Debug)]
enum Word<T, R> {
    Answer(R),
    /// It is its turn, with its own item and all that wait.
    Ask(T, Turn<T, R>),
}

/// Where a task hears that.
type Place<T, R> = oneshot::Receiver<Word<T, R>>;

/// A turn under way. However it ends, one of those that wait has the next.
#[derive(Debug)]
struct Turn<T, R>(Option<Arc<Mutex<State<T, R>>>>);

impl<T, R> Default for Gather<T, R> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { asking: false, waiting: VecDeque::new() })))
    }
}

impl<T, R> Gather<T, R> {
    /// Asks `item` together with all that waits. `ask` gets the items of its turn and gives one answer for each, in their order.
    /// None when the task that asked for this one was dropped, or gave no answer to it: then it is not known what came of it.
    pub async fn with<F: Future<Output = Vec<R>>>(&self, item: T, ask: impl FnOnce(Vec<T>) -> F) -> Option<R> {
        let (item, turn) = match self.begin(item) {
            Ok(begun) => begun,
            Err(receiver) => match receiver.await.ok()? {
                Word::Answer(answer) => return Some(answer),
                Word::Ask(item, turn) => (item, turn),
            },
        };
        let waiting = mem::take(&mut locked(&self.0).waiting);
        let (others, senders): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        let mut answers = ask(iter::once(item).chain(others).collect()).await.into_iter();
        drop(turn);
        let own = answers.next();
        for (sender, answer) in senders.into_iter().zip(answers) {
            // Whoever asked may be gone.
            let _ = sender.send(Word::Answer(answer));
        }
        own
    }

    /// A turn at once if none is under way, else a place among those that wait.
    fn begin(&self, item: T) -> Result<(T, Turn<T, R>), Place<T, R>> {
        let mut state = locked(&self.0);
        if !state.asking {
            state.asking = true;
            return Ok((item, Turn(Some(Arc::clone(&self.0)))));
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push_back((item, sender));
        Err(receiver)
    }
}

impl<T, R> Drop for Turn<T, R> {
    fn drop(&mut self) {
        let Some(mut state) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = locked(&state);
                let next = state.waiting.pop_front();
                state.asking = next.is_some();
                next
            };
            let Some((item, sender)) = next else { return };
            // What nobody waits for any more is not asked.
            match sender.send(Word::Ask(item, Self(Some(state)))) {
                Err(Word::Ask(_, mut turn)) => match turn.0.take() {
                    Some(kept) => state = kept,
                    None => return,
                },
                Ok(()) | Err(Word::Answer(_)) => return,
            }
        }
    }
}

fn locked<T, R>(state: &Mutex<State<T, R>>) -> MutexGuard<'_, State<T, R>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for all `items` together. Where that fails for another reason than a silent database, asks for each alone, so that none
/// suffers from another's fault. `ask` gives one answer for each of its items, in their order, or fails as a whole and has done
/// nothing.
pub async fn together<'a, T, R, F>(items: &'a [T], ask: impl Fn(&'a [T]) -> F) -> Vec<ServiceResult<R>>
where
    F: Future<Output = ServiceResult<Vec<R>>>,
{
    let error = match ask(items).await {
        Ok(answers) => return answers.into_iter().map(Ok).collect(),
        Err(error) if items.len() == 1 => return vec![Err(error)],
        Err(error) => error,
    };
    tracing::warn!(cause = ?error.cause, count = items.len(), "what several tasks asked together failed");
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        answers.push(if error.fault.code == ErrorCode::ServiceUnavailable {
            Err(ServiceError { fault: error.fault.clone(), cause: None })
        } else {
            ask(slice::from_ref(item)).await.and_then(|answers| {
                answers.into_iter().next().ok_or_else(|| ServiceError::internal("a question without an answer"))
            })
        });
    }
    answers
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use domain::{ErrorCode, ServiceError, ServiceResult};
    use tokio::task::JoinSet;

    use super::{Gather, together};

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

    /// Halves even numbers; one odd number fails all that are asked together.
    fn halved(numbers: &[u32], asked: &AtomicUsize) -> Ready<ServiceResult<Vec<u32>>> {
        asked.fetch_add(1, Ordering::SeqCst);
        let half = |n: &u32| if n.is_multiple_of(2) { Ok(n / 2) } else { Err(ServiceError::internal("odd")) };
        ready(numbers.iter().map(half).collect())
    }

    #[tokio::test]
    async fn one_s_fault_is_its_own() {
        let asked = AtomicUsize::new(0);
        let answers = together(&[2, 4, 6], |numbers| halved(numbers, &asked)).await;
        assert_eq!(answers.into_iter().map(Result::ok).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
        assert_eq!(asked.swap(0, Ordering::SeqCst), 1, "all at once");
        let answers = together(&[2, 5, 6], |numbers| halved(numbers, &asked)).await;
        assert_eq!(answers.into_iter().map(Result::ok).collect::<Vec<_>>(), [Some(1), None, Some(3)]);
        assert_eq!(asked.swap(0, Ordering::SeqCst), 4, "then each alone");
        let answers = together(&[5], |numbers| halved(numbers, &asked)).await;
        assert_eq!(answers[0].as_ref().unwrap_err().fault.code, ErrorCode::InternalError);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "whoever is alone is not asked twice");
    }

    #[tokio::test]
    async fn a_silent_database_is_not_asked_again_for_each() {
        let asked = AtomicUsize::new(0);
        let answers: Vec<ServiceResult<u32>> = together(&[1, 2, 3], |_| async {
            asked.fetch_add(1, Ordering::SeqCst);
            Err(ServiceError::unavailable("nobody there").retry_after(2))
        })
        .await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert_eq!(answers.len(), 3);
        for answer in answers {
            assert_eq!(answer.unwrap_err().fault.code, ErrorCode::ServiceUnavailable);
        }
    }
}
