//! The files of a page on their way: taken in, sent one after the other in the order given, held, tried again.

use super::upload::{Event, Transfer, refusal, send};
use crate::{
    AppError,
    shared::words::size,
    ui::{Toasts, UploadRow, use_toasts},
};
use domain::media::Uploaded;
use leptos::{prelude::*, web_sys::File};
use std::{
    cell::RefCell,
    sync::atomic::{AtomicU32, Ordering},
};

/// A file that is not there yet.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sending {
    key: u32,
    progress: RwSignal<f64>,
    phase: RwSignal<Phase>,
    name: StoredValue<String>,
    bytes: StoredValue<u64>,
}

/// What a file does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Sending,
    Paused,
    /// The connection is lost; it goes on by itself.
    Lost,
    Inspecting,
    Refused(String),
}

/// The browser's own handles, which no other thread may touch and the server never has.
#[derive(Default)]
struct Outbox {
    waiting: Vec<(u32, File)>,
    current: Vec<(u32, Transfer)>,
}

thread_local! {
    static OUTBOX: RefCell<Outbox> = RefCell::default();
}

/// Each file of this browser has a number of its own, whatever the page.
static NEXT: AtomicU32 = AtomicU32::new(1);

fn transfer(key: u32) -> Option<Transfer> {
    OUTBOX.with_borrow(|outbox| outbox.current.iter().find(|(other, _)| *other == key).map(|(_, one)| one.clone()))
}

fn take_transfer(key: u32) -> Option<Transfer> {
    OUTBOX.with_borrow_mut(|outbox| {
        let at = outbox.current.iter().position(|(other, _)| *other == key)?;
        Some(outbox.current.remove(at).1)
    })
}

/// The files of one page on their way. Copy it anywhere.
#[derive(Clone, Copy)]
pub struct Uploads {
    sending: RwSignal<Vec<Sending>>,
    arrived: Callback<Uploaded>,
    toasts: Toasts,
}

impl Uploads {
    /// `arrived` is called with each file that is there. What is still on its way when the page leaves stays where it is,
    /// and goes on when the same file is added again.
    pub fn new(arrived: impl Fn(Uploaded) + Send + Sync + 'static) -> Self {
        let uploads =
            Self { sending: RwSignal::new(Vec::new()), arrived: Callback::new(arrived), toasts: use_toasts() };
        on_cleanup(move || uploads.close());
        uploads
    }

    /// How many are on their way, refused ones left aside.
    pub fn under_way(self) -> usize {
        self.sending.read().iter().filter(|one| !matches!(*one.phase.read(), Phase::Refused(_))).count()
    }

    /// Takes files in, as far as they are what we take and `room` allows; `over` is said of the first that has no room.
    pub fn add(self, files: Vec<File>, room: usize, over: &str) {
        let mut room = room.saturating_sub(untrack(|| self.under_way()));
        for file in files {
            if room == 0 {
                self.toasts.error(format!("{} was not added", file.name()), over.to_owned());
                break;
            }
            let key = NEXT.fetch_add(1, Ordering::Relaxed);
            let refused = refusal(&file.type_(), file.size());
            let taken = refused.is_none();
            let one = Sending {
                key,
                progress: RwSignal::new(0.0),
                phase: RwSignal::new(refused.map_or(Phase::Waiting, Phase::Refused)),
                name: StoredValue::new(file.name()),
                bytes: StoredValue::new(whole(file.size())),
            };
            self.sending.update(|list| list.push(one));
            if taken {
                room -= 1;
                OUTBOX.with_borrow_mut(|outbox| outbox.waiting.push((key, file)));
            }
        }
        self.go_on();
    }

    fn find(self, key: u32) -> Option<Sending> {
        self.sending.try_with_untracked(|list| list.iter().find(|one| one.key == key).copied()).flatten()
    }

    /// Sends the next file when none is being sent, so that files arrive in the order they were given. One that is held
    /// does not hold the others.
    fn go_on(self) {
        loop {
            let busy = self.sending.try_with_untracked(|list| {
                list.iter()
                    .any(|one| matches!(one.phase.get_untracked(), Phase::Sending | Phase::Lost | Phase::Inspecting))
            });
            if busy != Some(false) {
                return;
            }
            let next = OUTBOX.with_borrow_mut(|outbox| {
                let at = outbox.waiting.iter().position(|(key, _)| self.find(*key).is_some())?;
                Some(outbox.waiting.remove(at))
            });
            let Some((key, file)) = next else { return };
            let Some(one) = self.find(key) else { continue };
            one.phase.set(Phase::Sending);
            let events = move |event| {
                let phase = match event {
                    Event::Arrived(share) => {
                        let _page_gone = one.progress.try_set(share);
                        // One that is held may still hear of what was on its way.
                        if one.phase.try_get_untracked() != Some(Phase::Lost) {
                            return;
                        }
                        Phase::Sending
                    }
                    Event::Lost => Phase::Lost,
                    Event::Inspecting => Phase::Inspecting,
                };
                let _page_gone = one.phase.try_set(phase);
            };
            let transfer = send(file, events, move |answer| self.done(key, answer));
            OUTBOX.with_borrow_mut(|outbox| outbox.current.push((key, transfer)));
            return;
        }
    }

    fn done(self, key: u32, answer: Result<Uploaded, AppError>) {
        drop(take_transfer(key));
        let Some(one) = self.find(key) else { return };
        match answer {
            Ok(uploaded) => {
                self.sending.update(|list| list.retain(|other| other.key != key));
                self.arrived.run(uploaded);
            }
            Err(error) => one.phase.set(Phase::Refused(error.message().to_owned())),
        }
        self.go_on();
    }

    fn hold(self, key: u32) {
        let (Some(one), Some(transfer)) = (self.find(key), transfer(key)) else { return };
        if transfer.is_paused() {
            one.phase.set(Phase::Sending);
            transfer.resume();
        } else {
            one.phase.set(Phase::Paused);
            transfer.pause();
            self.go_on();
        }
    }

    /// Stops a file, or takes a refused one off the list.
    fn drop_one(self, key: u32) {
        self.sending.update(|list| list.retain(|one| one.key != key));
        OUTBOX.with_borrow_mut(|outbox| outbox.waiting.retain(|(other, _)| *other != key));
        if let Some(transfer) = take_transfer(key) {
            transfer.cancel();
        }
        self.go_on();
    }

    fn close(self) {
        let keys: Vec<u32> =
            self.sending.try_with_untracked(|list| list.iter().map(|one| one.key).collect()).unwrap_or_default();
        for key in keys {
            OUTBOX.with_borrow_mut(|outbox| outbox.waiting.retain(|(other, _)| *other != key));
            if let Some(transfer) = take_transfer(key) {
                transfer.leave();
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the size of a file is a whole number")]
fn whole(bytes: f64) -> u64 {
    bytes.max(0.0) as u64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a file, for people"
)]
fn part(share: f64, bytes: u64) -> u64 {
    (share.clamp(0.0, 1.0) * bytes as f64) as u64
}

/// "12.0 MB of 48.1 MB", and what holds it up.
fn detail(phase: &Phase, share: f64, bytes: u64) -> String {
    let how_far = || format!("{} of {}", size(part(share, bytes)), size(bytes));
    match phase {
        Phase::Waiting => format!("Waiting, {}", size(bytes)),
        Phase::Sending => how_far(),
        Phase::Paused => format!("Paused at {}", how_far()),
        Phase::Lost => format!("Connection lost at {}. It goes on by itself.", how_far()),
        Phase::Inspecting => "All there. Looking at it…".to_owned(),
        Phase::Refused(_) => String::new(),
    }
}

/// The files on their way, each with how far it is and what can be done with it.
#[component]
pub fn UploadList(uploads: Uploads) -> impl IntoView {
    let row = move |one: Sending| {
        let phase = one.phase;
        let bytes = one.bytes.get_value();
        let held = Signal::derive(move || match *phase.read() {
            Phase::Sending | Phase::Lost => Some(false),
            Phase::Paused => Some(true),
            _ => None,
        });
        let error = Signal::derive(move || match &*phase.read() {
            Phase::Refused(why) => Some(why.clone()),
            _ => None,
        });
        view! {
            <UploadRow
                name=one.name.get_value()
                progress=one.progress
                detail=Signal::derive(move || Some(detail(&phase.read(), one.progress.get(), bytes)))
                error
                held
                on_hold=move |()| uploads.hold(one.key)
                on_cancel=move |()| uploads.drop_one(one.key)
            />
        }
    };
    view! {
        <div class="grid gap-2 empty:hidden">
            <For each=move || uploads.sending.get() key=|one| one.key let:one>
                {row(one)}
            </For>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_how_far_and_what_holds_it_up() {
        let mb = 1024 * 1024;
        assert_eq!(detail(&Phase::Sending, 0.25, 48 * mb), "12.0 MB of 48.0 MB");
        assert_eq!(detail(&Phase::Paused, 0.5, 2 * mb), "Paused at 1.0 MB of 2.0 MB");
        assert!(detail(&Phase::Lost, 0.5, 2 * mb).ends_with("It goes on by itself."));
        assert_eq!(detail(&Phase::Waiting, 0.0, 2 * mb), "Waiting, 2.0 MB");
        assert_eq!(part(2.0, 10), 10);
    }
}
