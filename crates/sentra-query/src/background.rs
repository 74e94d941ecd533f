//! Threads for questions that take long: the system lets them work when nothing else wants the processor, and they rest
//! while a quick question is answered, so that they move neither anybody's quick questions nor the intake. They are started
//! with the first such question.

use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock};

use futures::{StreamExt as _, stream};
use rustix::process::setpriority_process;
use sentra_kql::plan::Plan;
use sentra_kql::run::Precedence;
use sentra_model::TenantScope;
use sentra_store::{AnswerStream, AskLimits, MartStore};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::turns::Lane;

/// How nice these threads are to all others: where both want a core, they get about a thirtieth of it.
const NICE: i32 = 15;

#[derive(Debug)]
pub(crate) struct Background {
    /// Nothing where they cannot be started.
    runtime: OnceLock<Option<Runtime>>,
    /// What they give way to.
    precedence: Precedence,
}

impl Background {
    /// They give way to what goes first in `precedence`.
    pub(crate) fn new(precedence: Precedence) -> Self {
        Self { runtime: OnceLock::new(), precedence }
    }

    /// Where questions of the lane are worked on, if not where they are asked.
    pub(crate) fn of(&self, lane: Lane) -> Option<&Handle> {
        if lane == Lane::Quick {
            return None;
        }
        let runtime = self.runtime.get_or_init(|| {
            start(self.precedence.clone())
                .inspect_err(|error| tracing::warn!(%error, "long questions have no threads of their own"))
                .ok()
        });
        runtime.as_ref().map(Runtime::handle)
    }
}

fn start(precedence: Precedence) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    let on_start = move || {
        be_nice();
        precedence.give_way_on_this_thread();
    };
    builder.enable_all().thread_name("sentra-long").on_thread_start(on_start).build()
}

/// Of this thread alone, as Linux has it.
fn be_nice() {
    if let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "a thread for long questions is as urgent as the others");
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Whoever drops the desk may be on a runtime, where nobody may wait for threads.
        if let Some(runtime) = self.runtime.take().flatten() {
            runtime.shutdown_background();
        }
    }
}

/// Does `work` on `threads`, or here where there are none. Whoever drops the future ends it in both cases.
pub(crate) async fn work_on<T: Send + 'static>(
    threads: Option<&Handle>,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let Some(threads) = threads else { return Some(work.await) };
    let mut task = JoinSet::new();
    task.spawn_on(work, threads);
    match task.join_next().await? {
        Ok(done) => Some(done),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}

/// What `plan` gives, computed on `threads`, at most a piece ahead of whoever takes it. Whoever drops the stream ends the work.
pub(crate) fn stream_on(
    threads: &Handle,
    marts: Arc<dyn MartStore>,
    scope: TenantScope,
    plan: Plan,
    limits: AskLimits,
) -> AnswerStream<'static> {
    let (sender, receiver) = mpsc::channel(1);
    let mut task = JoinSet::new();
    let work = async move {
        let mut parts = marts.ask_stream(&scope, &plan, &limits);
        while let Some(part) = parts.next().await {
            if sender.send(part).await.is_err() {
                return;
            }
        }
    };
    task.spawn_on(work, threads);
    stream::unfold((receiver, task), |(mut receiver, mut task)| async move {
        if let Some(part) = receiver.recv().await {
            return Some((part, (receiver, task)));
        }
        match task.join_next().await {
            Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            _ => None,
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use sentra_kql::run::should_rest;
    use tokio::sync::oneshot;

    use super::*;

    fn niceness() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[tokio::test]
    async fn long_questions_work_on_threads_that_are_nice() {
        let background = Background::new(Precedence::on(1));
        assert!(background.of(Lane::Quick).is_none() && background.runtime.get().is_none());
        let here = niceness();
        let there = work_on(background.of(Lane::Heavy), async {
            let blocking = tokio::task::spawn_blocking(niceness).await.unwrap();
            (thread::current().name().map(str::to_owned), niceness(), blocking)
        });
        assert_eq!(there.await.unwrap(), (Some("sentra-long".to_owned()), NICE.max(here), NICE.max(here)));
        assert_eq!(work_on(None, async { niceness() }).await, Some(here), "nobody else has become nice");
    }

    #[tokio::test]
    async fn who_drops_the_future_ends_the_work() {
        let background = Background::new(Precedence::on(1));
        let (alive, gone) = oneshot::channel::<()>();
        let work = work_on(background.of(Lane::Heavy), async move {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            drop(alive);
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), work).await.is_err());
        // What the work held is gone with it.
        assert!(tokio::time::timeout(Duration::from_secs(30), gone).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn long_questions_give_way_to_quick_ones() {
        let precedence = Precedence::on(1);
        let background = Background::new(precedence.clone());
        let until_it_rests = || {
            while !should_rest() {
                thread::sleep(Duration::from_millis(1));
            }
        };
        let long = background.of(Lane::Heavy).unwrap().spawn(async move {
            until_it_rests();
            tokio::task::spawn_blocking(until_it_rests).await.unwrap();
        });
        let begun = Instant::now();
        while !long.is_finished() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the long one never saw the quick ones");
            let _first = precedence.go_first();
            assert!(!should_rest(), "the quick one waits for itself");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        long.await.unwrap();
    }
}
