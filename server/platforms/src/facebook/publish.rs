//! Posting to a Page: each picture as an unpublished photo, then one `POST /{page}/feed`.

use chrono::{DateTime, Duration, Utc};
use domain::deliveries::ErrorClass;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Facebook, List, PLATFORM, refused};
use crate::{
    adapter::{Finding, Progress, PublishRequest, Published, Staged},
    error::PlatformError,
    http::{Call, Operation, Part, RateState},
    reconcile::{Listed, Search, not_before},
    state,
};

/// The format of the saved state.
const FORMAT: &str = "facebook/1";
/// Unpublished photos are kept about a day; well before that they are uploaded anew.
const PHOTO_LIFE: Duration = Duration::hours(20);
/// Pages of 100 of the Page's posts read when looking for one.
const PAGES: usize = 3;

/// What is saved between steps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    photos: Vec<Photo>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Photo {
    id: String,
    uploaded_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Post {
    id: String,
    message: Option<String>,
    created_time: Option<String>,
    permalink_url: Option<String>,
    attachments: Option<List<Attachment>>,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    media_type: Option<String>,
    subattachments: Option<List<Value>>,
}

impl Facebook {
    pub(super) async fn upload_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        let now = self.http.now();
        let mut state = usable(saved, request, now);
        let mut traces = Vec::new();
        let mut rate = RateState::default();
        if let Some(item) = request.media.get(state.photos.len()) {
            let bytes = item.read_all(PLATFORM).await?;
            let mut parts = vec![
                Part::text("published", "false"),
                Part::secret("access_token", &request.account.tokens.access_token),
                Part::file("source", item.mime.clone(), bytes),
            ];
            if let Some(alt) = item.alt() {
                parts.push(Part::text("alt_text_custom", alt));
            }
            let call = Call::post(Operation::Stage, self.graph(&[&request.account.external_id, "photos"]))
                .multipart(parts)
                .hiding(&request.account.tokens.access_token)
                .timeout(self.http.upload_timeout());
            let reply = self.send(call).await?;
            let Id { id } = reply.parse()?;
            state.photos.push(Photo { id, uploaded_at: now });
            rate = reply.rate;
            traces.push(reply.trace);
        }
        let progress = if state.photos.len() < request.media.len() { Progress::More } else { Progress::Ready };
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces, rate })
    }

    pub(super) async fn create_post(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        let state = state::load::<State>(FORMAT, state).filter(|state| state.photos.len() == request.media.len());
        let state = state.ok_or_else(|| refused(ErrorClass::Operator, "not_staged"))?;
        let mut call = Call::post(Operation::Commit, self.graph(&[&request.account.external_id, "feed"]))
            .secret_field("access_token", &request.account.tokens.access_token);
        if !request.text.is_empty() {
            call = call.field("message", request.text.as_str());
        }
        if !state.photos.is_empty() {
            let photos: Vec<Value> = state.photos.iter().map(|photo| json!({"media_fbid": photo.id})).collect();
            call = call.field("attached_media", Value::Array(photos).to_string());
        } else if let Some(link) = &request.link {
            call = call.field("link", link.as_str());
        }
        let reply = self.send(call).await?;
        let Id { id } = reply.parse()?;
        Ok(Published { url: Some(self.post_url(&id)), external_id: id, trace: Box::new(reply.trace), rate: reply.rate })
    }

    pub(super) async fn find(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        let mut search = Search::new(request, known);
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut call = self
                .read(
                    Operation::Find,
                    &[&request.account.external_id, "published_posts"],
                    &request.account.tokens.access_token,
                )
                .query(
                    "fields",
                    "id,message,created_time,permalink_url,attachments{media_type,subattachments{media_type}}",
                )
                .query("since", &not_before(request).timestamp().to_string())
                .query("limit", "100");
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            let list: List<Post> = self.send(call).await?.parse()?;
            after = list.next();
            search.take(list.data.into_iter().map(|post| self.listed(post)));
            if after.is_none() {
                break;
            }
        }
        // `since` ends the list at the delivery's start.
        Ok(search.finish(after.is_none()))
    }

    fn listed(&self, post: Post) -> Listed {
        Listed {
            pictures: post.attachments.map(|attachments| pictures(&attachments.data)),
            published_at: post.created_time.as_deref().and_then(moment),
            texts: vec![post.message.unwrap_or_default()],
            url: post.permalink_url.or_else(|| Some(self.post_url(&post.id))),
            id: post.id,
        }
    }

    /// Facebook sends `/{page}_{post}` on to the post's own address. Asking for that one (`permalink_url`) would be a
    /// second call between a post going out and its being recorded.
    fn post_url(&self, id: &str) -> String {
        format!("{}/{id}", self.settings.base_urls.web.as_str().trim_end_matches('/'))
    }
}

/// The saved photos, unless they belong to something else or are about to expire.
fn usable(saved: Option<&Value>, request: &PublishRequest, now: DateTime<Utc>) -> State {
    saved
        .and_then(|saved| state::load::<State>(FORMAT, saved))
        .filter(|state| state.photos.len() <= request.media.len())
        .filter(|state| state.photos.iter().all(|photo| now - photo.uploaded_at < PHOTO_LIFE))
        .unwrap_or_default()
}

/// Several pictures are one attachment, an album, with parts; a link card is an attachment without a picture of ours.
fn pictures(attachments: &[Attachment]) -> usize {
    attachments
        .iter()
        .map(|attachment| match (&attachment.subattachments, attachment.media_type.as_deref()) {
            (Some(parts), _) if !parts.data.is_empty() => parts.data.len(),
            (_, Some("photo")) => 1,
            _ => 0,
        })
        .sum()
}

/// `2026-11-20T12:00:00+0000`: nearly RFC 3339.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z").ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-20T12:00:00+0000", Some("2026-11-20T12:00:00Z"))]
    #[case("2026-11-20T13:00:00+01:00", Some("2026-11-20T12:00:00Z"))]
    #[case("yesterday", None)]
    fn moments(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(moment(text), expected.map(|at| at.parse().unwrap()));
    }

    #[rstest]
    #[case(json!([]), 0)]
    #[case(json!([{"media_type": "photo"}]), 1)]
    #[case(json!([{"media_type": "link"}]), 0)]
    #[case(json!([{"media_type": "album", "subattachments": {"data": [{}, {}, {}]}}]), 3)]
    fn pictures_are_counted(#[case] attachments: Value, #[case] expected: usize) {
        let attachments: Vec<Attachment> = serde_json::from_value(attachments).unwrap();
        assert_eq!(pictures(&attachments), expected);
    }
}
