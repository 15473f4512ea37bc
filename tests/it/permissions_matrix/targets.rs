//! Things of the actor, of his team, of another team and of another organisation, for the parameters in paths.

use std::collections::BTreeMap;

use doorstep::domain::Scope;
use doorstep::domain::operation::{Access, Row};
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, Member, YUNZE};

/// How a thing is related to who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// His own.
    Own,
    /// A team mate's.
    Team,
    /// That of somebody in another team.
    OtherTeam,
    /// That of somebody in another organisation.
    Foreign,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 4] = [Self::Own, Self::Team, Self::OtherTeam, Self::Foreign];

    /// Whether a grant reaches so far.
    pub fn is_within(self, scope: Scope) -> bool {
        match scope {
            Scope::Own => self == Self::Own,
            Scope::Team => self <= Self::Team,
            Scope::Organisation => self <= Self::OtherTeam,
        }
    }
}

/// Parameters of things that belong to somebody: [`Targets`] has one for every relation.
const ABOUT_SOMEBODY: [&str; 2] = ["{user_id}", "{device_id}"];

/// Parameters for which no things are seeded yet: roles, tokens and absent ids are played, relations are not.
const NOT_SEEDED: [&str; 2] = ["{visit_id}", "{sha256}"];

/// Whether the matrix knows what a parameter stands for.
pub fn is_known(parameter: &str) -> bool {
    ABOUT_SOMEBODY.contains(&parameter) || NOT_SEEDED.contains(&parameter)
}

/// Whether an operation behind the guard is about things that belong to somebody.
pub fn is_about_somebody(row: Row) -> bool {
    row.access != Access::Public && row.path.split('/').any(|part| ABOUT_SOMEBODY.contains(&part))
}

/// A value that no such parameter has.
pub fn absent(parameter: &str) -> String {
    match parameter {
        "{sha256}" => "0".repeat(64),
        _ => "01955f2c-3000-7000-8000-00000000ffff".to_owned(),
    }
}

/// Ids per parameter and relation.
pub struct Targets(BTreeMap<(&'static str, Relation), String>);

impl Targets {
    /// Writes fresh things of everybody concerned.
    pub async fn seed(app: &TestApp, actor: Member) -> Self {
        let owners = [
            (Relation::Own, actor),
            (Relation::Team, YUNZE.colleague()),
            (Relation::OtherTeam, YUNZE.stranger()),
            (Relation::Foreign, HAOYU.rep()),
        ];
        let mut ids = BTreeMap::new();
        for (relation, owner) in owners {
            ids.insert(("{user_id}", relation), owner.id.to_string());
            ids.insert(("{device_id}", relation), app.device_of(owner).await.id.to_string());
        }
        Self(ids)
    }

    /// The id for a parameter.
    pub fn id(&self, parameter: &'static str, relation: Relation) -> String {
        self.0[&(parameter, relation)].clone()
    }

    /// The path of an operation to things of this relation.
    pub fn path(&self, row: Row, relation: Relation) -> String {
        let part = |part: &'static str| match self.0.get(&(part, relation)) {
            Some(id) => id.clone(),
            None if part.starts_with('{') => absent(part),
            None => part.to_owned(),
        };
        row.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}
