//! The design system: every control, surface and state of the interface, in one place.
//!
//! It knows Leptos and nothing of the product: no feature, no type of `domain`. Pages map their states to [`Status`],
//! [`Tone`] and [`Mark`] and never style what a component should; a look that is missing is added here, and shown in
//! the [`gallery`] in every state.
//!
//! Rules that hold for all of them:
//! - Server and browser write the same markup; ids come from the caller, time from [`Clock`].
//! - What a form needs works without a script; what a script adds is arrow keys, live limits, toasts.
//! - 3-px focus, 48-px targets on touch, no text below 12 px, nothing told by colour alone.
//! - Views are erased (`into_any`) at the end of each component: less to compile, less WASM.
//! - Classes stand as literals, in `classes!` or constants, where Tailwind's scanner sees them.

pub mod class;
#[cfg(debug_assertions)]
pub mod gallery;

mod avatar;
mod button;
mod card;
mod chart;
mod chip;
mod choice;
mod countdown;
mod dialog;
mod disclosure;
mod event;
mod field;
mod icon;
mod menu;
mod misc;
mod nav;
mod palette;
mod picker;
mod progress;
mod states;
mod status;
mod table;
mod tabs;
mod theme;
mod time;
mod toast;
mod upload;

pub use avatar::{Avatar, AvatarSize, AvatarStack, OrgMark, initials};
pub use button::{Button, ButtonSize, ButtonVariant, CopyButton, IconButton, button_class};
pub use card::{AccountCard, Card, PageHeader, Section, Stat, StatStrip, StatTile};
pub use chart::{BarChart, LineChart, Series, SeriesRole, Sparkline};
pub use chip::{AccountChip, FilterButton, FilterChip, FilterOption, FilterSelect};
pub use choice::{Checkbox, Choice, RadioCards, RadioGroup, SegmentedControl, SegmentedLinks, Switch};
pub use class::cx;
pub use countdown::{Countdown, seconds_words};
pub use dialog::{ConfirmDialog, Dialog, DialogSize};
pub use disclosure::Disclosure;
pub use event::CalendarEvent;
pub use field::{Field, FieldContext, FileInput, Input, PasswordInput, SearchInput, Select, SelectOption, Textarea};
pub use icon::{Glyph, Icon, Logo, Mark, MarkSize, PlatformMark, Spinner, icon, platform_mark};
pub use menu::{Menu, MenuItem, MenuLink, MenuSeparator, Popover};
pub use misc::{Kbd, LiveMark, PageTitle, SkipLink, Tooltip, TooltipBubble, VisuallyHidden};
pub use nav::{Breadcrumbs, Pagination, RailLink, SheetLink, with_offset};
pub use palette::{CommandPalette, PaletteGroup, PaletteItem};
pub use picker::{Calendar, DateTimePicker};
pub use progress::{LimitMeter, Progress, Ring, SegmentBar, Share, ShareBar, Stepper};
pub use states::{Banner, EmptyState, EmptyStep, ErrorState, Skeleton, SkeletonCards, SkeletonRows};
pub use status::{Badge, Count, Status, StatusBadge, Tag, Tone, grouped, status_glyph};
pub use table::{DescriptionList, Detail, Sort, Table, Td, Th, Thead, Tr};
pub use tabs::{NavTab, NavTabs, Tab, TabPanel, Tabs};
pub use theme::{ContrastToggle, ThemePicker, ThemeToggle};
pub use time::{Clock, RelativeTime, TimeStyle, exact_words, provide_clock, relative_words, use_clock};
pub use toast::{Toast, ToastAction, ToastCard, Toaster, Toasts, provide_toasts, use_toasts};
pub use upload::{FileDrop, Thumb, Thumbnails, UploadRow, preview_url, revoke_preview};
