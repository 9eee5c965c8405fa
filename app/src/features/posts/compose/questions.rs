//! Questions to the server while somebody writes: asked once the fields rest, and only the last answer counts.

use leptos::prelude::*;
use std::time::Duration;

/// Which question is the last one, and when it is asked. Belongs to the view that makes it: with that it falls silent.
#[derive(Clone, Copy)]
pub struct Questions {
    asked: StoredValue<u32>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Questions {
    pub fn new() -> Self {
        let questions = Self { asked: StoredValue::new(0), timer: StoredValue::new(None) };
        on_cleanup(move || questions.stop());
        questions
    }

    /// The number of a new question, which takes the place of the one before, whether that has been asked or not.
    pub fn next(self) -> u32 {
        self.stop();
        self.asked.update_value(|n| *n = n.wrapping_add(1));
        self.asked.get_value()
    }

    /// Whether nothing else has been asked since.
    pub fn is_last(self, own: u32) -> bool {
        self.asked.try_get_value() == Some(own)
    }

    /// Asks after a pause, unless there is a newer question by then.
    pub fn after(self, pause: Duration, ask: impl FnOnce() + 'static) {
        self.timer.set_value(set_timeout_with_handle(ask, pause).ok());
    }

    fn stop(self) {
        if let Some(Some(timer)) = self.timer.try_get_value() {
            timer.clear();
        }
    }
}
