//! All entries of a search, page by page.

use std::time::Duration;

use rustls::RootCertStore;

use crate::connection::{Address, Connection};
use crate::error::DirectoryError;
use crate::message::{Answer, Search, bind, search};

/// Law LIMIT: entries of one answer.
pub const ENTRIES_MAX: usize = 1_000_000;
/// Law LIMIT: bytes of one answer, all pages together.
pub const ANSWER_BYTES_MAX: usize = 128 << 20;
/// Law LIMIT: seconds that reading a directory takes.
pub const FETCH_SECONDS_MAX: u64 = 900;
/// Entries that are asked for at once; directories allow about a thousand.
pub const PAGE_ENTRIES: u32 = 500;

/// Attributes with a meaning for identities and assets. Nothing else is asked for: neither passwords nor pictures.
pub const ATTRIBUTES: &[&str] = &[
    "objectClass",
    "objectSid",
    "distinguishedName",
    "entryDN",
    "cn",
    "name",
    "displayName",
    "givenName",
    "sn",
    "gecos",
    "sAMAccountName",
    "userPrincipalName",
    "uid",
    "mail",
    "proxyAddresses",
    "mailAlternateAddress",
    "employeeID",
    "employeeNumber",
    "department",
    "departmentNumber",
    "division",
    "ou",
    "title",
    "manager",
    "memberOf",
    "userAccountControl",
    "adminCount",
    "accountExpires",
    "lockoutTime",
    "pwdAccountLockedTime",
    "nsAccountLock",
    "loginShell",
    "uidNumber",
    "c",
    "co",
    "l",
    "whenCreated",
    "createTimestamp",
    "whenChanged",
    "modifyTimestamp",
    "primaryGroupID",
    "dNSHostName",
    "operatingSystem",
    "managedBy",
    "location",
    "ipHostNumber",
];

/// An entry of a directory: its distinguished name, and attributes with their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The distinguished name.
    pub dn: String,
    /// By name, in the order in which the directory gave them.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// Everything that asking a directory takes.
pub(crate) struct Question<'a> {
    pub(crate) url: &'a str,
    pub(crate) roots: RootCertStore,
    /// As whom, and the password.
    pub(crate) bind: Option<(&'a str, &'a [u8])>,
    pub(crate) base: &'a str,
    pub(crate) filter: &'a str,
    /// Beside [`ATTRIBUTES`].
    pub(crate) attributes: Vec<&'a str>,
}

/// The entries that `question` asks for; all of them or an error.
pub(crate) async fn ask(question: &Question<'_>) -> Result<Vec<Entry>, DirectoryError> {
    let late = DirectoryError::Late { what: "give all entries", seconds: FETCH_SECONDS_MAX };
    let limit = Duration::from_secs(FETCH_SECONDS_MAX);
    tokio::time::timeout(limit, ask_without_limit(question)).await.map_err(|_| late)?
}

async fn ask_without_limit(question: &Question<'_>) -> Result<Vec<Entry>, DirectoryError> {
    let filter = crate::filter::encode(question.filter)?;
    let address = Address::parse(question.url).ok_or_else(|| DirectoryError::Setting {
        what: "address of a directory",
        place: question.url.to_owned(),
        detail: "write ldaps://host or, for starttls, ldap://host".to_owned(),
    })?;
    let mut attributes: Vec<&str> = ATTRIBUTES.to_vec();
    let is_new = |name: &&&str| !ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name));
    attributes.extend(question.attributes.iter().filter(is_new).copied());
    let wanted =
        Search { base: question.base, filter: &filter, attributes: &attributes, page_entries: PAGE_ENTRIES };
    let mut connection = Connection::open(question.url, &address, question.roots.clone()).await?;
    if let Some((dn, password)) = question.bind {
        let id = connection.next_id();
        connection.send(&bind(id, dn, password)).await?;
        match connection.answer(id).await?.0 {
            Answer::Bound(outcome) => outcome.check("let this account in")?,
            _ => return Err(DirectoryError::Malformed("no answer to a bind")),
        }
    }
    let entries = pages(&mut connection, &wanted).await?;
    connection.close().await;
    if entries.is_empty() { Err(DirectoryError::Empty) } else { Ok(entries) }
}

async fn pages(connection: &mut Connection, wanted: &Search<'_>) -> Result<Vec<Entry>, DirectoryError> {
    let mut entries = Vec::new();
    let (mut bytes, mut cookie) = (0, Vec::new());
    loop {
        let id = connection.next_id();
        connection.send(&search(id, wanted, &cookie)).await?;
        loop {
            let (answer, length) = connection.answer(id).await?;
            bytes += length;
            if bytes > ANSWER_BYTES_MAX {
                return Err(DirectoryError::TooMuch { limit: ANSWER_BYTES_MAX, what: "bytes" });
            }
            match answer {
                Answer::Entry(entry) => entries.push(entry),
                Answer::Other => {}
                Answer::Page(outcome, next) => {
                    outcome.check("search")?;
                    cookie = next;
                    break;
                }
                Answer::Bound(_) | Answer::Extended(_) => {
                    return Err(DirectoryError::Malformed("an answer that is none to a search"));
                }
            }
            if entries.len() > ENTRIES_MAX {
                return Err(DirectoryError::TooMuch { limit: ENTRIES_MAX, what: "entries" });
            }
        }
        if cookie.is_empty() {
            return Ok(entries);
        }
        // Pages without entries and without end: [`FETCH_SECONDS_MAX`] ends them.
    }
}
