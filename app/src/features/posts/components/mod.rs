mod chosen;
mod previews;
mod publishing;
mod text;

pub use chosen::{chosen, summary};
pub use previews::{Previewed, Previews};
pub use publishing::{Publishing, starts_undoable, summary_words};
pub use text::post_text;
