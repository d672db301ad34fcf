//! Two pieces of work side by side, where a second processor is worth a thread.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// Does both, `one` on another thread where it is to be `apart`; where no thread can be had, one after the other.
pub(crate) fn both<A: Send, B>(
    apart: bool,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    if !apart {
        return (one(), other());
    }
    // Kept here, for a thread that is not to be had would take it along.
    let work = Mutex::new(Some(one));
    let result = Mutex::new(None);
    let run = || {
        let one = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let done = one.map(|one| one());
        *result.lock().unwrap_or_else(PoisonError::into_inner) = done;
    };
    let other = thread::scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, run);
        let other = other();
        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => run(),
        }
        other
    });
    match result.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(one) => (one, other),
        None => unreachable!("what ran to its end has a result"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn both_are_done_once_whether_apart_or_not() {
        for apart in [false, true] {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            assert_eq!(both(apart, || one.push(1), || other.push(2)), ((), ()));
            assert_eq!((one, other), (vec![1], vec![2]));
        }
    }

    #[test]
    fn a_panic_on_the_other_thread_is_one_here() {
        let panicked = catch_unwind(AssertUnwindSafe(|| both(true, || panic!("there"), || 1)));
        let said = panicked.map_err(|panic| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        assert_eq!(said.map(|_: ((), i32)| ()), Err(Some("there".to_owned())));
    }
}
