//! Seconds that run down.

use super::class::cx;
use leptos::prelude::*;
use std::time::Duration;

/// "37 s", "2 min 05 s".
pub fn seconds_words(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds:02} s"),
    }
}

/// What is left of `seconds`. Read out with the words around it once, and not each second; the browser's clock decides,
/// so that a tab in the background is not behind.
#[component]
pub fn Countdown(
    seconds: u32,
    /// When nothing is left.
    #[prop(optional, into)]
    on_end: Option<Callback<()>>,
    #[prop(optional, into)] class: String,
) -> impl IntoView {
    let left = RwSignal::new(seconds);
    Effect::new(move |_| {
        let end = js_sys::Date::now() + f64::from(seconds) * 1000.0;
        let handle = StoredValue::new(None::<IntervalHandle>);
        let tick = move || {
            let rest = ((end - js_sys::Date::now()) / 1000.0).ceil().clamp(0.0, f64::from(u32::MAX));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
            let rest = rest as u32;
            let _gone = left.try_set(rest);
            if rest == 0 {
                if let Some(Some(handle)) = handle.try_get_value() {
                    handle.clear();
                }
                if let Some(on_end) = on_end {
                    on_end.try_run(());
                }
            }
        };
        if let Ok(started) = set_interval_with_handle(tick, Duration::from_millis(250)) {
            handle.set_value(Some(started));
            on_cleanup(move || started.clear());
        }
    });
    view! {
        <span data-ui="countdown" role="timer" aria-live="off" class=cx(&["tabular-nums whitespace-nowrap", &class])>
            {move || seconds_words(left.get())}
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::seconds_words;

    #[test]
    fn seconds_and_minutes() {
        assert_eq!(seconds_words(0), "0 s");
        assert_eq!(seconds_words(59), "59 s");
        assert_eq!(seconds_words(125), "2 min 05 s");
    }
}
