//! Work orders, each with its first visit: the scenarios on their dates, and what a day of today brings.

/// A work order and its first visit.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// Number in the ordering system; the visits of today carry their day in front.
    pub reference: &'static str,
    /// Key of the customer.
    pub household: &'static str,
    /// Type of the order.
    pub kind: &'static str,
    /// Channel of the order.
    pub channel: &'static str,
    /// The 209 number.
    pub number_209: Option<&'static str>,
    /// Order fields.
    pub fields: &'static [(&'static str, &'static str)],
    /// Template of the visit.
    pub template: &'static str,
    /// Login of who goes.
    pub rep: &'static str,
    /// Day of the visit, `YYYY-MM-DD`; empty for visits of today.
    pub day: &'static str,
    /// Start of the visit, `HH:MM`.
    pub start: &'static str,
    /// Whether the customer agreed to the start; else the office chose it.
    pub is_agreed: bool,
}

/// When the scenarios are put in: every later instant of them lies ahead, and every earlier one in their fields.
pub const SEEDED_AT: &str = "2025-03-03T23:00:00+08:00";

/// What most jobs share: an installation whose time the customer agreed to.
const BLANK: Job = Job {
    reference: "",
    household: "",
    kind: "install",
    channel: "app",
    number_209: None,
    fields: &[],
    template: "broadband_install",
    rep: "",
    day: "",
    start: "",
    is_agreed: true,
};

/// The scenarios.
///
/// # Source
/// Rulebook section 25; where a story names no date or rep, they are chosen here.
pub const SCENARIOS: [Job; 13] = [
    Job {
        number_209: Some("209-25030401"),
        fields: &[("contracted_mbps", "500"), ("existing_duct", "yes")],
        ..job("S-01", "S-01").visit("li.ming", "2025-03-04", "10:00")
    },
    Job {
        channel: "online_marketing",
        number_209: Some("209-25030402"),
        fields: &[("contracted_mbps", "300")],
        ..job("S-02", "S-02").visit("ma.jun", "2025-03-04", "10:30")
    },
    Job {
        channel: "store",
        number_209: Some("209-25030403"),
        fields: &[("contracted_mbps", "100")],
        ..job("S-03", "S-03").visit("guo.liang", "2025-03-04", "09:30")
    },
    Job {
        channel: "hotline",
        number_209: Some("209-25030404"),
        fields: &[("contracted_mbps", "500")],
        ..job("S-04", "S-04").visit("li.ming", "2025-03-04", "14:00")
    },
    Job {
        kind: "repair",
        channel: "hotline",
        template: "broadband_repair",
        number_209: Some("209-25030305"),
        fields: &[("contracted_mbps", "200"), ("reported_at", "2025-03-03T22:40:00+08:00"), ("fault", "no_signal")],
        is_agreed: false,
        ..job("S-05", "S-05").visit("xu.nuo", "2025-03-03", "23:30")
    },
    Job {
        channel: "store",
        number_209: Some("209-25030406"),
        fields: &[("contracted_mbps", "300")],
        ..job("S-06", "S-06").visit("xu.nuo", "2025-03-04", "15:30")
    },
    Job {
        kind: "retention",
        channel: "store",
        template: "retention_visit",
        fields: &[("tier", "silver"), ("assets_yuan", "120000"), ("relation", "with"), ("reason", "1")],
        ..job("S-07", "S-07").visit("tang.ning", "2025-03-06", "10:00")
    },
    Job {
        kind: "retention",
        channel: "store",
        template: "retention_visit",
        fields: &[("tier", "gold"), ("assets_yuan", "620000"), ("relation", "without"), ("reason", "3")],
        ..job("S-08", "S-08").visit("ma.jun", "2025-03-07", "10:00")
    },
    Job {
        kind: "return_visit",
        channel: "hotline",
        template: "return_visit",
        fields: &[("trigger", "periodic"), ("last_visit_on", "2024-06-12"), ("supply_kv", "35")],
        ..job("S-09", "S-09").visit("lead1", "2025-05-20", "09:00")
    },
    Job {
        kind: "complaint",
        channel: "hotline",
        template: "complaint_visit",
        fields: &[("received_at", "2025-03-03T20:15:00+08:00"), ("subject", "damaged_cabinet"), ("claim_yuan", "800")],
        ..job("S-10", "S-10").visit("lead1", "2025-03-04", "15:00")
    },
    Job { kind: "survey", template: "service_survey", ..job("S-11", "S-11").visit("ma.jun", "2025-11-12", "10:00") },
    Job {
        kind: "call",
        template: "customer_call",
        fields: &[("tier", "L1"), ("noticed_on", "2025-03-13")],
        ..job("S-12", "S-12").visit("lead1", "2025-03-20", "10:00")
    },
    Job {
        kind: "inspection",
        template: "pre_acceptance_inspection",
        fields: &[("inspection_phase", "pre")],
        ..job("S-12-inspection", "S-12").visit("lead1", "2025-03-24", "09:30")
    },
];

/// What every day of today brings.
pub const TODAY: [Job; 4] = [
    Job {
        number_209: Some("209-0001"),
        fields: &[("contracted_mbps", "500")],
        ..job("1", "D-01").visit("li.ming", "", "10:00")
    },
    Job {
        kind: "repair",
        channel: "hotline",
        template: "broadband_repair",
        number_209: Some("209-0002"),
        fields: &[("contracted_mbps", "300"), ("fault", "slow")],
        ..job("2", "D-02").visit("li.ming", "", "14:30")
    },
    Job {
        channel: "online_marketing",
        number_209: Some("209-0003"),
        fields: &[("contracted_mbps", "1000")],
        ..job("3", "D-03").visit("ma.jun", "", "09:30")
    },
    Job {
        channel: "store",
        number_209: Some("209-0004"),
        fields: &[("contracted_mbps", "100")],
        ..job("4", "D-04").visit("guo.liang", "", "13:00")
    },
];

const fn job(reference: &'static str, household: &'static str) -> Job {
    Job { reference, household, ..BLANK }
}

impl Job {
    const fn visit(self, rep: &'static str, day: &'static str, start: &'static str) -> Self {
        Self { rep, day, start, ..self }
    }
}
