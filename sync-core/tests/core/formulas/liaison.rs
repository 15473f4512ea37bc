//! F-24, F-25.

use serde_json::{Value, json};

use super::{gives, refuses};

#[test]
fn every_fault_of_a_sheet_costs_its_points() {
    for (input, points) in [
        (json!({"days": {}}), 0),
        (json!({"days": {}, "issuer_did_not_lead": false}), 0),
        (json!({"days": {"unclear_not_clarified": 3}}), 6),
        (json!({"days": {"refused_to_sign": 1}}), 5),
        (json!({"days": {"overdue": 0, "unclear_not_clarified": 0, "refused_to_sign": 0}}), 0),
        (
            json!({"days": {"overdue": 4, "unclear_not_clarified": 2, "refused_to_sign": 3}, "issuer_did_not_lead": true}),
            28,
        ),
        (json!({"days": {}, "sheets_audit_did_not_help": 2}), 10),
        (json!({"days": {"overdue": 1}, "issuer_did_not_lead": true, "sheets_audit_did_not_help": 1}), 11),
    ] {
        gives("F-24", &input, &json!({ "points": points }));
    }
    refuses("F-24", &json!({"days": {"overdue": -1}}), "days.overdue");
    refuses("F-24", &json!({"days": {"late": 1}}), "days.late");
    refuses("F-24", &json!({"days": {"overdue": "3"}}), "days.overdue");
    refuses("F-24", &json!({"days": {"refused_to_sign": u64::MAX}}), "days");
    refuses("F-24", &json!({"days": {}, "issuer_did_not_lead": 1}), "issuer_did_not_lead");
    refuses("F-24", &json!({"days": {}, "sheets_audit_did_not_help": true}), "sheets_audit_did_not_help");
}

#[test]
fn numbers_run_by_department_and_year() {
    let number = |dept: &str, year: u64, existing: Value, number: &str| {
        gives("F-25", &json!({"dept": dept, "year": year, "existing": existing}), &json!({ "number": number }));
    };
    number("WLB", 2025, json!([]), "WLB-2025-001");
    number("WLB", 2025, json!(["WLB-2025-003", "WLB-2025-001"]), "WLB-2025-004");
    number("WLB", 2025, json!(["WLB-2025-998"]), "WLB-2025-999");
    number("WLB", 2025, json!(["WLB-2025-1000", "WLB-2025-999"]), "WLB-2025-1001");
    number("WLB", 2025, json!(["KFB-2025-040", "WLB-2024-118", "WLB-2025-009", "WLB-2026-300"]), "WLB-2025-010");
    // One department's code begins another's, or holds a hyphen.
    number("WL", 2025, json!(["WLB-2025-009", "WL-B-2025-008"]), "WL-2025-001");
    number("WL-B", 2025, json!(["WL-B-2025-008"]), "WL-B-2025-009");
    number("网络部", 2025, json!(["网络部-2025-012"]), "网络部-2025-013");
    number("WLB", 987, json!(["WLB-0987-004"]), "WLB-0987-005");
    let input = |existing: Value| json!({"dept": "WLB", "year": 2025, "existing": existing});
    for bad in ["WLB-2025", "WLB2025-001", "WLB-2025-01", "WLB-25-001", "WLB-2025-00x", "-2025-001", "WLB-2025--01", ""]
    {
        refuses("F-25", &input(json!(["WLB-2025-001", bad])), "existing[1]");
    }
    refuses("F-25", &input(json!(["WLB-2025-18446744073709551615"])), "existing");
    refuses("F-25", &input(json!(["WLB-2025-18446744073709551616"])), "existing[0]");
    refuses("F-25", &json!({"dept": "", "year": 2025, "existing": []}), "dept");
    refuses("F-25", &json!({"dept": "WLB", "year": 0, "existing": []}), "year");
    refuses("F-25", &json!({"dept": "WLB", "year": "2025", "existing": []}), "year");
    refuses("F-25", &json!({"dept": "WLB", "year": 20_250, "existing": []}), "year");
}
