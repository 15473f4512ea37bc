//! The binding rules that are not built yet. The list only shrinks: a rule that has code may not stand in it.

/// Each open rule with what is missing, in the order of the rulebook; in brackets what there is of it.
pub const OPEN: [(&str, &str); 0] = [];
