//! The closed lists a template may name (rulebook 1.2 to 1.4).

/// Outcomes of a visit.
pub const OUTCOMES: [&str; 6] =
    ["completed", "no_show", "deferred_safety", "resource_missing", "customer_cancelled", "not_accepted"];

/// Outcomes of a visit that ended without work (design section 2.2).
pub const WITHOUT_WORK: [&str; 4] = ["deferred_safety", "resource_missing", "customer_cancelled", "not_accepted"];

/// Who signs.
pub const SIGNERS: [&str; 4] = ["customer", "field_rep", "works_supervisor", "level_owner"];

/// Who gets a copy of a signed document.
pub const COPIES: [&str; 3] = ["customer", "installer", "department"];

/// Triggers of a work order.
pub const ORDER_TRIGGERS: [&str; 7] =
    ["sale", "service_done", "complaint", "delivery", "install_done", "account_opening", "vip_joined"];

/// Order fields a template may read, with their values where these are closed.
pub const ORDER_FIELDS: [(&str, &[&str]); 4] = [
    ("channel", &["hotline", "store", "web", "app", "online_marketing", "integrator"]),
    ("contracted_mbps", &[]),
    ("inspection_phase", &["pre", "final", "recheck"]),
    ("trigger", &ORDER_TRIGGERS),
];

/// Visit fields a template may read.
pub const VISIT_FIELDS: [&str; 1] = ["outcome"];

/// The values of an order field; empty where they are open, `None` for an unknown field.
#[must_use]
pub fn order_field(code: &str) -> Option<&'static [&'static str]> {
    ORDER_FIELDS.iter().find(|(field, _)| *field == code).map(|(_, values)| *values)
}
