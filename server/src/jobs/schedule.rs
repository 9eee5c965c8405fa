//! What runs by the clock, in UTC, spread over the hour so that not everything starts at once. One list.
//!
//! Every worker process carries the schedules; the database sees to it that each moment counts once. A moment that
//! passed while no worker ran is not made up for: all of these look at the whole state, not at what happened since.

use graphile_worker::{Crontab, CrontabTimer};
use serde_json::{Map, Value};

use super::{Job, JobsError, retention::SweepRetention};
use crate::features::{
    accounts::jobs::{SweepTokens, TokenReach},
    media::jobs::{ExpireUploads, SweepFiles},
};

/// All schedules.
pub fn all() -> Result<Vec<Crontab>, JobsError> {
    Ok(vec![
        at(CrontabTimer::every_n_minutes(5)?, "tokens_ending", &SweepTokens { reach: TokenReach::Lead }),
        at(CrontabTimer::daily_at(4, 23)?, "tokens_week", &SweepTokens { reach: TokenReach::Week }),
        at(CrontabTimer::hourly_at(17)?, "retention", &SweepRetention {}),
        at(CrontabTimer::daily_at(3, 41)?, "media_files", &SweepFiles {}),
        at(CrontabTimer::hourly_at(37)?, "media_uploads", &ExpireUploads {}),
    ])
}

fn at<J: Job>(timer: CrontabTimer, id: &str, job: &J) -> Crontab {
    let mut crontab = Crontab::new(timer, J::TASK);
    crontab.options.id = Some(id.to_owned());
    crontab.options.job_key = job.key();
    crontab.options.max = u16::try_from(J::MAX_ATTEMPTS).ok();
    // The library adds the moment to an object; everything else it passes on as it is.
    crontab.payload = serde_json::to_value(job).ok().filter(Value::is_object).or(Some(Value::Object(Map::default())));
    crontab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_is_possible_named_once_and_has_a_handler() {
        let schedules = all().unwrap();
        let registry = crate::jobs::registry::all();
        let mut names: Vec<&str> = schedules.iter().map(Crontab::identifier).collect();
        assert!(schedules.iter().all(|schedule| registry.handles(schedule.task_identifier())));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), schedules.len());
    }

    #[test]
    fn payloads_carry_what_the_job_says() {
        let schedules = all().unwrap();
        let week = schedules.iter().find(|schedule| schedule.identifier() == "tokens_week").unwrap();
        assert_eq!(week.payload(), &Some(serde_json::json!({"reach": "week"})));
    }
}
