//! What can be done about identity.

use async_trait::async_trait;

use super::{
    ChangeEmail, ChangePassword, ConfirmTotp, Confirmation, Confirmed, DataExport, DeleteAccount, EmailChange,
    EndedSessions, ForgotPassword, Leaving, LinkState, Login, Me, NewPasskey, OwnProfile, Passkey, PasskeyAnswer,
    PasskeyChallenge, PasskeyOptions, PasskeyStep, ProfilePatch, ProvePassword, RecoveryCodes, Register, RenamePasskey,
    Resends, ResetPassword, SecondStep, SessionInfo, TotpSetup, TwoStep, User, Waiting,
};
use crate::{
    actor::{Actor, CookieToken, Visitor},
    error::ServiceResult,
    ids::{DataExportId, PasskeyId, SessionId},
    media::Signature,
    workspaces::{AcceptInvitation, Role, Workspace},
};

/// The signed cookie value. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(pub String);

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// A fresh session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user: User,
    pub workspace: Workspace,
    pub role: Role,
    pub token: SessionToken,
}

/// A sign-in that waits for its second step: no session.
#[derive(Clone, Debug)]
pub struct PendingSignIn {
    /// For a cookie of its own.
    pub token: CookieToken,
    pub waiting: Waiting,
}

/// What the right password leads to.
#[derive(Clone, Debug)]
pub enum LoginStep {
    SignedIn(Box<SignedIn>),
    /// Two-step sign-in is switched on.
    SecondStep(PendingSignIn),
}

impl LoginStep {
    /// The session, when there is nothing left to ask.
    pub fn signed_in(self) -> Option<SignedIn> {
        match self {
            Self::SignedIn(session) => Some(*session),
            Self::SecondStep(_) => None,
        }
    }
}

/// A request's session, found alive.
#[derive(Clone, Debug)]
pub struct Authenticated {
    pub actor: Actor,
    /// Who that is, for pages.
    pub me: Me,
    /// A newer cookie, when the present one has aged.
    pub reissued: Option<SessionToken>,
}

/// Registration, sign-in and the session.
#[async_trait]
pub trait Identity: Send + Sync {
    /// Makes the user, their profile, their first workspace and a session, in one transaction.
    /// `VALIDATION_ERROR` with fields; `CONFLICT` on `email` when it is taken.
    async fn register(&self, visitor: &Visitor, form: Register) -> ServiceResult<SignedIn>;

    /// `UNAUTHORIZED` with one message, after the same work, for an unknown email, a wrong password and a disabled
    /// account. `RATE_LIMITED` for who guesses, with growing pauses, in the same way for all of them.
    async fn login(&self, visitor: &Visitor, form: Login) -> ServiceResult<LoginStep>;

    /// Ends the session for good; a second call is no error.
    async fn logout(&self, actor: &Actor) -> ServiceResult<()>;

    /// The session behind a cookie, or `None` for a forged, expired, revoked or idle one.
    async fn authenticate(&self, token: &SessionToken, visitor: &Visitor) -> ServiceResult<Option<Authenticated>>;

    /// The person and the present workspace.
    async fn me(&self, actor: &Actor) -> ServiceResult<Me>;

    /// Takes an offered place and opens a session there. Who is signed in with its address needs nothing more; somebody
    /// else who has an account gives its password; everybody else a name and a new password, and gets an account whose
    /// address is confirmed. Two clicks, one place. `GONE` when the invitation is not open any more, `CONFLICT` for who
    /// is signed in with another address.
    async fn accept_invitation(
        &self,
        visitor: &Visitor,
        actor: Option<&Actor>,
        form: AcceptInvitation,
    ) -> ServiceResult<SignedIn>;
}

/// Where somebody is signed in.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The actor's living sessions in all workspaces, the one used last first.
    async fn sessions(&self, actor: &Actor) -> ServiceResult<Vec<SessionInfo>>;

    /// Ends one of them, and forgets its browser. `NOT_FOUND` for one that has ended, or is somebody else's.
    async fn end_session(&self, actor: &Actor, session: SessionId) -> ServiceResult<()>;

    /// Ends all but the actor's own.
    async fn end_other_sessions(&self, actor: &Actor) -> ServiceResult<EndedSessions>;
}

/// Two-step sign-in: its second step, and switching it on and off.
#[async_trait]
pub trait TwoSteps: Send + Sync {
    /// What the browser's sign-in waits for; `None` when none does.
    async fn waiting(&self, visitor: &Visitor) -> ServiceResult<Option<Waiting>>;

    /// Completes it. `UNAUTHORIZED` when none waits, `VALIDATION_ERROR` on `code` for a wrong or used one, `RATE_LIMITED`
    /// for who guesses.
    async fn second_step(&self, visitor: &Visitor, form: SecondStep) -> ServiceResult<SignedIn>;

    /// How it stands for the actor.
    async fn two_step(&self, actor: &Actor) -> ServiceResult<TwoStep>;

    /// What an app is given, while the actor's session sets one up.
    async fn begun_totp(&self, actor: &Actor) -> ServiceResult<Option<TotpSetup>>;

    /// Makes a new secret, which counts once a code confirms it. `CONFLICT` when it is switched on already.
    async fn begin_totp(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<TotpSetup>;

    /// Switches it on, by the first code; all other sessions end. The recovery codes are shown this once.
    async fn confirm_totp(&self, actor: &Actor, form: ConfirmTotp) -> ServiceResult<RecoveryCodes>;

    /// New recovery codes in place of all earlier ones. `CONFLICT` when it is not switched on.
    async fn renew_recovery_codes(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<RecoveryCodes>;

    /// Switches it off. `CONFLICT` when it is not switched on.
    async fn disable_two_step(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<()>;
}

/// Passkeys.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// Whether browsers make them for this site at all; without, everything below is `CONFLICT`.
    fn available(&self) -> bool;

    /// The actor's, oldest first.
    async fn passkeys(&self, actor: &Actor) -> ServiceResult<Vec<Passkey>>;

    /// What the browser is asked for. `CONFLICT` when the actor has as many as anybody may.
    async fn begin_passkey(&self, actor: &Actor, form: ProvePassword) -> ServiceResult<PasskeyOptions>;

    /// Takes the browser's answer. `GONE` when it comes late, twice, or from another session.
    async fn add_passkey(&self, actor: &Actor, form: NewPasskey) -> ServiceResult<Passkey>;

    async fn rename_passkey(&self, actor: &Actor, id: PasskeyId, form: RenamePasskey) -> ServiceResult<Passkey>;

    /// It opens nothing any more.
    async fn remove_passkey(&self, actor: &Actor, id: PasskeyId) -> ServiceResult<()>;

    /// What the browser is asked for, to sign in or to complete a sign-in that waits (`UNAUTHORIZED` when none does).
    async fn begin_passkey_sign_in(&self, visitor: &Visitor, step: PasskeyStep) -> ServiceResult<PasskeyChallenge>;

    /// Takes the browser's answer. `UNAUTHORIZED` for a passkey that opens nothing here, `GONE` for an answer that comes late,
    /// twice or from another browser.
    async fn sign_in_with_passkey(&self, visitor: &Visitor, form: PasskeyAnswer) -> ServiceResult<SignedIn>;
}

/// What proves who somebody is, and how it is replaced: the email address and the password.
///
/// Links are single use, however many clicks come at once; each that is not open any more says why (`GONE`), one that
/// never was is `NOT_FOUND`.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// How a confirmation link stands, for its page. Looking consumes nothing: mail scanners look at every link.
    async fn confirmation(&self, token: &str) -> ServiceResult<Confirmation>;

    /// Consumes the link. `CONFLICT` when the new address has come to belong to somebody else.
    async fn confirm_email(&self, visitor: &Visitor, token: &str) -> ServiceResult<Confirmed>;

    /// How many more confirmation mails the actor may ask for.
    async fn resends(&self, actor: &Actor) -> ServiceResult<Resends>;

    /// Sends another confirmation mail. `CONFLICT` when the address is confirmed already, `RATE_LIMITED` after three
    /// within an hour.
    async fn resend_confirmation(&self, actor: &Actor) -> ServiceResult<Resends>;

    /// The same for whoever holds a link that does not work any more.
    async fn resend_for_link(&self, visitor: &Visitor, token: &str) -> ServiceResult<Resends>;

    /// Sends a reset link if the address is known: the answer and its time are the same if not.
    async fn forgot_password(&self, visitor: &Visitor, form: ForgotPassword) -> ServiceResult<()>;

    /// How a reset link stands, for its page.
    async fn reset_state(&self, token: &str) -> ServiceResult<LinkState>;

    /// Consumes the link, sets the password and ends every session of the person.
    async fn reset_password(&self, visitor: &Visitor, form: ResetPassword) -> ServiceResult<()>;

    /// A new password for who knows the old one; every other session ends. Needs a browser's session.
    async fn change_password(&self, actor: &Actor, form: ChangePassword) -> ServiceResult<()>;

    /// Sends a link to the new address; the old one stays until that is followed. `CONFLICT` on `email` when it is taken.
    async fn change_email(&self, actor: &Actor, form: ChangeEmail) -> ServiceResult<EmailChange>;
}

/// What people say of themselves: everybody their own.
#[async_trait]
pub trait Profiles: Send + Sync {
    async fn profile(&self, actor: &Actor) -> ServiceResult<OwnProfile>;

    /// `VALIDATION_ERROR` with fields, also for those that the person's kind does not have.
    async fn change_profile(&self, actor: &Actor, patch: ProfilePatch) -> ServiceResult<OwnProfile>;

    /// The bytes of a picture (JPG, PNG, WebP, GIF), which is kept small. `VALIDATION_ERROR` on `file` for what is none.
    async fn set_avatar(&self, actor: &Actor, picture: Vec<u8>) -> ServiceResult<OwnProfile>;

    /// No picture any more; without one this does nothing.
    async fn remove_avatar(&self, actor: &Actor) -> ServiceResult<OwnProfile>;
}

/// A person's own data. Needs a browser's session.
#[async_trait]
pub trait OwnData: Send + Sync {
    /// What was put together or is under way, newest first.
    async fn exports(&self, actor: &Actor) -> ServiceResult<Vec<DataExport>>;

    /// Asks for it; a letter tells when it is ready. While one is under way, it is that one. `RATE_LIMITED` after three
    /// within a day.
    async fn request_export(&self, actor: &Actor) -> ServiceResult<DataExport>;

    /// The JSON file, for whoever holds a signed link.
    async fn open_export(&self, id: DataExportId, signature: Signature) -> ServiceResult<Vec<u8>>;

    /// What would become of the actor's workspaces without them.
    async fn departure(&self, actor: &Actor) -> ServiceResult<Vec<Leaving>>;

    /// Deletes the actor for good, at once. `VALIDATION_ERROR` on `current_password` for a wrong one; `CONFLICT`, with the
    /// way out, for the only admin of a workspace in which others are.
    async fn delete_account(&self, actor: &Actor, form: DeleteAccount) -> ServiceResult<()>;
}
