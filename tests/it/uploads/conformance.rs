//! The table of `docs/CONFORMANCE.md` names tests that there are.

use std::path::Path;

#[test]
fn every_line_of_the_table_names_tests_that_there_are() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read =
        |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let document = read(&here.join("../docs/CONFORMANCE.md"));
    let (_, table) = document.split_once("## Uploads").expect("the section");
    let names: Vec<(&str, &str)> = table.split('`').filter_map(|text| text.split_once("::")).collect();
    assert!(names.len() > 40, "{names:?}");
    for (file, name) in names {
        let tests = read(&here.join("it/uploads").join(format!("{file}.rs")));
        assert!(tests.contains(&format!("fn {name}()")), "{file}::{name}");
    }
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Line")) {
        assert!(line.contains("::"), "no test: {line}");
    }
}
