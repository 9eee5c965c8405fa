//! `[media]`: where pictures are kept.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Faults, Section};

/// See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaSettings {
    /// A local folder; `<data_dir>/media` when left out.
    pub folder: Option<PathBuf>,
}

impl Section for MediaSettings {
    const NAME: &'static str = "media";
    fn validate(&self, faults: &mut Faults) {
        if self.folder.as_ref().is_some_and(|folder| folder.as_os_str().is_empty()) {
            faults.add("media.folder", "must not be empty");
        }
    }
}
