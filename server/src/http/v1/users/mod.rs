//! People: request and response types.

pub mod create;
pub mod enrolment_code;
pub mod list;
pub mod set_phone;

use serde::Serialize;
use sync_core::ids::{TeamId, UserId};
use utoipa::ToSchema;

use crate::app::auth::Person;
use crate::domain::Role;

/// A person of the organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserOut {
    /// Id.
    pub id: UserId,
    /// Login.
    pub login: String,
    /// Name.
    pub name: String,
    /// Staff number on the badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staff_number: Option<String>,
    /// Team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Whether signing in is off.
    pub is_disabled: bool,
    /// Number under which customers reach the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "000-0000-0001")]
    pub phone: Option<String>,
}

impl From<Person> for UserOut {
    fn from(person: Person) -> Self {
        let user = person.user;
        Self {
            id: user.id.0,
            login: user.login,
            name: user.name,
            staff_number: user.staff_number,
            team_id: user.team_id.map(|team| team.0),
            roles: person.roles,
            is_disabled: user.is_disabled,
            phone: user.phone,
        }
    }
}
