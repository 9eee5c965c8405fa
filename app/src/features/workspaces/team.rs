//! `/team`: who works here, and who is invited.

use domain::{
    FieldErrors, UserId,
    workspaces::{Invitation, InvitationState, Member, MemberPatch, NewInvitation, Role, role_label, role_words},
};
use leptos::{ev, prelude::*, task::spawn_local};

use super::server_fns::{
    Invited, TeamView, invite_member, remove_member, resend_invitation, update_member, view_team, withdraw_invitation,
};
use crate::{
    AppError,
    layouts::{PageFrame, leave_for, load, use_refusal},
    live::use_live,
    session::use_session,
    shared::follow::follow,
    ui::{
        Avatar, Badge, Banner, Button, ButtonSize, ButtonVariant, Card, ConfirmDialog, EmptyState, Field, Glyph, Input,
        Menu, MenuItem, RelativeTime, Section, Select, SelectOption, SkeletonRows, Table, Td, Th, Thead, Toasts, Tone,
        Tr, use_toasts,
    },
};

/// What the page shows and does.
#[derive(Clone, Copy)]
struct Board {
    members: RwSignal<Vec<Member>>,
    invitations: RwSignal<Vec<Invitation>>,
    /// Whom the dialog asks about.
    removing: RwSignal<Option<Member>>,
    me: Option<UserId>,
    /// The team is an admin's business; others see it.
    manages: bool,
    toasts: Toasts,
    refusal: Callback<(String, AppError)>,
}

impl Board {
    fn take(self, view: TeamView) {
        let _page_gone = self.members.try_set(view.members);
        let _page_gone = self.invitations.try_set(view.invitations);
    }

    /// The truth again, whatever was wished.
    fn look_again(self) {
        spawn_local(async move {
            if let Ok(view) = view_team().await {
                self.take(view);
            }
        });
    }

    fn change(self, member: &Member, patch: MemberPatch, done: String) {
        let (id, name) = (member.id, member.full_name.clone());
        spawn_local(async move {
            match update_member(id, patch).await {
                Ok(_) => {
                    self.toasts.success(done);
                }
                Err(error) => self.refusal.run((format!("{name} was not changed"), error)),
            }
            self.look_again();
        });
    }

    fn resend(self, invitation: Invitation) {
        spawn_local(async move {
            match resend_invitation(invitation.id).await {
                Ok(_) => {
                    self.toasts.success(format!("Sent to {} again", invitation.email));
                }
                Err(error) => self.refusal.run(("The invitation was not sent".to_owned(), error)),
            }
            self.look_again();
        });
    }

    fn withdraw(self, invitation: Invitation) {
        spawn_local(async move {
            match withdraw_invitation(invitation.id).await {
                Ok(()) => {
                    self.toasts.success(format!("The invitation to {} is withdrawn", invitation.email));
                }
                Err(error) => self.refusal.run(("The invitation was not withdrawn".to_owned(), error)),
            }
            self.look_again();
        });
    }
}

/// The team.
#[component]
pub fn TeamPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| view_team());
    view! {
        <PageFrame title="Team" lead="Who works in this workspace, and what they may do.">
            {load(data, "your team", || view! { <SkeletonRows label="Loading the team" count=4/> }, full)}
        </PageFrame>
    }
    .into_any()
}

fn full(view: TeamView) -> AnyView {
    let session = use_session();
    let refusal = use_refusal();
    let board = Board {
        members: RwSignal::new(view.members),
        invitations: RwSignal::new(view.invitations),
        removing: RwSignal::new(None),
        me: session.me().map(|me| me.user.id),
        manages: session.may(Role::Admin),
        toasts: use_toasts(),
        refusal: Callback::new(move |(title, error): (String, AppError)| refusal(&title, &error)),
    };
    follow(use_live().members(), Signal::stored(false), view_team, move |view| board.take(view));
    let count = Signal::derive(move || Some(board.members.read().len() as u64));
    view! {
        <div class="grid grid-cols-1 gap-8">
            {board.manages.then(|| invite(board, session.me().is_some_and(|me| me.user.email_confirmed)))}
            <Section id="members-heading" title="Members" count=count>
                {members(board)}
            </Section>
            {board.manages.then(|| invitations(board))}
        </div>
        <RemoveDialog board/>
    }
    .into_any()
}

fn role_options() -> Vec<SelectOption> {
    Role::ALL.map(|role| SelectOption::new(role.as_str(), role_label(role))).into()
}

/// One form: whom, and as what.
fn invite(board: Board, confirmed: bool) -> AnyView {
    let (email, role) = (RwSignal::new(String::new()), RwSignal::new(Role::Member.as_str().to_owned()));
    let errors = RwSignal::new(FieldErrors::default());
    let message = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let error =
        move |name: &'static str| Signal::derive(move || errors.with(|errors| errors.get(name).map(str::to_owned)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let form = NewInvitation { email: email.get_untracked(), role: role.get_untracked() };
        let found = form.check();
        let sound = found.is_empty() && !busy.get_untracked();
        errors.set(found);
        message.set(None);
        if !sound {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match invite_member(form).await {
                Ok(Invited::Sent { invitation }) => {
                    board.toasts.success(format!("Invitation sent to {}", invitation.email));
                    let _page_gone = email.try_set(String::new());
                    board.look_again();
                }
                Ok(Invited::Refused { fields, message: told }) => {
                    let _page_gone = errors.try_set(fields);
                    let _page_gone = message.try_set(told);
                }
                Err(error) => board.refusal.run(("The invitation was not sent".to_owned(), error)),
            }
            let _page_gone = busy.try_set(false);
        });
    };
    let about = move || role.read().parse::<Role>().map(role_words).unwrap_or_default();
    if !confirmed {
        return view! {
            <Banner
                tone=Tone::Info
                title="Confirm your email to invite others"
                text="So that whoever gets an invitation can trust who it comes from."
            />
        }
        .into_any();
    }
    view! {
        <Section id="invite-heading" title="Invite somebody">
            <Card class="p-4 sm:p-5">
                <form method="post" class="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,1fr)_14rem_auto] lg:items-start" novalidate on:submit=submit>
                    <div aria-live="assertive" class="empty:hidden lg:col-span-3">
                        {move || message.get().map(|title| view! { <Banner tone=Tone::Danger title/> })}
                    </div>
                    <Field id="invite-email" label="Email" hint="They get a link that works for 7 days" error=error("email")>
                        <Input name="email" kind="email" autocomplete="off" value=email/>
                    </Field>
                    <Field id="invite-role" label="Role" hint=Signal::derive(move || Some(about().to_owned())) error=error("role")>
                        <Select name="role" options=role_options() value=role/>
                    </Field>
                    <div class="lg:pt-6.5">
                        <Button submit=true variant=ButtonVariant::Primary icon=Glyph::Send loading=busy loading_label="Sending…">
                            "Send invitation"
                        </Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}

fn members(board: Board) -> AnyView {
    view! {
        <Table label="Who is in the team" min_width="min-w-[40rem]">
            <Thead>
                <Th label="Member"/>
                <Th label="Role"/>
                <Th label="Status"/>
                <Th label="Last here"/>
                <Th label="Actions" hidden=true/>
            </Thead>
            <tbody>
                <For
                    each=move || board.members.get()
                    key=|member| (member.id, member.role, member.disabled_at.is_some(), member.last_seen_at)
                    let:member
                >
                    {member_row(board, member)}
                </For>
            </tbody>
        </Table>
    }
    .into_any()
}

fn member_row(board: Board, member: Member) -> AnyView {
    let own = board.me == Some(member.id);
    let disabled = member.disabled_at.is_some();
    let status = if disabled {
        view! { <Badge tone=Tone::Warning with_glyph=true>"Disabled"</Badge> }.into_any()
    } else {
        view! { <Badge tone=Tone::Success with_glyph=true>"Active"</Badge> }.into_any()
    };
    let last = match member.last_seen_at {
        Some(at) => view! { <RelativeTime at/> }.into_any(),
        None => "Not yet".into_any(),
    };
    let (role, menu) = (role_cell(board, &member), member_menu(board, &member, own));
    let (name, email) = (member.full_name, member.email);
    let (avatar, whole_email) = (name.clone(), email.clone());
    view! {
        <Tr>
            <Td>
                <div class="flex min-w-0 items-center gap-3 py-2">
                    <Avatar name=avatar decorative=true/>
                    <div class="min-w-0">
                        <p class="truncate font-medium">
                            {name} {own.then(|| view! { <span class="font-normal text-muted">" (you)"</span> })}
                        </p>
                        <p class="truncate text-sm text-muted" title=whole_email>{email}</p>
                    </div>
                </div>
            </Td>
            <Td>{role}</Td>
            <Td>{status}</Td>
            <Td muted=true>{last}</Td>
            <Td>
                <div class="flex justify-end">{menu}</div>
            </Td>
        </Tr>
    }
    .into_any()
}

fn role_cell(board: Board, member: &Member) -> AnyView {
    if !board.manages {
        return view! { <span title=role_words(member.role)>{role_label(member.role)}</span> }.into_any();
    }
    let (id, name, before) = (member.id, member.full_name.clone(), member.role);
    let value = RwSignal::new(before.as_str().to_owned());
    let person = name.clone();
    let on_change = move |chosen: String| {
        let Ok(role) = chosen.parse::<Role>() else { return };
        let person = person.clone();
        spawn_local(async move {
            match update_member(id, MemberPatch { role: Some(role), disabled: None }).await {
                Ok(_) => {
                    board.toasts.success(format!("{person} is now {}", role_label(role).to_lowercase()));
                    board.look_again();
                }
                Err(error) => {
                    let _page_gone = value.try_set(before.as_str().to_owned());
                    board.refusal.run((format!("{person} was not changed"), error));
                }
            }
        });
    };
    view! {
        <Select
            id=format!("role-{}", member.id)
            name="role"
            label=format!("Role of {name}")
            options=role_options()
            value
            on_change=on_change
            small=true
        />
    }
    .into_any()
}

fn member_menu(board: Board, member: &Member, own: bool) -> AnyView {
    if !board.manages && !own {
        return ().into_any();
    }
    let disabled = member.disabled_at.is_some();
    let (toggled, removed) = (member.clone(), member.clone());
    let toggle = (!own).then(|| {
        let (label, icon) = if disabled { ("Let in again", Glyph::Check) } else { ("Disable", Glyph::Pause) };
        let name = member.full_name.clone();
        let done = if disabled { format!("{name} may come in again") } else { format!("{name} is kept out, at once") };
        view! {
            <MenuItem
                label
                icon
                on_click=move |_| {
                    board.change(&toggled, MemberPatch { role: None, disabled: Some(!disabled) }, done.clone());
                }
            />
        }
    });
    view! {
        <Menu id=format!("member-menu-{}", member.id) label=format!("Actions for {}", member.full_name) size=ButtonSize::Small>
            {toggle}
            <MenuItem
                label={if own { "Leave workspace" } else { "Remove" }}
                icon=Glyph::LogOut
                danger=true
                on_click=move |_| board.removing.set(Some(removed.clone()))
            />
        </Menu>
    }
    .into_any()
}

/// Asks before somebody is taken off the team.
#[component]
fn RemoveDialog(board: Board) -> impl IntoView {
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    Effect::new(move |_| {
        if board.removing.read().is_some() {
            open.set(true);
        }
    });
    Effect::new(move |_| {
        if !open.get() {
            board.removing.set(None);
        }
    });
    let workspace = use_session().me().map(|me| me.workspace.name).unwrap_or_default();
    let title_workspace = workspace.clone();
    let title = Signal::derive(move || {
        board.removing.read().as_ref().map_or_else(String::new, |member| {
            if board.me == Some(member.id) {
                format!("Leave {title_workspace}?")
            } else {
                format!("Remove {} from {title_workspace}?", member.full_name)
            }
        })
    });
    let consequence = Signal::derive(move || {
        board.removing.read().as_ref().map_or_else(String::new, |member| {
            if board.me == Some(member.id) {
                format!("You lose access to {workspace} at once. What you wrote stays. To come back you need a new invitation.")
            } else {
                format!("{} loses access at once, also where they are signed in. What they wrote stays.", member.full_name)
            }
        })
    });
    let confirm = move |()| {
        let Some(member) = board.removing.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            let answer = remove_member(member.id).await;
            let _page_gone = busy.try_set(false);
            let _page_gone = open.try_set(false);
            match answer {
                Ok(()) if board.me == Some(member.id) => leave_for("/login"),
                Ok(()) => {
                    board.toasts.success(format!("{} was removed", member.full_name));
                    board.look_again();
                }
                Err(error) => board.refusal.run((format!("{} was not removed", member.full_name), error)),
            }
        });
    };
    view! {
        <ConfirmDialog
            id="remove-member"
            open
            title
            consequence
            confirm="Remove access"
            cancel="Keep access"
            busy
            on_confirm=confirm
        />
    }
}

fn invitations(board: Board) -> AnyView {
    let is_empty = Memo::new(move |_| board.invitations.read().is_empty());
    let count = Signal::derive(move || Some(board.invitations.read().len() as u64));
    let list = move || {
        if is_empty.get() {
            return view! {
                <EmptyState
                    title="Nobody is invited"
                    text="Whoever you invite stands here until they accept. They need no account beforehand."
                />
            }
            .into_any();
        }
        view! {
            <ul aria-label="Invitations" class="divide-y divide-border rounded-lg border border-border bg-surface">
                <For each=move || board.invitations.get() key=|one| (one.id, one.state) let:invitation>
                    {invitation_row(board, invitation)}
                </For>
            </ul>
        }
        .into_any()
    };
    view! { <Section id="invitations-heading" title="Invitations" count=count>{list}</Section> }.into_any()
}

fn invitation_row(board: Board, invitation: Invitation) -> AnyView {
    let expired = invitation.state == InvitationState::Expired;
    let (again, gone) = (invitation.clone(), invitation.clone());
    let (email, expires_at) = (invitation.email.clone(), invitation.expires_at);
    let by = invitation.invited_by.clone().map(|name| format!(", invited by {name}"));
    view! {
        <li class="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
            <div class="min-w-0 flex-1 basis-60">
                <p class="truncate font-medium" title=email.clone()>{email.clone()}</p>
                <p class="text-sm text-muted">
                    {role_label(invitation.role)} {by} ", "
                    {if expired { "expired " } else { "expires " }} <RelativeTime at=expires_at/>
                </p>
            </div>
            {expired.then(|| view! { <Badge tone=Tone::Warning with_glyph=true>"Expired"</Badge> })}
            <div class="flex gap-2">
                <Button size=ButtonSize::Small label=format!("Send to {email} again") on_click=move |_| board.resend(again.clone())>
                    "Send again"
                </Button>
                <Button
                    size=ButtonSize::Small
                    variant=ButtonVariant::Ghost
                    label=format!("Withdraw the invitation to {email}")
                    on_click=move |_| board.withdraw(gone.clone())
                >
                    "Withdraw"
                </Button>
            </div>
        </li>
    }
    .into_any()
}
