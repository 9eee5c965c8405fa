//! What the page of all activity counts: the last day in figures, and the dead letters by reason.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::ErrorClass;
use crate::platform::Platform;

/// Two hours of the last day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FigureStep {
    /// Its beginning.
    pub from: DateTime<Utc>,
    pub published: u32,
    pub failed: u32,
    /// From when it was due until it was public, seconds; the middle one. `None` where nothing was published.
    pub median_seconds: Option<f64>,
}

/// The last 24 hours of a workspace's deliveries, and what is open now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryFigures {
    /// Published within the last 24 hours.
    pub published: u32,
    /// Given up within the last 24 hours.
    pub failed: u32,
    /// From when it was due until it was public, seconds; the middle one of the last 24 hours.
    pub median_seconds: Option<f64>,
    /// The last 24 hours in steps of two, oldest first.
    pub steps: Vec<FigureStep>,
}

impl DeliveryFigures {
    /// How far back they reach.
    pub const SPAN: Duration = Duration::hours(24);
    /// How many steps that is.
    pub const STEPS: i32 = 12;

    /// Share of what ended that was published, 0 to 1; `None` when nothing has ended.
    pub fn success_rate(&self) -> Option<f64> {
        rate(self.published, self.failed)
    }
}

impl FigureStep {
    /// The same of this step.
    pub fn success_rate(&self) -> Option<f64> {
        rate(self.published, self.failed)
    }
}

fn rate(published: u32, failed: u32) -> Option<f64> {
    let ended = published + failed;
    (ended > 0).then(|| f64::from(published) / f64::from(ended))
}

/// The dead letters of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeadLetterReason {
    pub error_class: ErrorClass,
    pub title: String,
    /// In plain words.
    pub what_happened: String,
    /// In plain words.
    pub what_to_do: String,
    pub count: u32,
    /// Of those, the ones of which only a person can tell whether they went out: starting over leaves them alone.
    pub needing_person: u32,
    /// Where they should have gone.
    pub platforms: Vec<Platform>,
    /// When the last of them was given up.
    pub latest_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_rate() {
        assert_eq!(DeliveryFigures::default().success_rate(), None);
        let some = DeliveryFigures { published: 3, failed: 1, ..DeliveryFigures::default() };
        assert_eq!(some.success_rate(), Some(0.75));
    }
}
