//! The company, its grids and teams, and who works there.

use crate::domain::Role;

/// Code of the company; the mark by which a database is known to hold demo data.
pub const ORGANISATION: &str = "yunze";

/// Name of the company.
pub const ORGANISATION_NAME: &str = "云泽示例通信";

/// Zone of its business rules.
pub const ZONE: &str = "Asia/Shanghai";

/// The password of everybody. Demo data are public by nature, and so is this.
pub const PASSWORD: &str = "doorstep-demo";

/// Grids: key, name and key of the team that serves each.
pub const GRIDS: [(&str, &str, &str); 3] =
    [("yunze-east", "云泽东", "yunze"), ("yunze-west", "云泽西", "yunze"), ("qinglan", "青岚", "qinglan")];

/// Teams: key and name.
pub const TEAMS: [(&str, &str); 2] = [("yunze", "云泽装维队"), ("qinglan", "青岚装维队")];

/// Where each team meets: its key, the name of the place, latitude and longitude in microdegrees.
pub const MEETING_PLACES: [(&str, &str, i64, i64); 2] =
    [("yunze", "城南站点", 30_512_000, 113_901_000), ("qinglan", "青岚镇营业厅", 30_601_000, 114_032_000)];

/// From which day to which everybody who goes out is certified: whenever somebody tries the demo.
pub const CERTIFIED: (&str, &str) = ("2024-01-01", "2099-12-31");

/// Somebody of the company.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Login.
    pub login: &'static str,
    /// Name.
    pub name: &'static str,
    /// The role.
    pub role: Role,
    /// Key of the team.
    pub team: Option<&'static str>,
}

/// The person who adds the others.
pub const ADMIN: Person = office("admin", "夏安", Role::Admin);

/// The person who plans.
pub const DISPATCHER: Person = office("dispatcher", "丁悦", Role::Dispatcher);

/// Everybody but the admin, in the order of the banner.
pub const PEOPLE: [Person; 17] = [
    field("li.ming", "李明", Role::FieldRep, "yunze"),
    field("ma.jun", "马骏", Role::FieldRep, "yunze"),
    field("xu.nuo", "许诺", Role::FieldRep, "yunze"),
    field("guo.liang", "郭亮", Role::FieldRep, "qinglan"),
    field("tang.ning", "唐宁", Role::FieldRep, "qinglan"),
    field("feng.tao", "冯涛", Role::FieldRep, "qinglan"),
    field("lead1", "韩立", Role::TeamLead, "yunze"),
    field("lead2", "曹宁", Role::TeamLead, "qinglan"),
    DISPATCHER,
    office("reviewer1", "沈清", Role::Reviewer),
    office("reviewer2", "蒋文", Role::Reviewer),
    office("agent1", "苏晴", Role::CsAgent),
    office("agent2", "叶秋", Role::CsAgent),
    office("supervisor", "姚远", Role::CsSupervisor),
    office("manager", "程岚", Role::DeptManager),
    office("auditor", "方正", Role::Auditor),
    office("integrator", "示例订单系统", Role::Integrator),
];

const fn field(login: &'static str, name: &'static str, role: Role, team: &'static str) -> Person {
    Person { login, name, role, team: Some(team) }
}

const fn office(login: &'static str, name: &'static str, role: Role) -> Person {
    Person { login, name, role, team: None }
}
