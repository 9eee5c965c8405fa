//! The pages without a server behind them: every port answered from a few invented records, for work on how things
//! look. Nothing is saved.
//!
//! `cargo run -p app --features ssr --example preview -- [address] [site]`, with the browser's side built by cargo-leptos.
//! The cookie `preview` chooses who is looking: `client` (default), `manager`, `agency`, `new` (a client with nothing
//! yet), `broken` (every port fails) or `visitor`.

use std::{net::SocketAddr, sync::Arc};

use app::{
    services::{RequestContext, Services, Settings},
    session::FormOutcome,
    shell,
};
use async_trait::async_trait;
use axum::{
    Form, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::notifications::{
    MadeWebhook, NewWebhook, NotificationEvent, NotificationPreference, Notifications, PreferencesPatch, RenewedSecret,
    Webhook, WebhookDelivery, WebhookEvent, WebhookPatch, Webhooks,
};
use domain::{
    AccountId, Actor, Browser, ConnectionEventId, DeliveryId, MediaId, OauthStateId, Page, PageRequest, PasskeyId,
    Platform, PostId, QueueSlotId, RequestId, ServiceError, ServiceResult, SessionId, UploadId, Visitor,
    accounts::{
        Account, AccountCounts, AccountFilter, AccountQuota, AccountStatus, Accounts, AuthorizeOptions, Callback,
        Connected, ConnectionEvent, ConnectionEventFilter, ConnectionEventType, Creator, MissingScope, PlatformOffer,
        Withheld,
    },
    actor::Via,
    audit::{Audit, AuditEvent, AuditFilter, AuditPerson, Standing},
    clock::Clock,
    deliveries::{
        DeadLetterReason, Deliveries, Delivery, DeliveryAttempt, DeliveryCounts, DeliveryFigures, DeliveryFilter,
        DeliveryStatus, ErrorClass, Outcome, Stage,
    },
    events::{Events, Subscription},
    identity::{
        Authenticated, BrowserToken, CODE_WRONG, ChangeEmail, ChangePassword, ConfirmTotp, Confirmation, Confirmed,
        Credentials, DataExport, DeleteAccount, EMAIL_TAKEN, EmailChange, EndedSessions, ForgotPassword, Identity,
        LOGIN_REFUSED, Leaving, LinkState, Login, LoginStep, Me, NewPasskey, OwnData, OwnProfile, Passkey,
        PasskeyAnswer, PasskeyChallenge, PasskeyOptions, PasskeyStep, Passkeys, Profile, ProfilePatch, Profiles,
        ProvePassword, ProviderCallback, ProviderEntry, ProviderProblem, ProviderStart, Providers, RecoveryCodes,
        Register, RenamePasskey, Resends, ResetPassword, SecondStep, SessionInfo, SessionToken, Sessions, SignedIn,
        StepMethod, TotpSetup, TwoStep, TwoSteps, User, Waiting,
    },
    media::{
        Incoming, Media, MediaAsset, MediaFile, MediaFilter, MediaPatch, MediaUse, NewUpload, Signature, TagCount,
        Upload, UploadState, Uploaded, Variant,
    },
    posts::{
        ApprovalFile, ApprovalPolicy, Approvals, CheckedPost, IdempotencyKey, NewPost, Post, PostFacets, PostFilter,
        PostPatch, PostStatus, PostSummary, PostToCheck, Posts, Review, Visibility,
        best_times::BestTime,
        queue::{FreeSlot, NewSlot, Queue, QueueSlot},
        versions::{Comparison, PostVersion, VersionSummary},
    },
    workspaces::{
        AcceptInvitation, ApiKey, ApiKeyState, ApiKeys, Connections, Invitation, InvitationOffer, InvitationState,
        KeyHolder, LATEST, Latest, MadeApiKey, Member, MemberPatch, Memberships, NewApiKey, NewInvitation,
        NewWorkspace, Overview, OwnWorkspace, Person, Role, Scope, Team, Workspace, WorkspaceKind, WorkspacePatch,
        WorkspaceSettings, Workspaces,
    },
};
use leptos::config::LeptosOptions;
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_0000 + n)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_169_280, 0).unwrap_or_default()
}

fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

/// Who is looking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    Full,
    New,
    Broken,
}

struct Demo(Scene);

impl Demo {
    fn stand(&self) -> ServiceResult<()> {
        if self.0 == Scene::Broken { Err(ServiceError::unavailable("the preview's broken scene")) } else { Ok(()) }
    }

    fn accounts(&self) -> Vec<Account> {
        use AccountStatus::{Connected, Failed, ReconnectRequired};
        if self.0 == Scene::New {
            return Vec::new();
        }
        let account =
            |n: u128, platform: Platform, name: &str, handle: Option<&str>, status, active, synced: i64| Account {
                id: AccountId(id(n)),
                platform,
                account_type: platform.account_type(),
                external_account_id: format!("10254{n}"),
                display_name: name.to_owned(),
                handle: handle.map(str::to_owned),
                avatar_url: None,
                text_max: None,
                status,
                status_reason: match status {
                    AccountStatus::ReconnectRequired => {
                        Some("Access ended yesterday: it was removed in LinkedIn’s settings.".into())
                    }
                    AccountStatus::Failed => Some("X answered with errors. Retries ran out at 09:42.".into()),
                    _ => None,
                },
                is_active: active,
                client: None,
                scopes: vec!["pages_manage_posts".into(), "pages_show_list".into()],
                missing_scopes: Vec::<MissingScope>::new(),
                token_expires_at: Some(now() + TimeDelta::days(58)),
                last_synced_at: Some(ago(synced)),
                connected_at: ago(60 * 24 * 9),
            };
        vec![
            account(1, Platform::Facebook, "Northwind Coffee Roasters", None, Connected, true, 8),
            account(2, Platform::Twitter, "Northwind Coffee", Some("@northwindcoffee"), Connected, true, 4),
            account(3, Platform::Linkedin, "Northwind Coffee", None, ReconnectRequired, true, 60 * 25),
            account(4, Platform::Facebook, "Northwind Wholesale", None, Connected, false, 130),
            account(5, Platform::Twitter, "Northwind Barista School", Some("@northwindschool"), Failed, true, 38),
        ]
    }

    fn deliveries(&self) -> Vec<Delivery> {
        use DeliveryStatus::{Failed, Publishing, Retried, Success};
        if self.0 == Scene::New {
            return Vec::new();
        }
        let delivery =
            |n: u128, post: u128, excerpt: &str, account: u128, name: &str, platform, status, minutes: i64| Delivery {
                id: DeliveryId(id(100 + n)),
                content_id: PostId(id(post)),
                version: 1,
                content_excerpt: excerpt.to_owned(),
                social_account_id: AccountId(id(account)),
                account_name: name.to_owned(),
                platform,
                status,
                stage: if status == DeliveryStatus::Success { Stage::Done } else { Stage::Staging },
                outcome: Outcome::of(status, Stage::Staging, false),
                attempts: 1,
                max_attempts: 5,
                last_error: (status == DeliveryStatus::Failed)
                    .then(|| "LinkedIn no longer accepts this access.".to_owned()),
                error_class: (status == DeliveryStatus::Failed).then_some(ErrorClass::AuthRevoked),
                advice: ErrorClass::AuthRevoked
                    .advice(status, false)
                    .filter(|_| status == DeliveryStatus::Failed)
                    .map(str::to_owned),
                needs_person: false,
                external_post_id: None,
                external_url: None,
                first_comment: None,
                next_attempt_at: (status == DeliveryStatus::Retried).then(|| now() + TimeDelta::seconds(48)),
                published_at: (status == DeliveryStatus::Success).then(|| ago(minutes)),
                created_at: ago(minutes),
                updated_at: ago(minutes),
            };
        let (roast, decaf) = ("The Winter Roast is back", "Decaf, done properly");
        vec![
            delivery(1, 201, roast, 1, "Northwind Coffee Roasters", Platform::Facebook, Success, 1),
            delivery(2, 201, roast, 2, "@northwindcoffee", Platform::Twitter, Publishing, 0),
            delivery(3, 201, roast, 5, "@northwindschool", Platform::Twitter, Retried, 0),
            delivery(4, 201, roast, 3, "Northwind Coffee", Platform::Linkedin, Failed, 1),
            delivery(5, 202, decaf, 1, "Northwind Coffee Roasters", Platform::Facebook, Success, 60 * 75),
            delivery(6, 202, decaf, 2, "@northwindcoffee", Platform::Twitter, Success, 60 * 75),
        ]
    }

    fn post(&self) -> Post {
        let mut deliveries = DeliveryCounts::default();
        for delivery in self.deliveries().iter().take(4) {
            deliveries.add(delivery.status, 1);
        }
        Post {
            id: PostId(id(201)),
            title: None,
            body: "The Winter Roast is back: plum, cocoa, and a long finish.\n\nIn the shop from Saturday.".into(),
            link: Some("https://northwind.example/winter".into()),
            overrides: std::collections::BTreeMap::default(),
            variations: std::collections::BTreeMap::default(),
            options: std::collections::BTreeMap::default(),
            autosaved: false,
            media: Vec::new(),
            visibility: Visibility::Public,
            status: PostStatus::Publishing,
            version: 1,
            author: Person { id: domain::UserId(id(900)), name: "Niamh Doyle".into() },
            account_ids: None,
            publishes_at: None,
            scheduled_at: None,
            scheduled_local: None,
            time_zone: None,
            deliveries,
            skipped: Vec::new(),
            approval: None,
            created_at: ago(2),
            updated_at: ago(1),
        }
    }
}

fn page<T>(items: Vec<T>) -> Page<T> {
    Page { total: i64::try_from(items.len()).unwrap_or_default(), items, limit: 20, offset: 0, next_cursor: None }
}

fn gone<T>() -> ServiceResult<T> {
    Err(ServiceError::conflict("The preview saves nothing."))
}

#[async_trait]
impl Identity for Demo {
    async fn register(&self, _: &Visitor, form: Register) -> ServiceResult<SignedIn> {
        form.check().into_result()?;
        Err(ServiceError::field_conflict("email", EMAIL_TAKEN))
    }
    async fn login(&self, _: &Visitor, form: Login) -> ServiceResult<LoginStep> {
        form.check().into_result()?;
        Err(ServiceError::new(domain::ErrorCode::Unauthorized, LOGIN_REFUSED))
    }
    async fn logout(&self, _: &Actor) -> ServiceResult<()> {
        Ok(())
    }
    async fn authenticate(&self, _: &SessionToken, _: &Visitor) -> ServiceResult<Option<Authenticated>> {
        Ok(None)
    }
    async fn me(&self, _: &Actor) -> ServiceResult<Me> {
        gone()
    }
    async fn accept_invitation(&self, _: &Visitor, _: Option<&Actor>, _: AcceptInvitation) -> ServiceResult<SignedIn> {
        gone()
    }
}

#[async_trait]
impl Team for Demo {
    async fn members(&self, _: &Actor) -> ServiceResult<Vec<Member>> {
        self.stand()?;
        let member = |n, name: &str, email: &str, role| Member {
            id: domain::UserId(id(n)),
            full_name: name.into(),
            email: email.into(),
            role,
            disabled_at: None,
            joined_at: ago(60 * 24 * 30),
            last_seen_at: Some(ago(12)),
        };
        Ok(vec![
            member(900, "Niamh Doyle", "niamh@northwind.example", Role::Admin),
            member(901, "Priya Raman", "priya@northwind.example", Role::Editor),
        ])
    }
    async fn change_member(&self, _: &Actor, _: domain::UserId, _: MemberPatch) -> ServiceResult<Member> {
        gone()
    }
    async fn remove_member(&self, _: &Actor, _: domain::UserId) -> ServiceResult<()> {
        gone()
    }
    async fn invitations(&self, _: &Actor) -> ServiceResult<Vec<Invitation>> {
        Ok(Vec::new())
    }
    async fn invite(&self, _: &Actor, form: NewInvitation) -> ServiceResult<Invitation> {
        form.check().into_result()?;
        gone()
    }
    async fn resend_invitation(&self, _: &Actor, _: domain::InvitationId) -> ServiceResult<Invitation> {
        gone()
    }
    async fn revoke_invitation(&self, _: &Actor, _: domain::InvitationId) -> ServiceResult<()> {
        gone()
    }
    async fn offer(&self, token: &str) -> ServiceResult<InvitationOffer> {
        Ok(InvitationOffer {
            state: token.parse().unwrap_or(InvitationState::Open),
            workspace: "Northwind Coffee".into(),
            kind: WorkspaceKind::Client,
            email: "orla@northwind.example".into(),
            role: Role::Editor,
            invited_by: Some("Niamh Doyle".into()),
            expires_at: now() + TimeDelta::days(6),
            has_account: false,
        })
    }
    async fn decline(&self, _: &Visitor, _: &str) -> ServiceResult<()> {
        gone()
    }
}

#[async_trait]
impl Providers for Demo {
    fn name(&self) -> Option<String> {
        Some("Example Staff".into())
    }
    async fn begin(
        &self,
        _: &Visitor,
        _: Option<String>,
        _: WorkspaceKind,
    ) -> ServiceResult<Result<ProviderStart, ProviderProblem>> {
        Ok(Err(ProviderProblem::Away))
    }
    async fn finish(
        &self,
        _: &Visitor,
        _: Option<&BrowserToken>,
        _: ProviderCallback,
    ) -> ServiceResult<Result<ProviderEntry, ProviderProblem>> {
        Ok(Err(ProviderProblem::Expired))
    }
}

#[async_trait]
impl ApiKeys for Demo {
    async fn list(&self, _: &Actor) -> ServiceResult<Vec<ApiKey>> {
        self.stand()?;
        Ok(vec![ApiKey {
            id: domain::ApiKeyId(id(1200)),
            name: "Nightly import".into(),
            prefix: "arc_4kT9xQz1".into(),
            scopes: vec![Scope::ContentRead, Scope::ContentWrite, Scope::MediaWrite],
            state: ApiKeyState::Active,
            created_by: Some(domain::UserId(id(900))),
            created_by_name: Some("Niamh Doyle".into()),
            created_at: ago(60 * 24 * 12),
            expires_at: None,
            last_used_at: Some(ago(7)),
        }])
    }
    async fn create(&self, _: &Actor, form: NewApiKey) -> ServiceResult<MadeApiKey> {
        form.check().into_result()?;
        gone()
    }
    async fn revoke(&self, _: &Actor, _: domain::ApiKeyId) -> ServiceResult<()> {
        gone()
    }
    async fn authenticate(&self, _: &str, _: &Visitor) -> ServiceResult<Option<KeyHolder>> {
        Ok(None)
    }
}

#[async_trait]
impl Credentials for Demo {
    async fn confirmation(&self, token: &str) -> ServiceResult<Confirmation> {
        let state = token.parse().unwrap_or(LinkState::Open);
        let resends = (state != LinkState::Open).then_some(Resends { left: 3, next_at: None });
        Ok(Confirmation { state, email: Some("niamh@northwind.example".into()), resends })
    }
    async fn confirm_email(&self, _: &Visitor, _: &str) -> ServiceResult<Confirmed> {
        gone()
    }
    async fn resends(&self, _: &Actor) -> ServiceResult<Resends> {
        Ok(Resends { left: 3, next_at: None })
    }
    async fn resend_confirmation(&self, _: &Actor) -> ServiceResult<Resends> {
        gone()
    }
    async fn resend_for_link(&self, _: &Visitor, _: &str) -> ServiceResult<Resends> {
        gone()
    }
    async fn forgot_password(&self, _: &Visitor, form: ForgotPassword) -> ServiceResult<()> {
        form.check().into_result()
    }
    async fn reset_state(&self, token: &str) -> ServiceResult<LinkState> {
        Ok(token.parse().unwrap_or(LinkState::Open))
    }
    async fn reset_password(&self, _: &Visitor, _: ResetPassword) -> ServiceResult<()> {
        gone()
    }
    async fn change_password(&self, _: &Actor, _: ChangePassword) -> ServiceResult<()> {
        gone()
    }
    async fn change_email(&self, _: &Actor, _: ChangeEmail) -> ServiceResult<EmailChange> {
        gone()
    }
}

#[async_trait]
impl Sessions for Demo {
    async fn sessions(&self, _: &Actor) -> ServiceResult<Vec<SessionInfo>> {
        self.stand()?;
        let session = |n, device: &str, minutes, is_current| SessionInfo {
            id: SessionId(id(n)),
            device: device.into(),
            ip: Some(format!("203.0.113.{n}")),
            workspace: "Northwind Coffee".into(),
            created_at: ago(minutes * 9),
            last_seen_at: ago(minutes),
            expires_at: now() + TimeDelta::days(6),
            is_current,
        };
        Ok(vec![session(7, "Firefox on Mac", 1, true), session(8, "Safari on iPhone", 12, false)])
    }
    async fn end_session(&self, _: &Actor, _: SessionId) -> ServiceResult<()> {
        gone()
    }
    async fn end_other_sessions(&self, _: &Actor) -> ServiceResult<EndedSessions> {
        gone()
    }
}

#[async_trait]
impl TwoSteps for Demo {
    async fn waiting(&self, _: &Visitor) -> ServiceResult<Option<Waiting>> {
        let methods = vec![StepMethod::Totp, StepMethod::RecoveryCode];
        Ok(Some(Waiting { methods, expires_at: now() + TimeDelta::minutes(9) }))
    }
    async fn second_step(&self, _: &Visitor, form: SecondStep) -> ServiceResult<SignedIn> {
        form.check().into_result()?;
        Err(ServiceError::field("code", CODE_WRONG))
    }
    async fn two_step(&self, _: &Actor) -> ServiceResult<TwoStep> {
        self.stand()?;
        let on = self.0 == Scene::Full;
        Ok(TwoStep { enabled_at: on.then(|| ago(90_000)), recovery_codes_left: if on { 8 } else { 0 } })
    }
    async fn begun_totp(&self, _: &Actor) -> ServiceResult<Option<TotpSetup>> {
        Ok(None)
    }
    async fn begin_totp(&self, _: &Actor, _: ProvePassword) -> ServiceResult<TotpSetup> {
        gone()
    }
    async fn confirm_totp(&self, _: &Actor, _: ConfirmTotp) -> ServiceResult<RecoveryCodes> {
        gone()
    }
    async fn renew_recovery_codes(&self, _: &Actor, _: ProvePassword) -> ServiceResult<RecoveryCodes> {
        gone()
    }
    async fn disable_two_step(&self, _: &Actor, _: ProvePassword) -> ServiceResult<()> {
        gone()
    }
}

#[async_trait]
impl Passkeys for Demo {
    fn available(&self) -> bool {
        true
    }
    async fn passkeys(&self, _: &Actor) -> ServiceResult<Vec<Passkey>> {
        self.stand()?;
        let passkey = |n, name: &str, used| Passkey {
            id: PasskeyId(id(n)),
            name: name.into(),
            created_at: ago(90_000),
            last_used_at: used,
        };
        Ok(vec![passkey(40, "My phone", Some(ago(50))), passkey(41, "Key on the ring", None)])
    }
    async fn begin_passkey(&self, _: &Actor, _: ProvePassword) -> ServiceResult<PasskeyOptions> {
        gone()
    }
    async fn add_passkey(&self, _: &Actor, _: NewPasskey) -> ServiceResult<Passkey> {
        gone()
    }
    async fn rename_passkey(&self, _: &Actor, _: PasskeyId, _: RenamePasskey) -> ServiceResult<Passkey> {
        gone()
    }
    async fn remove_passkey(&self, _: &Actor, _: PasskeyId) -> ServiceResult<()> {
        gone()
    }
    async fn begin_passkey_sign_in(&self, _: &Visitor, _: PasskeyStep) -> ServiceResult<PasskeyChallenge> {
        gone()
    }
    async fn sign_in_with_passkey(&self, _: &Visitor, _: PasskeyAnswer) -> ServiceResult<SignedIn> {
        gone()
    }
}

#[async_trait]
impl Accounts for Demo {
    async fn offers(&self, _: &Actor) -> ServiceResult<Vec<PlatformOffer>> {
        self.stand()?;
        let offer = |(platform, version, days): (Platform, &str, Option<i64>)| PlatformOffer {
            platform,
            configured: true,
            api_version: Some(version.to_owned()),
            api_version_ends_on: days.map(|days| (now() + TimeDelta::days(days)).date_naive()),
        };
        let all = [
            (Platform::Facebook, "v25.0", Some(41)),
            (Platform::Twitter, "2", None),
            (Platform::Linkedin, "202607", Some(300)),
        ];
        Ok(all.map(offer).into())
    }
    async fn list(&self, _: &Actor, filter: AccountFilter) -> ServiceResult<Page<Account>> {
        self.stand()?;
        let wanted = |account: &Account| {
            filter.platform.is_none_or(|platform| platform == account.platform)
                && filter.status.is_none_or(|status| status == account.status)
                && filter.active.is_none_or(|active| active == account.is_active)
                && filter.attention.is_none_or(|attention| attention == account.needs_attention())
                && filter.q.as_ref().is_none_or(|q| account.display_name.to_lowercase().contains(&q.to_lowercase()))
        };
        Ok(page(self.accounts().into_iter().filter(wanted).collect()))
    }
    async fn get(&self, _: &Actor, id: AccountId) -> ServiceResult<Account> {
        self.stand()?;
        self.accounts().into_iter().find(|account| account.id == id).ok_or_else(|| ServiceError::not_found("account"))
    }
    async fn counts(&self, _: &Actor) -> ServiceResult<AccountCounts> {
        self.stand()?;
        Ok(AccountCounts::of(&self.accounts()))
    }
    async fn events_portion(
        &self,
        actor: &Actor,
        account: AccountId,
        filter: &ConnectionEventFilter,
        after: Option<ConnectionEventId>,
    ) -> ServiceResult<Vec<ConnectionEvent>> {
        let all = Accounts::events(self, actor, account, filter.clone()).await?;
        Ok(if after.is_some() { Vec::new() } else { all.items })
    }
    async fn events(
        &self,
        _: &Actor,
        account: AccountId,
        filter: ConnectionEventFilter,
    ) -> ServiceResult<Page<ConnectionEvent>> {
        self.stand()?;
        let event = |n: u128, event_type, message: Option<&str>, minutes| ConnectionEvent {
            id: ConnectionEventId(id(500 + n)),
            account_id: Some(account),
            platform: Platform::Facebook,
            event_type,
            message: message.map(str::to_owned),
            status_code: None,
            created_at: ago(minutes),
        };
        let mut events = vec![
            event(1, ConnectionEventType::TokenRefreshed, None, 8),
            event(2, ConnectionEventType::AuthorizationSuccess, Some("Authorised by Niamh Doyle."), 60 * 24 * 9),
            event(3, ConnectionEventType::AuthorizationInitiated, None, 60 * 24 * 9 + 1),
        ];
        let kinds = filter.event_type;
        events.retain(|event| kinds.is_any() || kinds.as_slice().contains(&event.event_type));
        Ok(page(events))
    }
    async fn authorize(&self, _: &Actor, _: Platform, _: AuthorizeOptions) -> ServiceResult<String> {
        gone()
    }
    async fn callback(&self, _: &Actor, _: Platform, _: Callback) -> ServiceResult<Connected> {
        gone()
    }
    async fn withheld(&self, _: &Actor, _: OauthStateId) -> ServiceResult<Withheld> {
        gone()
    }
    async fn set_active(&self, actor: &Actor, id: AccountId, active: bool) -> ServiceResult<Account> {
        let account = Accounts::get(self, actor, id).await?;
        // One that refuses, to see the way back.
        if account.platform == Platform::Linkedin {
            return Err(ServiceError::conflict("Reconnect this account first."));
        }
        Ok(Account { is_active: active, ..account })
    }
    async fn refresh(&self, actor: &Actor, id: AccountId) -> ServiceResult<Account> {
        Accounts::get(self, actor, id).await
    }
    async fn creator(&self, _: &Actor, _: AccountId) -> ServiceResult<Creator> {
        gone()
    }
    async fn creators(&self, _: &Actor) -> ServiceResult<Vec<Creator>> {
        Ok(Vec::new())
    }
    async fn quotas(&self, _: &Actor, _: &[AccountId]) -> ServiceResult<Vec<AccountQuota>> {
        Ok(Vec::new())
    }
    async fn unlink(&self, _: &Actor, _: AccountId) -> ServiceResult<()> {
        Ok(())
    }
}

#[async_trait]
impl Posts for Demo {
    async fn create(&self, _: &Actor, post: NewPost, _: Option<IdempotencyKey>) -> ServiceResult<Post> {
        post.check(now()).into_result()?;
        Ok(Post { body: post.body, publishes_at: Some(now() + TimeDelta::seconds(5)), ..self.post() })
    }
    async fn list(&self, _: &Actor, _: PostFilter) -> ServiceResult<Page<PostSummary>> {
        self.stand()?;
        if self.0 == Scene::New {
            return Ok(Page::empty(20));
        }
        let post = self.post();
        Ok(page(vec![PostSummary {
            id: post.id,
            title: post.title,
            excerpt: domain::text::excerpt(&post.body, 140),
            visibility: post.visibility,
            status: post.status,
            author: post.author,
            platforms: vec![Platform::Facebook, Platform::Twitter, Platform::Linkedin],
            thumbnail_url: None,
            media_count: 0,
            publishes_at: None,
            at: post.created_at,
            scheduled_local: None,
            time_zone: None,
            version: post.version,
            deliveries: post.deliveries,
            created_at: post.created_at,
        }]))
    }
    async fn facets(&self, _: &Actor, _: PostFilter) -> ServiceResult<PostFacets> {
        Ok(PostFacets::default())
    }
    async fn versions(&self, _: &Actor, _: PostId, _: PageRequest) -> ServiceResult<Page<VersionSummary>> {
        Ok(Page::empty(20))
    }
    async fn version(&self, _: &Actor, _: PostId, _: u32) -> ServiceResult<PostVersion> {
        gone()
    }
    async fn compare(&self, _: &Actor, _: PostId, _: u32, _: u32) -> ServiceResult<Comparison> {
        gone()
    }
    async fn restore(&self, _: &Actor, _: PostId, _: u32) -> ServiceResult<Post> {
        gone()
    }
    async fn get(&self, _: &Actor, id: PostId) -> ServiceResult<Post> {
        self.stand()?;
        let post = self.post();
        if post.id == id { Ok(post) } else { Err(ServiceError::not_found("post")) }
    }
    async fn left(&self, _: &Actor) -> ServiceResult<Option<Post>> {
        Ok(None)
    }
    async fn update(&self, _: &Actor, _: PostId, _: PostPatch) -> ServiceResult<Post> {
        gone()
    }
    async fn check(&self, _: &Actor, _: PostToCheck) -> ServiceResult<CheckedPost> {
        Ok(CheckedPost::default())
    }
    async fn undo(&self, _: &Actor, _: PostId) -> ServiceResult<Post> {
        Ok(Post { status: PostStatus::Draft, ..self.post() })
    }
    async fn delete(&self, _: &Actor, _: PostId) -> ServiceResult<()> {
        Ok(())
    }
}

#[async_trait]
impl Approvals for Demo {
    async fn waiting(&self, _: &Actor, _: PageRequest) -> ServiceResult<Page<Review>> {
        self.stand()?;
        Ok(Page::empty(20))
    }
    async fn awaited(&self, _: &Actor) -> ServiceResult<u64> {
        Ok(0)
    }
    async fn file(&self, _: &Actor, _: PostId) -> ServiceResult<ApprovalFile> {
        Ok(ApprovalFile { post: self.post(), approvals: Vec::new(), review: None })
    }
    async fn submit(&self, _: &Actor, _: PostId) -> ServiceResult<Post> {
        gone()
    }
    async fn withdraw(&self, _: &Actor, _: PostId) -> ServiceResult<Post> {
        gone()
    }
    async fn approve(&self, _: &Actor, _: PostId, _: Option<u32>) -> ServiceResult<Post> {
        gone()
    }
    async fn reject(&self, _: &Actor, _: PostId, _: Option<u32>, _: String) -> ServiceResult<Post> {
        gone()
    }
}

#[async_trait]
impl Queue for Demo {
    async fn slots(&self, _: &Actor) -> ServiceResult<Vec<QueueSlot>> {
        self.stand()?;
        Ok(Vec::new())
    }
    async fn add(&self, _: &Actor, _: NewSlot) -> ServiceResult<QueueSlot> {
        gone()
    }
    async fn remove(&self, _: &Actor, _: QueueSlotId) -> ServiceResult<()> {
        gone()
    }
    async fn free(&self, _: &Actor, _: Option<Vec<AccountId>>, _: u32) -> ServiceResult<Vec<FreeSlot>> {
        Ok(Vec::new())
    }
    async fn best_times(
        &self,
        _: &Actor,
        _: Option<Vec<AccountId>>,
        _: Option<String>,
    ) -> ServiceResult<Vec<BestTime>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Workspaces for Demo {
    async fn overview(&self, actor: &Actor) -> ServiceResult<Overview> {
        Ok(Overview {
            connections: Workspaces::connections(self, actor).await?,
            latest: Workspaces::latest(self, actor).await?,
        })
    }
    async fn connections(&self, _: &Actor) -> ServiceResult<Connections> {
        self.stand()?;
        let accounts = self.accounts();
        Ok(Connections { total: accounts.len() as u64, counts: AccountCounts::of(&accounts), accounts })
    }
    async fn latest(&self, actor: &Actor) -> ServiceResult<Latest> {
        let filter = PostFilter { page: PageRequest::first(LATEST), ..PostFilter::default() };
        Ok(Latest {
            deliveries: Deliveries::list(self, actor, DeliveryFilter::default()).await?.items,
            posts: Posts::list(self, actor, filter).await?.items,
            counts: Deliveries::counts(self, actor).await?,
            waiting: Vec::new(),
            waiting_total: 0,
        })
    }
}

#[async_trait]
impl Deliveries for Demo {
    async fn list(&self, _: &Actor, filter: DeliveryFilter) -> ServiceResult<Page<Delivery>> {
        self.stand()?;
        let wanted = |delivery: &Delivery| {
            let words = format!("{} {}", delivery.content_excerpt, delivery.account_name).to_lowercase();
            (filter.status.is_any() || filter.status.as_slice().contains(&delivery.status))
                && filter.content_id.is_none_or(|id| id == delivery.content_id)
                && filter.q.as_ref().is_none_or(|q| words.contains(&q.to_lowercase()))
        };
        Ok(page(self.deliveries().into_iter().filter(wanted).collect()))
    }
    async fn get(&self, _: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        self.deliveries().into_iter().find(|one| one.id == id).ok_or_else(|| ServiceError::not_found("delivery"))
    }
    async fn attempts(&self, _: &Actor, _: DeliveryId) -> ServiceResult<Vec<DeliveryAttempt>> {
        Ok(Vec::new())
    }
    async fn counts(&self, _: &Actor) -> ServiceResult<DeliveryCounts> {
        self.stand()?;
        let mut counts = DeliveryCounts::default();
        for delivery in self.deliveries() {
            counts.add(delivery.status, 1);
        }
        Ok(counts)
    }
    async fn figures(&self, _: &Actor) -> ServiceResult<DeliveryFigures> {
        self.stand()?;
        Ok(DeliveryFigures::default())
    }
    async fn dead_letters(&self, _: &Actor) -> ServiceResult<Vec<DeadLetterReason>> {
        self.stand()?;
        Ok(Vec::new())
    }
    async fn retry(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        Deliveries::get(self, actor, id).await
    }
    async fn retry_failed(&self, _: &Actor, _: DeliveryFilter) -> ServiceResult<u32> {
        Ok(1)
    }
    async fn cancel(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        Deliveries::get(self, actor, id).await
    }
    async fn mark_published(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        Deliveries::get(self, actor, id).await
    }
    async fn write_comment(&self, actor: &Actor, id: DeliveryId) -> ServiceResult<Delivery> {
        Deliveries::get(self, actor, id).await
    }
}

#[async_trait]
impl Media for Demo {
    async fn upload(&self, _: &Actor, _: Upload) -> ServiceResult<Uploaded> {
        gone()
    }
    async fn list(&self, _: &Actor, _: MediaFilter) -> ServiceResult<Page<MediaAsset>> {
        Ok(Page::empty(20))
    }
    async fn get(&self, _: &Actor, _: MediaId) -> ServiceResult<MediaAsset> {
        Err(ServiceError::not_found("file"))
    }
    async fn uses(&self, _: &Actor, _: MediaId) -> ServiceResult<Vec<MediaUse>> {
        Ok(Vec::new())
    }
    async fn tags(&self, _: &Actor) -> ServiceResult<Vec<TagCount>> {
        Ok(Vec::new())
    }
    async fn update(&self, _: &Actor, _: MediaId, _: MediaPatch) -> ServiceResult<MediaAsset> {
        gone()
    }
    async fn set_poster(&self, _: &Actor, _: MediaId, _: Vec<u8>) -> ServiceResult<MediaAsset> {
        gone()
    }
    async fn delete(&self, _: &Actor, _: MediaId) -> ServiceResult<()> {
        gone()
    }
    async fn restore(&self, _: &Actor, _: MediaId) -> ServiceResult<MediaAsset> {
        gone()
    }
    async fn open(&self, _: MediaId, _: Variant, _: Signature) -> ServiceResult<MediaFile> {
        Err(ServiceError::not_found("file"))
    }
    async fn begin_upload(&self, _: &Actor, _: NewUpload) -> ServiceResult<UploadState> {
        gone()
    }
    async fn upload_state(&self, _: &Actor, _: UploadId) -> ServiceResult<UploadState> {
        Err(ServiceError::not_found("upload"))
    }
    async fn append(&self, _: &Actor, _: UploadId, _: u64, _: Box<dyn Incoming>) -> ServiceResult<UploadState> {
        gone()
    }
    async fn abandon_upload(&self, _: &Actor, _: UploadId) -> ServiceResult<()> {
        gone()
    }
}

#[async_trait]
impl Memberships for Demo {
    async fn workspaces(&self, _: &Actor) -> ServiceResult<Vec<OwnWorkspace>> {
        Ok(Vec::new())
    }
    async fn switch(&self, _: &Actor, _: domain::WorkspaceId) -> ServiceResult<OwnWorkspace> {
        Err(ServiceError::not_found("workspace"))
    }
    async fn create(&self, _: &Actor, _: NewWorkspace) -> ServiceResult<OwnWorkspace> {
        gone()
    }
}

#[async_trait]
impl OwnData for Demo {
    async fn exports(&self, _: &Actor) -> ServiceResult<Vec<DataExport>> {
        Ok(Vec::new())
    }
    async fn request_export(&self, _: &Actor) -> ServiceResult<DataExport> {
        gone()
    }
    async fn open_export(&self, _: domain::DataExportId, _: Signature) -> ServiceResult<Vec<u8>> {
        Err(ServiceError::not_found("file"))
    }
    async fn departure(&self, _: &Actor) -> ServiceResult<Vec<Leaving>> {
        Ok(Vec::new())
    }
    async fn delete_account(&self, _: &Actor, _: DeleteAccount) -> ServiceResult<()> {
        gone()
    }
}

#[async_trait]
impl Profiles for Demo {
    async fn profile(&self, _: &Actor) -> ServiceResult<OwnProfile> {
        gone()
    }
    async fn change_profile(&self, _: &Actor, _: ProfilePatch) -> ServiceResult<OwnProfile> {
        gone()
    }
    async fn set_avatar(&self, _: &Actor, _: Vec<u8>) -> ServiceResult<OwnProfile> {
        gone()
    }
    async fn remove_avatar(&self, _: &Actor) -> ServiceResult<OwnProfile> {
        gone()
    }
}

#[async_trait]
impl WorkspaceSettings for Demo {
    async fn settings(&self, _: &Actor) -> ServiceResult<Workspace> {
        gone()
    }
    async fn change(&self, _: &Actor, _: WorkspacePatch) -> ServiceResult<Workspace> {
        gone()
    }
    async fn set_logo(&self, _: &Actor, _: Vec<u8>) -> ServiceResult<Workspace> {
        gone()
    }
    async fn remove_logo(&self, _: &Actor) -> ServiceResult<Workspace> {
        gone()
    }
}

#[async_trait]
impl Events for Demo {
    async fn subscribe(&self, _: &Actor, _: Option<i64>) -> ServiceResult<Subscription> {
        gone()
    }
}

#[async_trait]
impl Audit for Demo {
    async fn list(&self, _: &Actor, _: AuditFilter) -> ServiceResult<Page<AuditEvent>> {
        gone()
    }
    async fn portion(&self, _: &Actor, _: &AuditFilter, _: Option<i64>) -> ServiceResult<Vec<AuditEvent>> {
        gone()
    }
    async fn people(&self, _: &Actor) -> ServiceResult<Vec<AuditPerson>> {
        gone()
    }
    async fn verify(&self, _: &Actor) -> ServiceResult<Standing> {
        gone()
    }
}

#[async_trait]
impl Notifications for Demo {
    async fn preferences(&self, _: &Actor) -> ServiceResult<Vec<NotificationPreference>> {
        self.stand()?;
        let on = |event| NotificationPreference { event, email: event != NotificationEvent::MemberJoined };
        Ok(NotificationEvent::ALL.map(on).into())
    }
    async fn set_preferences(&self, _: &Actor, _: PreferencesPatch) -> ServiceResult<Vec<NotificationPreference>> {
        gone()
    }
    async fn subscription(&self, _: &str) -> ServiceResult<domain::notifications::Subscription> {
        let event = NotificationEvent::PostFailed;
        Ok(domain::notifications::Subscription { event, workspace: "Harbour & Pine".into(), subscribed: true })
    }
    async fn unsubscribe(&self, _: &Visitor, _: &str) -> ServiceResult<domain::notifications::Subscription> {
        gone()
    }
}

#[async_trait]
impl Webhooks for Demo {
    async fn list(&self, _: &Actor) -> ServiceResult<Vec<Webhook>> {
        self.stand()?;
        Ok(vec![Webhook {
            id: domain::WebhookId(id(1300)),
            url: "https://hooks.harbourpine.example/arctiv".into(),
            description: "The shop’s own dashboard".into(),
            events: vec![WebhookEvent::PostPublished, WebhookEvent::PostFailed],
            enabled: true,
            off_because: None,
            failing_since: None,
            previous_secret_until: None,
            created_by_name: Some("Niamh Doyle".into()),
            created_at: ago(60 * 24 * 12),
        }])
    }
    async fn get(&self, _: &Actor, _: domain::WebhookId) -> ServiceResult<Webhook> {
        gone()
    }
    async fn add(&self, _: &Actor, form: NewWebhook) -> ServiceResult<MadeWebhook> {
        form.check().into_result()?;
        gone()
    }
    async fn change(&self, _: &Actor, _: domain::WebhookId, _: WebhookPatch) -> ServiceResult<Webhook> {
        gone()
    }
    async fn renew_secret(&self, _: &Actor, _: domain::WebhookId) -> ServiceResult<RenewedSecret> {
        gone()
    }
    async fn remove(&self, _: &Actor, _: domain::WebhookId) -> ServiceResult<()> {
        gone()
    }
    async fn test(&self, _: &Actor, _: domain::WebhookId) -> ServiceResult<WebhookDelivery> {
        gone()
    }
    async fn deliveries(&self, _: &Actor, _: domain::WebhookId) -> ServiceResult<Vec<WebhookDelivery>> {
        Ok(Vec::new())
    }
    async fn resend(&self, _: &Actor, _: domain::WebhookDeliveryId) -> ServiceResult<WebhookDelivery> {
        gone()
    }
}

fn services(scene: Scene) -> Services {
    let demo = Arc::new(Demo(scene));
    Services {
        identity: demo.clone(),
        credentials: demo.clone(),
        sessions: demo.clone(),
        two_steps: demo.clone(),
        passkeys: demo.clone(),
        memberships: demo.clone(),
        own_data: demo.clone(),
        profiles: demo.clone(),
        workspace_settings: demo.clone(),
        providers: demo.clone(),
        team: demo.clone(),
        api_keys: demo.clone(),
        accounts: demo.clone(),
        posts: demo.clone(),
        approvals: demo.clone(),
        queue: demo.clone(),
        deliveries: demo.clone(),
        media: demo.clone(),
        workspaces: demo.clone(),
        events: demo.clone(),
        audit: demo.clone(),
        notifications: demo.clone(),
        webhooks: demo,
        clock: Arc::new(Frozen),
        settings: Arc::new(Settings {
            public_url: "http://127.0.0.1:8090".into(),
            development: true,
            picture_origin: None,
            session_cookie: Box::new(|_| "preview=client; Path=/".into()),
            sign_in_cookie: Box::new(|_| "preview=visitor; Path=/".into()),
        }),
    }
}

/// The whole of what a request provides, from its cookie.
fn context(headers: &HeaderMap, form: Option<FormOutcome>) -> RequestContext {
    let cookies = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scene = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("preview=")).unwrap_or("client");
    let request_id = RequestId::from_uuid(id(1));
    let (kind, person, workspace) = match scene {
        "manager" => (WorkspaceKind::Manager, "Priya Raman", "Priya Raman"),
        "agency" => (WorkspaceKind::Agency, "Maya Lindqvist", "Harbour & Pine"),
        _ => (WorkspaceKind::Client, "Niamh Doyle", "Northwind Coffee"),
    };
    let signed_in = scene != "visitor";
    let workspace_id = domain::WorkspaceId(id(800));
    let actor = Actor {
        user_id: domain::UserId(id(900)),
        workspace_id,
        kind,
        role: Role::Admin,
        via: Via::System,
        request_id: request_id.clone(),
        peer: domain::Peer::default(),
    };
    let me = Me {
        user: User {
            id: actor.user_id,
            email: "niamh@northwind.example".into(),
            full_name: person.into(),
            role: kind,
            email_confirmed: true,
        },
        profile: Profile::default(),
        workspace: Workspace {
            id: workspace_id,
            name: workspace.into(),
            slug: "northwind-coffee".into(),
            kind,
            time_zone: "Europe/Dublin".into(),
            undo_seconds: 5,
            new_accounts_active: true,
            approval_policy: ApprovalPolicy::default(),
            logo_url: None,
        },
        role: Role::Admin,
    };
    RequestContext {
        services: services(match scene {
            "new" => Scene::New,
            "broken" => Scene::Broken,
            _ => Scene::Full,
        }),
        actor: signed_in.then_some(actor),
        me: signed_in.then_some(me),
        visitor: Visitor { ip: None, user_agent: None, request_id, browser: Browser::default() },
        form,
    }
}

async fn render(options: LeptosOptions, request: Request, form: Option<FormOutcome>) -> Response {
    let context = context(request.headers(), form);
    let handler = leptos_axum::render_app_async_with_context(move || context.provide(), move || shell(options.clone()));
    handler(request).await
}

async fn show(State(options): State<LeptosOptions>, request: Request) -> Response {
    render(options, request, None).await
}

async fn refuse(
    State(options): State<LeptosOptions>,
    uri: axum::http::Uri,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let errors = domain::FieldErrors::one("email", EMAIL_TAKEN);
    let fault = ServiceError::validation(errors).fault;
    let request = Request::get(uri).header(header::COOKIE, "preview=visitor").body(axum::body::Body::empty());
    let Ok(request) = request else { return StatusCode::BAD_REQUEST.into_response() };
    render(options, request, Some(FormOutcome::new(pairs, fault))).await
}

async fn call(request: Request) -> Response {
    let context = context(request.headers(), None);
    leptos_axum::handle_server_fns_with_context(move || context.provide(), request).await.into_response()
}

/// A file of `public/` or of what cargo-leptos built, else a page.
async fn file_or_page(State(options): State<LeptosOptions>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let sound = !path.is_empty() && !path.contains("..");
    for root in [options.site_root.as_ref(), "public"] {
        if let (true, Ok(bytes)) = (sound, std::fs::read(format!("{root}/{path}"))) {
            let kind = match path.rsplit('.').next() {
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                Some("wasm") => "application/wasm",
                Some("svg") => "image/svg+xml",
                Some("woff2") => "font/woff2",
                _ => "application/octet-stream",
            };
            return ([(header::CONTENT_TYPE, kind)], bytes).into_response();
        }
    }
    render(options, request, None).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address: SocketAddr = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8090".into()).parse()?;
    let site = std::env::args().nth(2).unwrap_or_else(|| "target/site".into());
    let options = LeptosOptions::builder().output_name("arctiv").site_root(site).site_addr(address).build();
    // Listing the routes starts the executor; routing itself is the fallback's.
    let _routes = leptos_axum::generate_route_list(app::App);
    let router = Router::new()
        .route("/", get(show))
        .route("/login", get(show).post(refuse))
        .route("/register", get(show).post(refuse))
        .route(
            "/logout",
            post(|| async { ([(header::SET_COOKIE, "preview=visitor; Path=/")], Redirect::to("/login")) }),
        )
        .route("/fn/{*path}", any(call))
        .route("/api/{*path}", any(|| async { StatusCode::NO_CONTENT }))
        .fallback(file_or_page)
        .with_state(options);
    println!("http://{address}");
    axum::serve(tokio::net::TcpListener::bind(address).await?, router).await?;
    Ok(())
}
