//! Who is told what, by letter.

use domain::{
    AccountId, Actor, Platform, PostId, WorkspaceId, accounts::AccountStatus, notifications::NotificationEvent,
    posts::PostStatus,
};
use uuid::Uuid;

use super::*;
use crate::features::{notifications::jobs::send_mail, posts::tests::studio::text};

/// A workspace whose people have confirmed their addresses.
pub(super) struct Harbour {
    pub studio: Studio,
    pub admin: Actor,
    pub editor: Actor,
    pub viewer: Actor,
}

impl Harbour {
    pub async fn new() -> Self {
        let studio = Studio::new().await;
        let admin = studio.workspace("UTC").await;
        let (editor, viewer) =
            (studio.colleague(&admin, Role::Editor).await, studio.colleague(&admin, Role::Viewer).await);
        let harbour = Self { studio, admin, editor, viewer };
        harbour.sql("update users set email_confirmed_at = now()").await;
        harbour
    }

    pub async fn sql(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.studio.admin).await.unwrap();
    }

    /// The letters that somebody got.
    pub fn letters(&self, to: &Actor) -> Vec<Prepared> {
        self.studio.post.to(&format!("{}@example.com", to.user_id))
    }

    fn counts(&self) -> [usize; 3] {
        [&self.admin, &self.editor, &self.viewer].map(|person| self.letters(person).len())
    }

    /// Everything that is told by now, and later.
    pub async fn told(&self) {
        sqlx::query("update graphile_worker._private_jobs set run_at = now()")
            .execute(&self.studio.admin)
            .await
            .unwrap();
        let registry = Registry::new().register(send_mail).register(crate::features::notifications::telling::tell);
        run_due(&self.studio.context, registry).await.unwrap();
    }

    /// A post of the editor's to two accounts, with what became of them.
    pub async fn ended(&self, body: &str, facebook: &str, linkedin: &str) -> PostId {
        let post = self.studio.save(&self.editor, text(body)).await.id;
        self.studio.settle(post, Platform::Facebook, facebook).await;
        self.studio.settle(post, Platform::Linkedin, linkedin).await;
        post
    }

    async fn accounts(&self) -> [AccountId; 2] {
        [
            self.studio.account(&self.admin, Platform::Facebook, "Harbour & Pine").await,
            self.studio.account(&self.admin, Platform::Linkedin, "Maeve Byrne").await,
        ]
    }

    /// What the pipeline does when a post has ended, in its transaction.
    pub async fn over(&self, posts: &[(PostId, PostStatus)]) {
        let posts: Vec<(WorkspaceId, PostId, PostStatus)> =
            posts.iter().map(|(post, status)| (self.admin.workspace_id, *post, *status)).collect();
        let mut tx = self.studio.db.worker().await.unwrap();
        in_tx::posts_ended(&mut tx, self.studio.ids.as_ref(), self.studio.now(), &posts).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn lost(&self, account: AccountId) {
        let mut tx = self.studio.db.worker().await.unwrap();
        let workspace = self.admin.workspace_id;
        in_tx::account_lost(&mut tx, self.studio.ids.as_ref(), self.studio.now(), workspace, account).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_post_that_failed_is_told_once_to_its_author_and_admins() {
    let harbour = Harbour::new().await;
    harbour.accounts().await;
    let post = harbour.ended("Fresh from the roaster", "failed", "unknown").await;
    harbour.over(&[(post, PostStatus::Failed)]).await;
    assert_eq!(harbour.counts(), [0, 0, 0], "nothing is sent in the transaction");
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    let letter = harbour.letters(&harbour.editor).remove(0);
    assert_eq!(letter.subject, "“Fresh from the roaster” was not published");
    for words in ["Harbour & Pine (Facebook): It said no.", "Maeve Byrne (LinkedIn)", "Somebody has to look there"] {
        assert!(letter.text.contains(words), "{words}: {}", letter.text);
    }
    assert!(letter.text.contains(&format!("https://arctiv.example/posts/{post}")));
    // Nothing is left, and a job that runs again finds nothing.
    assert_eq!(harbour.studio.count("notices_waiting").await, 0);
    let mut tx = harbour.studio.db.worker().await.unwrap();
    let (job, _) = crate::features::notifications::telling::Tell::soon(
        harbour.admin.workspace_id,
        NotificationEvent::PostFailed,
        harbour.studio.now(),
    );
    crate::jobs::enqueue(&mut tx, &job, None).await.unwrap();
    tx.commit().await.unwrap();
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    // It was tried again, and failed again.
    harbour.over(&[(post, PostStatus::Failed)]).await;
    harbour.told().await;
    assert_eq!(harbour.counts(), [2, 2, 0]);
}

#[tokio::test]
async fn what_happens_together_is_one_letter_and_what_is_mended_is_none() {
    let harbour = Harbour::new().await;
    harbour.accounts().await;
    let one = harbour.ended("One", "failed", "success").await;
    let two = harbour.ended("Two", "failed", "failed").await;
    let mended = harbour.ended("Three", "failed", "failed").await;
    let mine = harbour.studio.save(&harbour.admin, text("Four")).await.id;
    harbour.studio.settle(mine, Platform::Facebook, "failed").await;
    harbour.studio.settle(mine, Platform::Linkedin, "failed").await;
    harbour.over(&[(one, PostStatus::PartlyPublished), (two, PostStatus::Failed)]).await;
    harbour.over(&[(mended, PostStatus::Failed), (mine, PostStatus::Failed), (two, PostStatus::Failed)]).await;
    harbour.studio.publish(mended, "published").await;
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    let admins = harbour.letters(&harbour.admin).remove(0);
    assert_eq!(admins.subject, "3 posts in Harbour & Pine were not published everywhere");
    assert!(admins.text.contains("“Four”") && !admins.text.contains("“Three”"), "{}", admins.text);
    let editors = harbour.letters(&harbour.editor).remove(0);
    assert_eq!(editors.subject, "2 posts in Harbour & Pine were not published everywhere");
    assert!(!editors.text.contains("“Four”"), "somebody else’s post: {}", editors.text);
    // Published: nobody is told.
    let good = harbour.ended("Good", "success", "success").await;
    harbour.over(&[(good, PostStatus::Published)]).await;
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
}

#[tokio::test]
async fn letters_go_to_confirmed_addresses_of_people_who_work_here_and_want_them() {
    let harbour = Harbour::new().await;
    harbour.accounts().await;
    let admins = [
        harbour.studio.colleague(&harbour.admin, Role::Admin).await,
        harbour.studio.colleague(&harbour.admin, Role::Admin).await,
        harbour.studio.colleague(&harbour.admin, Role::Admin).await,
        harbour.studio.colleague(&harbour.admin, Role::Admin).await,
    ];
    let [unconfirmed, kept_out, inactive, without] = &admins;
    for (person, sql) in [
        (unconfirmed, "update users set email_confirmed_at = null where id = $1"),
        (kept_out, "update memberships set disabled_at = now() where user_id = $1"),
        (inactive, "update users set is_active = false where id = $1"),
        (
            without,
            "insert into notification_preferences (workspace_id, user_id, event, email, created_at, updated_at)
             select workspace_id, user_id, 'post_failed', false, now(), now() from memberships where user_id = $1",
        ),
    ] {
        sqlx::query("update users set email_confirmed_at = now() where id = $1")
            .bind(person.user_id.0)
            .execute(&harbour.studio.admin)
            .await
            .unwrap();
        sqlx::query(sql).bind(person.user_id.0).execute(&harbour.studio.admin).await.unwrap();
    }
    let post = harbour.ended("Fresh", "failed", "failed").await;
    harbour.over(&[(post, PostStatus::Failed)]).await;
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    for person in &admins {
        assert!(harbour.letters(person).is_empty());
    }
    // A workspace that is closed tells nobody.
    harbour.sql("update workspaces set closed_at = now()").await;
    harbour.over(&[(post, PostStatus::Failed)]).await;
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
}

#[tokio::test]
async fn lost_accounts_are_told_together_to_whoever_may_act() {
    let harbour = Harbour::new().await;
    let [shop, maeve] = harbour.accounts().await;
    let third = harbour.studio.account(&harbour.admin, Platform::Twitter, "@harbourpine").await;
    sqlx::query("update accounts set connected_by = $2 where id = $1")
        .bind(maeve.0)
        .bind(harbour.editor.user_id.0)
        .execute(&harbour.studio.admin)
        .await
        .unwrap();
    for account in [shop, maeve, third] {
        harbour
            .studio
            .change_account(account, "status = 'reconnect_required', status_reason = 'Access was taken back.'")
            .await;
        harbour.lost(account).await;
    }
    // Somebody was quick.
    harbour.studio.change_account(third, "status = 'connected', status_reason = null").await;
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    let admins = harbour.letters(&harbour.admin).remove(0);
    assert_eq!(admins.subject, "2 accounts in Harbour & Pine must be reconnected");
    assert!(!admins.text.contains("@harbourpine"), "{}", admins.text);
    let editors = harbour.letters(&harbour.editor).remove(0);
    assert_eq!(editors.subject, "Maeve Byrne must be reconnected");
    assert!(editors.text.contains("Access was taken back.") && editors.text.contains(&format!("/accounts/{maeve}")));
    assert_eq!(AccountStatus::ReconnectRequired.as_str(), "reconnect_required");
}

#[tokio::test]
async fn an_account_that_lacks_a_permission_is_not_called_lost() {
    let harbour = Harbour::new().await;
    let [shop, maeve] = harbour.accounts().await;
    let limited = async |account| {
        let (ids, now) = (harbour.studio.ids.clone(), harbour.studio.now());
        let mut tx = harbour.studio.db.worker().await.unwrap();
        in_tx::account_limited(&mut tx, ids.as_ref(), now, harbour.admin.workspace_id, account).await.unwrap();
        tx.commit().await.unwrap();
    };
    harbour.studio.change_account(shop, "status_reason = 'Facebook no longer gives us every permission.'").await;
    limited(shop).await;
    harbour.told().await;
    let alone = harbour.letters(&harbour.admin).remove(0);
    assert_eq!(alone.subject, "Harbour & Pine lacks a permission");
    assert!(alone.text.contains("no longer gives us every permission") && alone.text.contains("still connected"));

    harbour.studio.change_account(maeve, "status = 'reconnect_required', status_reason = 'Gone.'").await;
    limited(shop).await;
    harbour.lost(maeve).await;
    harbour.told().await;
    let both = harbour.letters(&harbour.admin).remove(1);
    assert_eq!(both.subject, "2 accounts in Harbour & Pine need attention");
    assert!(both.text.contains("/accounts?attention=true"), "{}", both.text);
}

#[tokio::test]
async fn an_account_that_ends_a_member_and_a_role() {
    let harbour = Harbour::new().await;
    let [shop, _] = harbour.accounts().await;
    harbour.studio.change_account(shop, "token_expires_at = now() + interval '9 days'").await;
    let (ids, now, workspace) = (harbour.studio.ids.clone(), harbour.studio.now(), harbour.admin.workspace_id);
    let mut tx = harbour.studio.db.worker().await.unwrap();
    in_tx::account_expiring(&mut tx, ids.as_ref(), now, workspace, shop).await.unwrap();
    tx.commit().await.unwrap();
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 0, 0]);
    assert!(harbour.letters(&harbour.admin)[0].subject.starts_with("Access to Harbour & Pine ends on "));

    // Under the web's role, which may say what has happened and read nothing of what waits.
    let mut tx = harbour.studio.db.tenant(&harbour.editor).await.unwrap();
    in_tx::member_joined(&mut tx, ids.as_ref(), now, workspace, harbour.editor.user_id).await.unwrap();
    in_tx::role_changed(&mut tx, ids.as_ref(), now, workspace, harbour.viewer.user_id).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = harbour.studio.db.tenant(&harbour.editor).await.unwrap();
    let error = sqlx::query("select * from notices_waiting").fetch_all(&mut *tx).await.unwrap_err();
    assert!(error.to_string().contains("permission denied"), "{error}");
    drop(tx);
    harbour.told().await;
    assert_eq!(harbour.counts(), [2, 0, 1]);
    assert_eq!(harbour.letters(&harbour.admin)[1].subject, "Maeve Byrne has joined Harbour & Pine");
    let letter = harbour.letters(&harbour.viewer).remove(0);
    assert!(letter.text.contains("as viewer from now on"), "{}", letter.text);
}

#[tokio::test]
async fn what_is_rolled_back_is_not_told_and_another_workspace_cannot_be_told_of() {
    let harbour = Harbour::new().await;
    let elsewhere = harbour.studio.workspace("UTC").await;
    let (ids, now) = (harbour.studio.ids.clone(), harbour.studio.now());
    {
        let mut tx = harbour.studio.db.tenant(&harbour.admin).await.unwrap();
        let subject = [(harbour.admin.workspace_id, Uuid::from_u128(1))];
        in_tx::tell(&mut tx, ids.as_ref(), now, NotificationEvent::PostFailed, &subject).await.unwrap();
    }
    let mut tx = harbour.studio.db.tenant(&harbour.admin).await.unwrap();
    let foreign = [(elsewhere.workspace_id, Uuid::from_u128(1))];
    let refused = in_tx::tell(&mut tx, ids.as_ref(), now, NotificationEvent::PostFailed, &foreign).await;
    assert!(refused.is_err(), "row-level security lets nobody tell of another workspace");
    drop(tx);
    assert_eq!(harbour.studio.count("notices_waiting").await, 0);
    assert!(harbour.studio.jobs().await.is_empty());
}

#[tokio::test]
async fn who_may_approve_is_told_of_a_request_and_the_author_of_the_decision() {
    let harbour = Harbour::new().await;
    harbour.accounts().await;
    let (studio, member) = (&harbour.studio, harbour.studio.colleague(&harbour.admin, Role::Member).await);
    harbour.sql("update users set email_confirmed_at = now()").await;
    let post = studio.save(&member, text("The winter menu is here")).await;
    assert_eq!(post.status, PostStatus::PendingApproval);
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    assert!(harbour.letters(&member).is_empty(), "whoever asked knows");
    let asked = harbour.letters(&harbour.editor).remove(0);
    assert_eq!(asked.subject, "“The winter menu is here” waits for approval");
    assert!(asked.text.contains("https://arctiv.example/approvals"), "{}", asked.text);

    studio.approvals.reject(&harbour.editor, post.id, Some(1), "The date is wrong.".into()).await.unwrap();
    harbour.told().await;
    let rejected = harbour.letters(&member).remove(0);
    assert_eq!(rejected.subject, "“The winter menu is here” was rejected");
    assert!(rejected.text.contains("The date is wrong."), "{}", rejected.text);
    assert_eq!(harbour.counts(), [1, 1, 0], "nobody else");

    // What was taken back before the letter left is not told; nor is one's own word to oneself.
    studio.approvals.submit(&member, post.id).await.unwrap();
    studio.approvals.withdraw(&member, post.id).await.unwrap();
    harbour.told().await;
    assert_eq!(harbour.counts(), [1, 1, 0]);
    studio.approvals.submit(&member, post.id).await.unwrap();
    harbour.told().await;
    assert_eq!(harbour.counts(), [2, 2, 0]);
    studio.approvals.approve(&harbour.admin, post.id, None).await.unwrap();
    harbour.told().await;
    let subjects: Vec<String> = harbour.letters(&member).into_iter().map(|letter| letter.subject).collect();
    assert!(subjects.contains(&"“The winter menu is here” was approved".to_owned()), "{subjects:?}");
    assert_eq!(subjects.len(), 2);
}
