//! The binding rules that are not built yet. The list only shrinks: a rule that has code may not stand in it.

/// Each open rule with what is missing, in the order of the rulebook; in brackets what there is of it.
pub const OPEN: [(&str, &str); 11] = [
    ("GEN-09", "every number of the rulebook as a key of the policy (visits name their policy and template)"),
    ("GEN-13", "the image drawn of the strokes (the statement holds the rest)"),
    ("INS-12", "handing over the three copies (the form names them)"),
    ("INS-35", "the call bridge that supplies recordings, and the mark `unrecorded` (calls are records of the visit)"),
    ("APT-02", "the customer's page, on which the customer proposes a time"),
    ("PRE-01", "rectification by the shop and the re-inspection that follows from it (inspections are visits)"),
    ("NOT-05", "messages to customers and their quiet hours"),
    ("NOT-07", "the generated text of the door note"),
    ("DOC-03", "archive items with retention and legal hold (visits are kept and listed)"),
    ("DOC-05", "complaints as records of their own (the visit to a complaint is recorded)"),
    ("DOC-08", "encryption on the phone, and the log of who read what"),
];
