//! The copies of a signed form: one signature, one digest, and who has it (INS-12).
//!
//! The rep's copy exists with the seal, the archive's with the server's receipt; of the customer's a record in `more` says
//! how it was handed over.

use serde::{Deserialize, Serialize};

use super::newest_first;
use crate::bytes::Hash;
use crate::ids::UserId;
use crate::merge::View;
use crate::merge::view::Finding;
use crate::template::Template;
use crate::time::Stamp;
use crate::visit::codes;

/// What keys of these records in `more` begin with.
pub const COPIES: &str = "copies/";

/// Code of the finding that nothing says how the customer got the form.
pub const COPY_NOT_RECORDED: &str = "copy_not_recorded";

/// Code of the finding that a copy names a form that the visit does not have.
pub const COPY_OF_OTHER_FORM: &str = "copy_of_other_form";

codes!(
    /// Whose copy of a form.
    CopyOf {
        /// The customer's.
        Customer = "customer", "客户联";
        /// That of the rep on site.
        Installer = "installer", "装维人员联";
        /// That of the department, which is the archive.
        Department = "department", "存档联";
    }
);

impl CopyOf {
    /// English label.
    #[must_use]
    pub const fn label_en(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Installer => "Rep on site",
            Self::Department => "Archive",
        }
    }
}

codes!(
    /// How a customer got the copy.
    HandedAs {
        /// On paper.
        Paper = "paper", "纸质";
        /// As a QR code that the phone showed.
        Qr = "qr", "出示二维码";
        /// As a link.
        Link = "link", "链接";
    }
);

/// How a copy was handed over (key `copies/<id>` of `more`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRecord {
    /// The form: digest of its statement.
    pub statement: Hash,
    /// Whose copy; [`CopyOf`] as text, so that later ones are kept.
    pub copy: String,
    /// How; [`HandedAs`] as text likewise.
    pub how: String,
    /// When.
    pub at: Stamp,
    /// Who handed it over.
    pub by: UserId,
}

/// Whether a key of `more` is that of a copy: it is written after the signing, and after the hand-in it is not late.
#[must_use]
pub fn is_copy(key: &str) -> bool {
    key.starts_with(COPIES)
}

/// The copies that were handed over, in the order of their keys, without what was withdrawn or cannot be read.
pub fn handed_over(view: &View) -> impl Iterator<Item = (&str, CopyRecord)> {
    let records = view.more.iter().filter(|(key, _)| is_copy(key) && !view.withdrawn.contains_key(key.as_str()));
    records.filter_map(|(key, entry)| Some((key.as_str(), CopyRecord::deserialize(&entry.value).ok()?)))
}

/// Whether a document of a template exists in a copy.
#[must_use]
pub fn has_copy(template: &Template, document: &str, copy: CopyOf) -> bool {
    let slots = template.signatures.iter().filter(|slot| slot.document == document);
    slots.into_iter().any(|slot| slot.copies.iter().any(|one| one == copy.code()))
}

/// What a person should look at about the copies of a visit that was handed in.
// Rule: INS-12
#[must_use]
pub fn findings(view: &View, template: &Template, is_handed_in: bool) -> Vec<Finding> {
    let forms: Vec<(Hash, &str)> =
        newest_first(view).map(|(digest, entry)| (digest, entry.value.kind.as_str())).collect();
    let handed: Vec<(&str, CopyRecord)> = handed_over(view).collect();
    let finding = |code: &str, subject: String| Finding { code: code.to_owned(), subject, detail: None };
    let is_other = |copy: &CopyRecord| forms.iter().all(|(digest, _)| *digest != copy.statement);
    let mut found: Vec<Finding> = handed
        .iter()
        .filter(|(_, copy)| is_other(copy))
        .map(|(key, _)| finding(COPY_OF_OTHER_FORM, format!("more/{key}")))
        .collect();
    // Of a form that was signed anew only the newest counts.
    let newest = forms.first().filter(|(_, kind)| is_handed_in && has_copy(template, kind, CopyOf::Customer));
    let is_customers = |digest: &Hash| {
        handed.iter().any(|(_, copy)| copy.statement == *digest && copy.copy == CopyOf::Customer.code())
    };
    found.extend(
        newest
            .filter(|(digest, _)| !is_customers(digest))
            .map(|(digest, _)| finding(COPY_NOT_RECORDED, format!("statements/{digest}"))),
    );
    found
}
