//! The binding rules that are not built yet. The list only shrinks: a rule that has code may not stand in it.

/// Each open rule with what is missing, in the order of the rulebook; in brackets what there is of it.
pub const OPEN: [(&str, &str); 5] = [
    ("GEN-09", "every number of the rulebook as a key of the policy (visits name their policy and template)"),
    ("GEN-13", "the image drawn of the strokes (the statement holds the rest)"),
    ("DOC-03", "archive items with retention and legal hold (visits are kept and listed)"),
    ("DOC-05", "complaints as records of their own (the visit to a complaint is recorded)"),
    ("DOC-08", "encryption on the phone, and the log of who read what"),
];
