mod chosen;
mod content;
mod filters;
mod previews;
mod publishing;
mod text;
mod versions;

pub use chosen::{chosen, summary};
pub use content::{name_of, post_content, time_words};
pub use filters::Filters;
pub use previews::{Previewed, Previews};
pub use publishing::{Publishing, starts_undoable, summary_words};
pub use text::post_text;
pub use versions::{History, Versions, differences};
