//! What `demo` prints: where the server is, who can sign in, what to try. Text only.

use crate::demo::{ADMIN, ORGANISATION, PASSWORD, PEOPLE, Person};
use crate::domain::Role;

/// What the banner tells.
#[derive(Debug)]
pub(super) struct Banner {
    /// Base URL of the server.
    pub url: String,
    /// Directory of the demo data.
    pub data: String,
    /// The database, as far as it may be shown.
    pub database: String,
    /// How to call the executable.
    pub program: String,
    /// File of the clock.
    pub clock: Option<String>,
    /// The day whose visits were planned.
    pub today: Option<String>,
    /// Login of the rep to try.
    pub rep: &'static str,
    /// Enrolment code of the rep.
    pub code: String,
}

/// Columns of the first column of the tables.
const FIRST: usize = 28;

/// Writes the banner.
pub(super) fn banner(told: &Banner) -> String {
    let Banner { url, data, database, program, clock, today, rep, code } = told;
    let clock_option = clock.as_ref().map(|file| format!(" --clock {}", quoted(file))).unwrap_or_default();
    let phone = format!("{} phone --dir {}{clock_option}", quoted(program), quoted(&format!("{data}/phone")));
    let login = format!(r#"{{"organisation":"{ORGANISATION}","login":"dispatcher","password":"{PASSWORD}"}}"#);
    let visits = match today {
        Some(day) => format!("{day} (today 今天); the scenarios are in March 2025 剧本在2025年3月"),
        None => "2025-03-04 …, the clock is a file 时间由文件给出".to_owned(),
    };
    let rows: String = [
        ("Server 服务地址", url.clone()),
        ("API document 接口文档", format!("{url}/docs/index.html")),
        ("Database 数据库", database.clone()),
        ("Visits 工单日期", visits),
        ("Organisation 组织代码", ORGANISATION.to_owned()),
        ("Password of all 统一密码", PASSWORD.to_owned()),
    ]
    .iter()
    .map(|(name, value)| row(name, value))
    .collect();
    let logins: String = Role::ALL.into_iter().filter_map(row_of_role).collect();
    format!(
        "\nDoorstep demo · 演示环境 (everything in it is invented 数据均为虚构)\n\n{rows}\n\
         Logins 账号\n{logins}\n\
         Three commands to try in another terminal · 另开终端试三条命令\n\n\
         1. Enrol a phone for {rep}; the code works once 绑定手机（一次性代码）\n   \
         {phone} enrol --server {url} --organisation {ORGANISATION} --login {rep} --code {code}\n\n\
         2. Fetch the visits and list them, offline from then on 同步并列出工单（之后可离线）\n   \
         {phone} sync && {phone} list\n\n\
         3. Sign in as the dispatcher and get a token 派工员登录取令牌\n   \
         curl -s {url}/v1/auth/login -H 'content-type: application/json' -d '{login}'\n\n\
         Stop with Ctrl-C · 按 Ctrl-C 停止\n\n"
    )
}

/// A word of a command line, in quotes where a shell would take it apart.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A role with everybody who has it; nothing for a role that nobody has.
fn row_of_role(role: Role) -> Option<String> {
    let people = PEOPLE.iter().chain([&ADMIN]).filter(|person| person.role == role);
    let people: Vec<String> = people.map(|Person { login, name, .. }| format!("{login} {name}")).collect();
    (!people.is_empty()).then(|| row(&format!("{role} {}", role.label_zh()), &people.join(", ")))
}

fn row(name: &str, value: &str) -> String {
    let padding = " ".repeat(FIRST.saturating_sub(columns(name)));
    format!("  {name}{padding}{value}\n")
}

/// Width in a terminal, where Chinese characters take two columns.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_take_apart_are_quoted() {
        assert_eq!(["data/demo", "我的/演示"].map(quoted), ["data/demo", "我的/演示"]);
        assert_eq!(["my data/phone", "a'b", "$x", ""].map(quoted), ["'my data/phone'", r"'a'\''b'", "'$x'", "''"]);
    }

    #[test]
    fn everybody_is_named_and_columns_stand_under_each_other() {
        let told = Banner {
            url: "http://127.0.0.1:8480".to_owned(),
            data: "data/demo".to_owned(),
            database: "sqlite://data/demo/doorstep.sqlite".to_owned(),
            program: "target/debug/doorstep".to_owned(),
            clock: Some("now.txt".to_owned()),
            today: None,
            rep: "li.ming",
            code: "0123456789".to_owned(),
        };
        let text = banner(&told);
        assert!(PEOPLE.iter().chain([&ADMIN]).all(|person| text.contains(person.login)), "{text}");
        let sync = "target/debug/doorstep phone --dir data/demo/phone --clock now.txt sync &&";
        assert!(text.contains(sync), "{text}");
        assert_eq!(columns(&row("Server 服务地址", "")), columns(&row("auditor 审计监察部", "")));
    }
}
