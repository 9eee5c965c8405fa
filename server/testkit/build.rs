//! A new migration is a file that no source names: without this, the old set would stay compiled in.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
