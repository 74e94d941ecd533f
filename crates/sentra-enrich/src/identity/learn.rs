//! What identity and HR events say of people and accounts.
//!
//! An account is not its person: a deleted or locked account of one system says nothing of the person's employment.
//! Only HR events (Workday) and identity governance (SailPoint, Saviynt) speak of the person.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use sentra_model::{EventBatch, EventCode, EventRow, Timestamp};

use super::book::Identities;
use super::columns::{Column, TABLE};
use super::declare::{Declared, declare};
use super::learned::{LEARNED_ACCOUNTS_MAX, LearnedAccount, Restored, StateRow, Told};
use super::name::AccountName;
use super::{AccountKind, AccountLife, IdentityAttribute, IdentityStatus, words};
use crate::event_time::{believed_time, day_of};
use crate::fold::{fold, fold_column};
use crate::import::{Cells, ColumnMap, ColumnTable, Row};
use crate::moment::moment;
use crate::problem::Problems;
use crate::source::{PRIORITY_DEFAULT, SourceInfo};

/// What governance events may say of a person. Narrow, for their other fields are about requests and campaigns.
const GOVERNANCE: &ColumnTable<Column> = &[
    (
        Column::EmployeeId,
        "employee_id",
        &["employeenumber", "attributesemployeenumber", "targetemployeenumber"],
    ),
    (
        Column::Department,
        "department",
        &["departmentname", "attributesdepartment", "attributesdepartmentname"],
    ),
    (Column::Manager, "manager", &["managername", "attributesmanager"]),
    (Column::Title, "title", &["jobtitle", "attributestitle", "attributesjobtitle"]),
    (
        Column::Status,
        "user_status",
        &[
            "statuskey",
            "lifecyclestate",
            "cloudlifecyclestate",
            "attributeslifecyclestate",
            "attributescloudlifecyclestate",
            "identitystate",
            "employmentstatus",
        ],
    ),
    (Column::Country, "country", &["attributescountry"]),
];

static HR_COLUMNS: LazyLock<ColumnMap<Column>> = LazyLock::new(|| usual_columns(TABLE));
static GOVERNANCE_COLUMNS: LazyLock<ColumnMap<Column>> = LazyLock::new(|| usual_columns(GOVERNANCE));

fn usual_columns(table: &ColumnTable<Column>) -> ColumnMap<Column> {
    ColumnMap::new(table, &BTreeMap::new(), &mut Problems::default())
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    Hr,
    Governance,
    Directory,
}

impl Speaker {
    fn of(row: EventRow<'_>) -> Self {
        match (row.text("product"), row.text("service")) {
            (Some("workday"), Some("worker")) => Self::Hr,
            (Some("sailpoint" | "saviynt"), _) => Self::Governance,
            _ => Self::Directory,
        }
    }
}

impl Identities {
    /// Learns from the events of a batch: accounts created, deleted, disabled, enabled, locked and unlocked, the day of
    /// the last login of known accounts, and what HR and governance say of people.
    pub fn observe(&mut self, batch: &EventBatch) {
        let Some(codes) = batch.text_column("code").filter(|_| self.events.identities) else { return };
        let Some(values) = codes.values().as_string_opt::<i32>() else { return };
        let known: Vec<Option<EventCode>> =
            values.iter().map(|code| code?.parse().ok().filter(|code| is_of_interest(*code))).collect();
        if known.iter().all(Option::is_none) {
            return;
        }
        let code_at = |row: usize| codes.key(row).and_then(|key| known.get(key).copied().flatten());
        // Text of the user column → last login in this batch, so that a name is resolved once and not per row.
        let mut logins: BTreeMap<usize, Timestamp> = BTreeMap::new();
        let users = batch.text_column("user");
        for row in batch.rows() {
            match code_at(row.index()) {
                None => {}
                Some(EventCode::LL01) => {
                    let Some(user) = users.and_then(|users| users.key(row.index())) else { continue };
                    let time = believed_time(row);
                    logins.entry(user).and_modify(|last| *last = time.max(*last)).or_insert(time);
                }
                Some(code) => self.account_event(row, code),
            }
        }
        let Some(users) = users.and_then(|users| users.values().as_string_opt::<i32>()) else { return };
        for (user, time) in logins.into_iter().filter(|(user, _)| *user < users.len()) {
            let name = users.value(user);
            if self.find(name).is_some() {
                let life = AccountLife { last_login_day: Some(day_of(time)), ..AccountLife::default() };
                self.learn_account(name, "logins", time, life);
            }
        }
    }

    fn account_event(&mut self, row: EventRow<'_>, code: EventCode) {
        let time = believed_time(row);
        let is_failed = row.text("outcome") == Some("failure");
        match Speaker::of(row) {
            Speaker::Hr if !is_failed => self.hr_event(row, code, time),
            Speaker::Governance if !is_failed => self.governance_event(row, code, time),
            _ => {}
        }
        if Speaker::of(row) == Speaker::Hr {
            return;
        }
        // A lock is told as the failure of the login that caused it.
        if is_failed && code != EventCode::SA08 {
            return;
        }
        let Some(name) = account_of(row, code) else { return };
        let Some(life) = life_of(row, code, time) else { return };
        let product = row.text("product").unwrap_or("events").to_owned();
        self.learn_account(&name, &product, time, life);
    }

    fn learn_account(&mut self, name: &str, product: &str, at: Timestamp, life: AccountLife) {
        let parsed = AccountName::parse(name);
        let folded = parsed.folded.into_owned();
        let name: String = name.chars().take(crate::fold::NAME_CHARS_MAX).collect();
        let account = LearnedAccount { name, product: product.to_owned(), at, life };
        let forgotten = self.learned.put_account(&folded, account, LEARNED_ACCOUNTS_MAX);
        self.show_account(&folded);
        if let Some(forgotten) = forgotten {
            self.hide_account(&forgotten);
        }
    }

    /// Puts a learnt account onto its identity, or makes an identity of it.
    fn show_account(&mut self, folded: &str) {
        let Some(account) = self.learned.account(folded).cloned() else { return };
        if let Some(slot) = self.find(folded) {
            self.renew_life(slot, folded);
            return;
        }
        let parsed = AccountName::parse(&account.name);
        // Machines' accounts, and names that may be of several, are nobody's.
        let is_ambiguous =
            parsed.domain().is_none() && parsed.bare().is_some_and(|bare| !self.index.bare(bare).is_empty());
        if parsed.is_of_machine() || is_ambiguous {
            return;
        }
        let mut declared = Declared { as_of: account.at, ..Declared::default() };
        declared.account(parsed.kind, &account.name);
        let source = event_source(&account.product, PRIORITY_DEFAULT);
        let _ = self.take(&declared, &source);
        if let Some(slot) = self.find(folded) {
            self.renew_life(slot, folded);
        }
    }

    /// Takes a forgotten account off its identity again.
    fn hide_account(&mut self, folded: &str) {
        let Some(slot) = self.find(folded) else { return };
        let is_learnt_only = self.get(slot).is_some_and(|person| {
            let account = person.accounts().iter().find(|account| fold(&account.name) == folded);
            account.is_some_and(|account| account.source.name.starts_with("events:"))
                && person.employee_id().is_none()
        });
        match is_learnt_only {
            true => self.drop_account(slot, folded),
            false => self.renew_life(slot, folded),
        }
    }

    fn hr_event(&mut self, row: EventRow<'_>, code: EventCode, time: Timestamp) {
        let cells_row = row_of(row);
        let cells = HR_COLUMNS.cells(&cells_row);
        let Some(mut declared) = declare(&cells, &Default::default(), time) else { return };
        declared.claims.retain(|(attribute, _, _)| *attribute != IdentityAttribute::Status);
        if let Some((status, since)) = hr_status(row, code, time, &cells, &cells_row) {
            declared.claim(IdentityAttribute::Status, status.as_str(), since);
        }
        // The display name stands in for the account where the report has none.
        if declared.accounts.is_empty() && declared.employee_id.is_none() {
            let Some(target) = row.text("target_user") else { return };
            declared.account(AccountName::parse(target).kind, target);
        }
        self.learn_person(&declared, "workday");
    }

    fn governance_event(&mut self, row: EventRow<'_>, code: EventCode, time: Timestamp) {
        let is_person = matches!(code, EventCode::SA01 | EventCode::SA02 | EventCode::SA03);
        let Some(target) = row.text("target_user").filter(|_| is_person) else { return };
        let cells_row = row_of(row);
        let cells = GOVERNANCE_COLUMNS.cells(&cells_row);
        let Some(mut declared) = declare(&cells, &Default::default(), time) else { return };
        declared.account(AccountName::parse(target).kind, target);
        if !declared.claims.is_empty() {
            self.learn_person(&declared, row.text("product").unwrap_or("governance"));
        }
    }

    fn learn_person(&mut self, declared: &Declared, product: &str) {
        let accounts: Vec<String> = declared.accounts.iter().map(|(_, name)| name.clone()).collect();
        let key = match (&declared.employee_id, accounts.first()) {
            (Some(id), _) => format!("employee:{id}"),
            (None, Some(account)) => fold(account).into_owned(),
            (None, None) => return,
        };
        let told = declared.claims.iter().map(|(attribute, value, since)| Told {
            product: product.to_owned(),
            attribute: attribute.as_str().to_owned(),
            as_of: declared.as_of,
            value: value.clone(),
            since: *since,
        });
        if self.learned.put_person(&key, &accounts, declared.employee_id.as_deref(), told.collect()) {
            self.show_person(&key);
        }
    }

    /// Puts what events said of a person onto the identity.
    fn show_person(&mut self, key: &str) {
        let Some(person) = self.learned.person(key).cloned() else { return };
        let mut by_product: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
        for told in &person.told {
            by_product.entry(&told.product).or_default().push(told);
        }
        for (product, told) in by_product {
            let priority = match product {
                "workday" => self.events.hr_priority,
                _ => self.events.governance_priority,
            };
            let source = event_source(product, priority);
            for told in told {
                let attribute =
                    IdentityAttribute::ALL.iter().find(|attribute| attribute.as_str() == told.attribute);
                let Some(attribute) = attribute else { continue };
                let mut declared = Declared { as_of: told.as_of, ..Declared::default() };
                declared.employee_id = person.employee_id.clone();
                for account in &person.accounts {
                    declared.account(kind_of(account), account);
                }
                declared.claim(*attribute, &told.value, told.since);
                let _ = self.take(&declared, &source);
            }
        }
    }

    /// What was learnt from events since the last call, as rows to be stored.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        self.learned.take_changes()
    }

    /// Takes rows, stored ones or those of another worker of the tenant; answers how many could not be read. They are
    /// merged with what is known, whatever their order. Rows of others are left alone.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> u64 {
        let (mut people, mut accounts, mut unreadable) = (Vec::new(), Vec::new(), 0);
        for (key, value) in rows.into_iter().filter(|(key, _)| key.starts_with(b"identity/")) {
            match self.learned.restore(key, value) {
                Some(Restored::Person(name)) => people.push(name),
                Some(Restored::Account { name, forgotten }) => {
                    accounts.push(name);
                    forgotten.iter().for_each(|name| self.hide_account(name));
                }
                None => unreadable += 1,
            }
        }
        people.iter().for_each(|key| self.show_person(key));
        accounts.iter().for_each(|key| self.show_account(key));
        unreadable
    }

    /// Keeps what `old` learnt from events, and forgets what its sources said.
    pub(crate) fn keep_learned(&mut self, old: Self) {
        self.learned = old.learned;
        self.show_all();
    }

    fn show_all(&mut self) {
        let people: Vec<String> = self.learned.people().map(|(key, _)| key.clone()).collect();
        people.iter().for_each(|key| self.show_person(key));
        let accounts: Vec<String> = self.learned.accounts().map(|(key, _)| key.clone()).collect();
        accounts.iter().for_each(|key| self.show_account(key));
    }
}

fn is_of_interest(code: EventCode) -> bool {
    use EventCode as Code;
    matches!(code, Code::SA01 | Code::SA02 | Code::SA03 | Code::SA08 | Code::SA09 | Code::LL01)
}

fn event_source(product: &str, priority: u8) -> Arc<SourceInfo> {
    Arc::new(SourceInfo { name: format!("events:{product}"), version: String::new(), priority })
}

/// The source's fields as a row.
fn row_of(event: EventRow<'_>) -> Row {
    let mut row = Row::new(1);
    let mut problems = Problems::default();
    for (name, value) in event.fields() {
        row.push(name, value, &mut problems);
    }
    // IdentityIQ names the attribute in one field and its value in another.
    let field =
        |name: &str| event.fields().find(|(field, _)| fold_column(field) == name).map(|(_, value)| value);
    if let (Some(name), Some(value)) = (field("attributename"), field("attributevalue")) {
        row.push(name, value, &mut problems);
    }
    row
}

/// The account that an event is about, with the domain or machine that it is of.
fn account_of(row: EventRow<'_>, code: EventCode) -> Option<String> {
    let is_own = matches!(code, EventCode::SA08 | EventCode::SA09);
    let target = row.text("target_user").or_else(|| row.text("user").filter(|_| is_own))?;
    if target.contains(['\\', '@', '=']) {
        return Some(target.to_owned());
    }
    match row.text("product") {
        Some("windows") => {
            let domain = row.field("TargetDomainName").or_else(|| row.field("TargetDomain"));
            // 4740 puts the calling computer where the others put the domain.
            let is_lockout = row.field("EventID") == Some("4740");
            match domain.filter(|domain| !domain.is_empty() && *domain != "-" && !is_lockout) {
                Some(domain) => Some(format!("{domain}\\{target}")),
                None => Some(target.to_owned()),
            }
        }
        Some("linux") => match row.text("host") {
            Some(host) => Some(format!("{host}\\{target}")),
            None => Some(target.to_owned()),
        },
        _ => Some(target.to_owned()),
    }
}

/// What the event did to the account.
fn life_of(row: EventRow<'_>, code: EventCode, time: Timestamp) -> Option<AccountLife> {
    let (at, none) = (Some(time), AccountLife::default());
    Some(match code {
        EventCode::SA01 => AccountLife { created: at, ..none },
        EventCode::SA03 => AccountLife { deleted: at, ..none },
        EventCode::SA08 => AccountLife { locked: at, ..none },
        EventCode::SA09 => AccountLife { unlocked: at, ..none },
        EventCode::SA02 => match (row.field("EventID"), fold_column(row.text("command").unwrap_or_default()))
        {
            (Some("4725"), _) => AccountLife { disabled: at, ..none },
            (Some("4722"), _) => AccountLife { enabled: at, ..none },
            (_, verb) if verb.contains("unsuspend") || verb.contains("reactivate") => {
                AccountLife { enabled: at, ..none }
            }
            (_, verb) if ["disable", "suspend", "deactivate"].iter().any(|word| verb.contains(word)) => {
                AccountLife { disabled: at, ..none }
            }
            (_, verb) if verb.contains("enable") || verb.contains("activate") => {
                AccountLife { enabled: at, ..none }
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// The status that an HR event gives a person, and from when on. The process says what happened; what is taken back
/// counts as not having happened.
fn hr_status(
    row: EventRow<'_>,
    code: EventCode,
    time: Timestamp,
    cells: &Cells<'_, Column>,
    fields: &Row,
) -> Option<(IdentityStatus, Option<Timestamp>)> {
    let effective =
        fields.cells.iter().find(|(name, _)| &**name == "effectivedate").map(|(_, value)| value.as_str());
    // Not before it was said: a day begins at midnight, and who leaves in the evening has worked until then. Live,
    // nobody knew any earlier either.
    let day = cells.first(Column::TerminatedOn).or(effective).and_then(moment).map(|day| day.max(time));
    let stated = cells.first(Column::Status).and_then(words::status);
    match (code, stated) {
        (EventCode::SA03, _) => Some((IdentityStatus::Terminated, Some(day.unwrap_or(time)))),
        (EventCode::SA01, _) => Some((IdentityStatus::Active, None)),
        (_, Some(IdentityStatus::Terminated)) => {
            Some((IdentityStatus::Terminated, Some(day.unwrap_or(time))))
        }
        (_, Some(stated)) => Some((stated, None)),
        (_, None) => {
            let verb = fold_column(row.text("command").unwrap_or_default());
            let is_taken_back = verb.contains("rescind") || verb.contains("cancel");
            (is_taken_back && verb.contains("terminat")).then_some((IdentityStatus::Active, None))
        }
    }
}

fn kind_of(account: &str) -> AccountKind {
    AccountName::parse(account).kind
}
