//! Drawing a sheet of the calendar. Server only.

use crate::{
    features::posts::{
        server_fns::{CalendarPost, CalendarSheet, Moved},
        when,
    },
    services::Services,
    shared::pages::{WHOLE, whole},
};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use domain::{
    Actor, PostId, ServiceError, ServiceResult,
    posts::{
        Bound, PostFilter, PostPatch, PostStatus, PostSummary, Visibility,
        calendar::{CalendarDay, CalendarView},
    },
};

/// What a calendar shows: what goes or went out, or waits for approval of a time. Drafts have none.
const SHOWN: [PostStatus; 6] = [
    PostStatus::PendingApproval,
    PostStatus::Scheduled,
    PostStatus::Publishing,
    PostStatus::Published,
    PostStatus::PartlyPublished,
    PostStatus::Failed,
];

fn placed(post: PostSummary, zone: Tz) -> CalendarPost {
    let local = post.at.with_timezone(&zone).naive_local();
    CalendarPost { day: local.date(), time: local.format("%H:%M").to_string(), post }
}

/// The days around a date with the posts on them.
pub async fn draw(
    services: &Services,
    actor: &Actor,
    view: CalendarView,
    date: Option<NaiveDate>,
    zone: Tz,
) -> ServiceResult<CalendarSheet> {
    let now = services.clock.now();
    let today = now.with_timezone(&zone).date_naive();
    let date = date.unwrap_or(today);
    // Further off the arithmetic of days ends.
    let days = if (1970..9_990).contains(&date.year()) { view.days(date) } else { Vec::new() };
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else {
        return Err(ServiceError::field("date", "This date is out of the calendar."));
    };
    let range = |page| PostFilter {
        status: SHOWN.into_iter().collect(),
        from: Some(Bound::Day(first)),
        to: Some(Bound::Day(last)),
        page,
        ..PostFilter::default()
    };
    let mut posts: Vec<CalendarPost> = whole(|page| services.posts.list(actor, range(page)))
        .await?
        .into_iter()
        .filter(|post| post.status != PostStatus::PendingApproval || post.visibility == Visibility::Scheduled)
        .map(|post| placed(post, zone))
        .collect();
    posts.sort_by_key(|one| (one.post.at, one.post.id));
    Ok(CalendarSheet {
        view,
        date,
        zone: zone.name().to_owned(),
        today,
        now,
        days: days.into_iter().map(|day| CalendarDay::of(day, zone)).collect(),
        cut: posts.len() >= WHOLE,
        posts,
    })
}

/// Gives a scheduled post another time: a moment, or a wall-clock time in the post's own zone.
pub async fn move_to(
    services: &Services,
    actor: &Actor,
    id: PostId,
    version: u32,
    at: Option<DateTime<Utc>>,
    local: Option<NaiveDateTime>,
    zone: Tz,
) -> ServiceResult<Moved> {
    let before = services.posts.get(actor, id).await?;
    // Moving what goes out at once, or has been taken back, would make another post of it.
    if before.status != PostStatus::Scheduled {
        // Who may not change posts at all hears that first.
        services.posts.update(actor, id, PostPatch::default()).await?;
        return Err(ServiceError::conflict("Only a post that waits for its time can be moved."));
    }
    let patch = PostPatch { scheduled_at: at, scheduled_local: local, version: Some(version), ..PostPatch::default() };
    let note = local.and_then(|local| {
        let own = before.time_zone.as_deref().unwrap_or(zone.name());
        when::explain(local, own, services.clock.now()).filter(|when| !when.refused).and_then(|when| when.warning)
    });
    let post = services.posts.update(actor, id, patch).await?;
    // As the list has it.
    let moment = post.scheduled_at.unwrap_or_default();
    let here = |page| PostFilter {
        from: Some(Bound::Moment(moment)),
        to: Some(Bound::Moment(moment + chrono::TimeDelta::milliseconds(1))),
        page,
        ..PostFilter::default()
    };
    let listed = whole(|page| services.posts.list(actor, here(page))).await?.into_iter().find(|one| one.id == id);
    let post = listed.ok_or_else(|| ServiceError::not_found("post"))?;
    Ok(Moved { post: placed(post, zone), note })
}
