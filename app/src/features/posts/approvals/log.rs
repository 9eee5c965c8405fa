//! Who asked for a post's approval, who decided what, and why.

use crate::ui::{Glyph, RelativeTime, icon};
use domain::posts::{Approval, ApprovalStep};
use leptos::prelude::*;

/// The history, newest first; nothing where nobody ever asked.
#[component]
pub fn ApprovalLog(approvals: RwSignal<Vec<Approval>>) -> impl IntoView {
    let any = Memo::new(move |_| !approvals.read().is_empty());
    move || {
        any.get().then(|| {
            view! {
                <section aria-labelledby="approvals-h" class="min-w-0">
                    <h2 id="approvals-h" class="mb-3 text-base font-semibold">"Approvals"</h2>
                    <ol
                        aria-label="Approvals, newest first"
                        class="divide-y divide-border rounded-lg border border-border bg-surface"
                    >
                        {move || approvals.get().into_iter().map(line).collect_view()}
                    </ol>
                </section>
            }
        })
    }
}

fn line(approval: Approval) -> AnyView {
    let (glyph, tone) = match approval.step {
        ApprovalStep::Requested => (Glyph::StHalf, "text-warning-solid"),
        ApprovalStep::Withdrawn => (Glyph::Undo2, "text-muted"),
        ApprovalStep::Approved => (Glyph::StConnected, "text-success-solid"),
        ApprovalStep::Rejected => (Glyph::StFailed, "text-danger-solid"),
    };
    view! {
        <li data-step=approval.step.as_str() class="flex items-start gap-3 px-3.5 py-2.5">
            {icon(glyph, &format!("mt-0.5 size-4 {tone}"))}
            <div class="min-w-0 flex-1">
                <p class="wrap-anywhere">
                    <span class="font-medium">{approval.by.name}</span>
                    {format!(" {} version {}", approval.step.label(), approval.version)}
                    <span class="text-sm text-muted">", " <RelativeTime at=approval.at/></span>
                </p>
                {approval
                    .note
                    .map(|note| view! { <p class="mt-1 whitespace-pre-wrap wrap-anywhere text-muted">{note}</p> })}
            </div>
        </li>
    }
    .into_any()
}
