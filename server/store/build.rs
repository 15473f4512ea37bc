//! The migrations are compiled in; Cargo must notice a new one.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
