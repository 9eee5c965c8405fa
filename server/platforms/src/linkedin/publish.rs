//! Posting: pictures to addresses `LinkedIn` hands out, then one `POST /rest/posts`.
//!
//! Whether a picture has been processed cannot be asked with a member's token, so an accepted upload counts as done;
//! `LinkedIn` refuses the post with `MEDIA_ASSET_WAITING_UPLOAD` where that was too early, and it is tried again.

use chrono::{DateTime, Duration, Utc};
use domain::{
    deliveries::ErrorClass,
    platform::linkedin::{escape_commentary, unescape_commentary},
};
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{Linkedin, PLATFORM, refused, rest_get, urn};
use crate::{
    adapter::{AccountKind, Finding, Progress, PublishRequest, Published, Staged},
    error::PlatformError,
    http::{Call, Operation, RateState},
    reconcile::{Listed, Search},
    state,
};

/// The format of the saved state.
const FORMAT: &str = "linkedin/1";
/// How long an uploaded picture that no post uses is relied upon.
const IMAGE_LIFE: Duration = Duration::hours(20);
/// Posts read at once, and how many times, when looking for one.
const FIND_COUNT: usize = 50;
const FIND_PAGES: usize = 4;

/// What is saved between steps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    images: Vec<Image>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Image {
    urn: String,
    uploaded_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct Initialized {
    value: Upload,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    upload_url: Url,
    image: String,
}

#[derive(Debug, Deserialize)]
struct Posts {
    #[serde(default)]
    elements: Vec<Post>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    id: String,
    commentary: Option<String>,
    /// Milliseconds since 1970.
    created_at: Option<i64>,
    published_at: Option<i64>,
    content: Option<Value>,
}

impl Linkedin {
    pub(super) async fn upload_next(
        &self,
        request: &PublishRequest,
        saved: Option<&Value>,
    ) -> Result<Staged, PlatformError> {
        let now = self.http.now();
        let mut state = usable(saved, request, now);
        let mut traces = Vec::new();
        let mut rate = RateState::default();
        if let Some(item) = request.media.get(state.images.len()) {
            let token = &request.account.tokens.access_token;
            let mut url = self.rest_url(&["images"]);
            url.query_pairs_mut().append_pair("action", "initializeUpload");
            let initialize = self
                .rest(Call::post(Operation::Stage, url))
                .bearer(token)
                .json(json!({"initializeUploadRequest": {"owner": urn(&request.account)}}));
            let reply = self.send(initialize).await?;
            let Upload { upload_url, image } = reply.parse::<Initialized>()?.value;
            traces.push(reply.trace);

            let bytes = item.read_all(PLATFORM).await?;
            let own_host = self.is_own(&upload_url);
            let mut put = Call::new(Operation::Stage, reqwest::Method::PUT, upload_url)
                .bytes(item.mime.clone(), bytes)
                .timeout(self.http.upload_timeout());
            if own_host {
                put = put.bearer(token);
            }
            let reply = self.send(put).await?;
            rate = reply.rate;
            traces.push(reply.trace);
            state.images.push(Image { urn: image, uploaded_at: now });
        }
        let progress = if state.images.len() < request.media.len() { Progress::More } else { Progress::Ready };
        Ok(Staged { state: state::save(FORMAT, &state), progress, traces, rate })
    }

    /// Whether an address handed out is `LinkedIn`'s own. The address itself is the permission to upload; the token
    /// goes along only where it belongs.
    fn is_own(&self, url: &Url) -> bool {
        let bases = &self.settings.base_urls;
        [&bases.web, &bases.api].into_iter().any(|base| base.origin() == url.origin())
    }

    pub(super) async fn create_post(
        &self,
        request: &PublishRequest,
        state: &Value,
    ) -> Result<Published, PlatformError> {
        let state = state::load::<State>(FORMAT, state).filter(|state| state.images.len() == request.media.len());
        let state = state.ok_or_else(|| refused(ErrorClass::Operator, "not_staged"))?;
        let mut body = json!({
            "author": urn(&request.account),
            "commentary": escape_commentary(&request.text),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": false,
        });
        if let (Some(content), Some(fields)) = (content(request, &state), body.as_object_mut()) {
            fields.insert("content".to_owned(), content);
        }
        let call = self
            .rest(Call::post(Operation::Commit, self.rest_url(&["posts"])))
            .bearer(&request.account.tokens.access_token)
            .json(body);
        let reply = self.send(call).await?;
        let Some(id) = reply.header("x-restli-id").filter(|id| !id.is_empty()).map(str::to_owned) else {
            return Err(reply.unreadable("an accepted post without its id"));
        };
        Ok(Published { url: Some(self.post_url(&id)), external_id: id, trace: Box::new(reply.trace), rate: reply.rate })
    }

    pub(super) async fn find(&self, request: &PublishRequest, known: &[String]) -> Result<Finding, PlatformError> {
        if request.account.kind == AccountKind::Profile {
            return Ok(Finding::CannotTell { reason: "LinkedIn does not let apps read a member's posts.".to_owned() });
        }
        let mut search = Search::new(request, known);
        let mut whole = false;
        for page in 0..FIND_PAGES {
            let call = rest_get(self, Operation::Find, &["posts"])
                .query("q", "author")
                .query("author", &urn(&request.account))
                .query("count", &FIND_COUNT.to_string())
                .query("start", &(page * FIND_COUNT).to_string())
                .query("sortBy", "CREATED")
                .header(HeaderName::from_static("x-restli-method"), HeaderValue::from_static("FINDER"))
                .bearer(&request.account.tokens.access_token);
            let posts = match self.send(call).await {
                Ok(reply) => reply.parse::<Posts>()?.elements,
                Err(error) if error.class == ErrorClass::Permission => {
                    return Ok(Finding::CannotTell {
                        reason: "LinkedIn has not given us permission to read this organization's posts.".to_owned(),
                    });
                }
                Err(error) => return Err(error),
            };
            let last = posts.len() < FIND_COUNT;
            let older = search.take(posts.into_iter().map(|post| self.listed(post)));
            whole = last || older;
            if whole {
                break;
            }
        }
        Ok(search.finish(whole))
    }

    fn listed(&self, post: Post) -> Listed {
        let commentary = post.commentary.unwrap_or_default();
        Listed {
            url: Some(self.post_url(&post.id)),
            texts: vec![unescape_commentary(&commentary), commentary],
            pictures: Some(pictures(post.content.as_ref())),
            published_at: post.published_at.or(post.created_at).and_then(DateTime::from_timestamp_millis),
            id: post.id,
        }
    }

    fn post_url(&self, id: &str) -> String {
        format!("{}/feed/update/{id}", self.settings.base_urls.web.as_str().trim_end_matches('/'))
    }
}

/// The saved pictures, unless they belong to something else or may be gone.
fn usable(saved: Option<&Value>, request: &PublishRequest, now: DateTime<Utc>) -> State {
    saved
        .and_then(|saved| state::load::<State>(FORMAT, saved))
        .filter(|state| state.images.len() <= request.media.len())
        .filter(|state| state.images.iter().all(|image| now - image.uploaded_at < IMAGE_LIFE))
        .unwrap_or_default()
}

/// One picture, several, or a link card. Pictures win; `final_text` has put the link into the text then.
fn content(request: &PublishRequest, state: &State) -> Option<Value> {
    let images: Vec<Value> = state
        .images
        .iter()
        .zip(&request.media)
        .map(|(image, item)| match item.alt() {
            Some(alt) => json!({"id": image.urn, "altText": alt}),
            None => json!({"id": image.urn}),
        })
        .collect();
    match (images.as_slice(), &request.link) {
        ([], None) => None,
        ([], Some(link)) => Some(json!({"article": {"source": link, "title": card_title(link)}})),
        ([image], _) => Some(json!({ "media": image })),
        (_, _) => Some(json!({"multiImage": {"images": images}})),
    }
}

/// `LinkedIn` reads no page by itself and wants a title; the host says where the link leads.
fn card_title(link: &str) -> String {
    let host = Url::parse(link).ok().and_then(|url| url.host_str().map(str::to_owned));
    let title = host.as_deref().map_or(link, |host| host.strip_prefix("www.").unwrap_or(host));
    title.to_owned()
}

fn pictures(content: Option<&Value>) -> usize {
    let several = content.and_then(|content| content.pointer("/multiImage/images")).and_then(Value::as_array);
    match several {
        Some(images) => images.len(),
        None => usize::from(content.is_some_and(|content| content.get("media").is_some())),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://www.arctiv.example/a/b", "arctiv.example")]
    #[case("https://blog.arctiv.example", "blog.arctiv.example")]
    #[case("not a link", "not a link")]
    fn cards_are_named_by_their_host(#[case] link: &str, #[case] expected: &str) {
        assert_eq!(card_title(link), expected);
    }

    #[rstest]
    #[case(json!(null), 0)]
    #[case(json!({"article": {"source": "https://a.example"}}), 0)]
    #[case(json!({"media": {"id": "urn:li:image:1"}}), 1)]
    #[case(json!({"multiImage": {"images": [{}, {}, {}]}}), 3)]
    fn pictures_are_counted(#[case] content: Value, #[case] expected: usize) {
        assert_eq!(pictures(Some(&content)), expected);
    }
}
