//! Signals that end a long run: the first one lets it finish what is begun, the second ends it at once.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::emulate_default_handler;
use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What has arrived.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
    is_on: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Takes signals from here on. Where the system refuses, they end the process as they always did.
    pub(super) fn watch(&self) {
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // The order counts: the first handler looks at what the last one sets.
            let at_once = flag::register_conditional_default(signal, self.is_on.clone());
            if at_once.is_ok() {
                let number = usize::try_from(signal).unwrap_or_default();
                let _ = flag::register_usize(signal, self.signal.clone(), number);
                let _ = flag::register(signal, self.is_on.clone());
            }
        }
    }

    /// Whether one has arrived.
    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Ends the process as the signal would have done: so that a shell which runs a script stops that too.
    pub(super) fn end(&self) {
        if self.is_on() {
            let signal = c_int::try_from(self.signal.load(Ordering::Relaxed)).unwrap_or(SIGINT);
            let _ = emulate_default_handler(signal);
        }
    }
}
