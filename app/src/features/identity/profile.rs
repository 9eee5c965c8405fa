//! `/settings/profile`: what one says of oneself. Which fields there are follows from how one registered.

use domain::{
    identity::{Me, Profile, presents_itself},
    workspaces::WorkspaceKind,
};
use leptos::prelude::*;

use crate::{
    layouts::PageFrame,
    session::{FormOutcome, use_session},
    shared::settings::{error_of, notes, picture_form, refused_on, start_of},
    ui::{Avatar, AvatarSize, Button, ButtonVariant, Card, Checkbox, Field, Input, Section, Textarea},
};

/// Where the page is, and where its forms go.
const PAGE: &str = "/settings/profile";

/// The page.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let body = use_session().me().map(forms);
    view! {
        <PageFrame title="Profile" lead="How others see you, in every workspace you belong to." narrow=true>
            <div class="grid max-w-2xl grid-cols-1 gap-8">{body}</div>
        </PageFrame>
    }
    .into_any()
}

fn forms(me: Me) -> AnyView {
    let outcome = refused_on(PAGE);
    let (name, picture) = (me.user.full_name.clone(), me.profile.avatar_url.clone());
    let has_one = picture.is_some();
    let mark = view! { <Avatar name decorative=true size=AvatarSize::Large nostrip:src=picture/> }.into_any();
    let picture = picture_form(PAGE, "profile-picture", "Picture", has_one, &outcome, mark);
    view! {
        {notes(&outcome)}
        {about(&me, &outcome)}
        <Section id="picture-heading" title="Picture">
            <Card class="p-4 sm:p-5">{picture}</Card>
        </Section>
    }
    .into_any()
}

fn about(me: &Me, outcome: &FormOutcome) -> AnyView {
    let Profile { headline, bio, specialties, availability, agency_name, team_size, listed, .. } = me.profile.clone();
    let (full_name, role) = (me.user.full_name.clone(), me.user.role);
    let refused = StoredValue::new(outcome.clone());
    let start = move |field: &str, set: Option<String>| {
        refused.with_value(|outcome| start_of(outcome, field, set.as_deref().unwrap_or_default()))
    };
    let error = move |field: &str| refused.with_value(|outcome| error_of(outcome, field));
    let listed = if outcome.values.contains_key("full_name") { outcome.values.contains_key("listed") } else { listed };
    let agency = (role == WorkspaceKind::Agency).then(|| {
        view! {
            <Field id="agency-name" label="Agency name" error=error("agency_name")>
                <Input name="agency_name" autocomplete="organization" initial=start("agency_name", agency_name) maxlength=255_u32/>
            </Field>
            <Field id="team-size" label="Team size" hint="How many of you there are. Leave empty to say nothing." error=error("team_size")>
                <Input
                    name="team_size"
                    kind="number"
                    inputmode="numeric"
                    initial=start("team_size", team_size.map(|size| size.to_string()))
                    min="1"
                    max="100000"
                />
            </Field>
        }
    });
    let presenting = presents_itself(role).then(|| {
        view! {
            <Field id="specialties" label="Specialties" hint="With commas between them; at most 20" error=error("specialties")>
                <Input name="specialties" autocomplete="off" initial=start("specialties", Some(specialties.join(", ")))/>
            </Field>
            <Field id="availability" label="Availability" hint="Such as: two days a week from March" error=error("availability")>
                <Input name="availability" autocomplete="off" initial=start("availability", availability) maxlength=100_u32/>
            </Field>
            <Checkbox
                id="listed"
                name="listed"
                value="true"
                label="List me in the directory"
                hint="Everybody who is signed in finds you there, with what stands on this page."
                initial=listed
            />
        }
    });
    view! {
        <Section id="about-heading" title="About you">
            <Card class="p-4 sm:p-5">
                <form method="post" action=PAGE class="grid gap-4" novalidate>
                    <Field id="full-name" label="Full name" error=error("full_name")>
                        <Input name="full_name" autocomplete="name" initial=start("full_name", Some(full_name)) maxlength=100_u32/>
                    </Field>
                    <Field id="headline" label="Headline" hint="One line below your name" error=error("headline")>
                        <Input name="headline" autocomplete="organization-title" initial=start("headline", headline) maxlength=120_u32/>
                    </Field>
                    <Field id="bio" label="Bio" hint="At most 2,000 characters" error=error("bio")>
                        <Textarea name="bio" rows=5 grow=true class="max-h-96" initial=start("bio", bio) maxlength=2000_u32/>
                    </Field>
                    {agency}
                    {presenting}
                    <div>
                        <Button submit=true variant=ButtonVariant::Primary>"Save profile"</Button>
                    </div>
                </form>
            </Card>
        </Section>
    }
    .into_any()
}
