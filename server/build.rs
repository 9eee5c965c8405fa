//! The embedded site's folder must exist for the program to compile; `make` fills it.

use std::{fs, path::Path};

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=../migrations");
    fs::create_dir_all(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site"))
}
