//! What is known of the entities of an event, as fields that rules can name.

use std::net::IpAddr;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, DictionaryArray, StringArray};
use sentra_model::{EventBatch, EventCode, EventRow};

use crate::assets::Asset;
use crate::enricher::Enricher;

/// A field about a row of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowStatement<'a> {
    /// The row.
    pub row: u32,
    /// The field's name, one of [`ROW_FIELDS`].
    pub name: &'static str,
    /// Its value.
    pub value: &'a str,
}

/// The fields that are stated, where something is known.
pub const ROW_FIELDS: [(&str, &str); 5] = [
    (
        "identity.privilege",
        "standard, service, privileged or break_glass: of the account that the event is about",
    ),
    (
        "identity.status",
        "active, disabled or terminated at the time of the event: of the account that the event is about",
    ),
    ("asset.tier", "1 (critical) to 4: of the host"),
    ("asset.managed", "true or false: of the device that the event comes from, else of the host"),
    ("network.segment", "segment, else zone, of the address that the event comes from"),
];

impl Enricher {
    /// What is known of the entities of rows with an event code, in the order of the rows. Let the same batch be
    /// observed first. Names are looked up once per distinct value and not per row.
    #[must_use]
    pub fn row_statements(&self, batch: &EventBatch) -> Vec<RowStatement<'_>> {
        let mut statements = Vec::new();
        let Some(codes) = batch.text_column("code").filter(|codes| codes.null_count() < codes.len()) else {
            return statements;
        };
        if *batch.tenant() != *self.tenant() {
            return statements;
        }
        let about_target = values(codes).map(|values| {
            values.iter().map(|code| is_about_target(code.unwrap_or_default())).collect::<Vec<_>>()
        });
        let identity = |name: &str| self.identity(name);
        let mut users = Known::new(batch, "user", identity);
        let mut targets = Known::new(batch, "target_user", identity);
        let mut hosts = Known::new(batch, "host", |name: &str| self.asset(name));
        let mut sources = Known::new(batch, "src_ip", |text: &str| {
            let address: IpAddr = text.parse().ok()?;
            Some((address, self.segment(address)))
        });
        for row in batch.rows() {
            let Some(code) = codes.key(row.index()) else { continue };
            let is_about_target =
                about_target.as_ref().and_then(|about| about.get(code)).copied().unwrap_or_default();
            let person = match is_about_target && row.text("target_user").is_some() {
                true => targets.at(row),
                false => users.at(row),
            };
            let mut say = |name, value| {
                statements.push(RowStatement { row: row.index() as u32, name, value });
            };
            if let Some(person) = person {
                say("identity.privilege", person.privilege().as_str());
                say("identity.status", person.status_at(row.time()).0.as_str());
            }
            let host = hosts.at(row);
            if let Some(host) = host {
                say("asset.tier", tier_text(host.tier()));
            }
            let source = sources.at(row);
            let managed = match source {
                Some((address, _)) => self.managed_source(address, row),
                None => host.and_then(Asset::is_managed),
            };
            if let Some(managed) = managed {
                say("asset.managed", if managed { "true" } else { "false" });
            }
            if let Some((_, Some(segment))) = source {
                say("network.segment", segment);
            }
        }
        statements
    }

    /// Whether the device at `address` is managed. That it only calls itself by a managed device's name proves nothing.
    fn managed_source(&self, address: IpAddr, row: EventRow<'_>) -> Option<bool> {
        let found = self.host_at(address, row.time())?;
        let managed = found.asset?.is_managed()?;
        (!(managed && found.is_self_named)).then_some(managed)
    }

    fn segment(&self, address: IpAddr) -> Option<&str> {
        let zone = self.networks().zone(address);
        // What everybody has is no segment.
        let is_own = zone.source.priority > 0;
        is_own.then(|| zone.segment.as_deref().unwrap_or(&zone.name))
    }

    /// Whether `host` is a device that `user` may use: `false` when it is not managed, or when the user's devices are
    /// all named and it is none of them; `None` when nobody says.
    #[must_use]
    pub fn is_known_device(&self, user: &str, host: &str) -> Option<bool> {
        let managed = self.asset(host).and_then(Asset::is_managed);
        if managed == Some(false) {
            return Some(false);
        }
        match self.identity(user) {
            Some(person) if person.has_device(host) => Some(true),
            Some(person) if person.devices_total() == 0 => managed,
            Some(person) if person.devices_total() > person.devices().len() as u64 => None,
            Some(_) => Some(false),
            None => managed,
        }
    }
}

/// What is known of each distinct value of a text column, looked up when first asked for.
struct Known<'b, T, F> {
    column: Option<(&'b DictionaryArray<Int32Type>, &'b StringArray)>,
    known: Vec<Option<Option<T>>>,
    look_up: F,
}

impl<'b, T: Copy, F: Fn(&str) -> Option<T>> Known<'b, T, F> {
    fn new(batch: &'b EventBatch, name: &str, look_up: F) -> Self {
        let column = batch.text_column(name).and_then(|column| Some((column, values(column)?)));
        let known = vec![None; column.map_or(0, |(_, values)| values.len())];
        Self { column, known, look_up }
    }

    fn at(&mut self, row: EventRow<'_>) -> Option<T> {
        let (column, values) = self.column?;
        let key = column.key(row.index())?;
        let look_up = &self.look_up;
        *self.known.get_mut(key)?.get_or_insert_with(|| look_up(values.value(key)))
    }
}

fn values(column: &DictionaryArray<Int32Type>) -> Option<&StringArray> {
    column.values().as_string_opt()
}

/// Changes of an account are about that account; everything else is about who does it.
fn is_about_target(code: &str) -> bool {
    code.parse::<EventCode>().is_ok_and(|code| code.as_str().starts_with("SA"))
}

fn tier_text(tier: u8) -> &'static str {
    match tier {
        1 => "1",
        2 => "2",
        3 => "3",
        _ => "4",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sentra_model::TenantId;

    use super::*;
    use crate::source::EnrichSources;
    use crate::test_kit::{Happening, batch, content};

    fn enricher() -> Enricher {
        let sources =
            "[[identities]]\npath = \"i.csv\"\n[[assets]]\npath = \"a.csv\"\n[[networks]]\npath = \"n.csv\"";
        let sources: EnrichSources = toml::from_str(sources).unwrap();
        let (enricher, problems) = Enricher::load(TenantId::default_tenant(), &sources, None, |path| {
            Ok(match path {
                "i.csv" => content(
                    "account,privilege,terminated on,devices\nroot,admin,,\nbob,standard,2026-03-05,pc7\n",
                    "2026-03-01",
                ),
                "a.csv" => {
                    content("host,ip,tier,managed\nweb1,10.0.0.5,1,yes\npc7,10.0.7.7,4,no\n", "2026-03-01")
                }
                _ => content("cidr,name,vlan\n10.0.0.0/16,servers,V10\n10.0.7.0/24,desk,\n", "2026-03-01"),
            })
        });
        assert_eq!(problems, Vec::new());
        enricher
    }

    #[test]
    fn rows_say_what_is_known_of_their_entities() {
        let login = |time, user, src_ip| Happening {
            time,
            code: Some(EventCode::LL01),
            host: "WEB1.example.com",
            user,
            src_ip,
            ..Happening::default()
        };
        let lock = Happening {
            time: "2026-03-06T00:00:00Z",
            code: Some(EventCode::SA08),
            user: "root",
            target: "bob",
            ..Happening::default()
        };
        let without_code = Happening { code: None, ..login("2026-03-06T00:00:00Z", "root", "10.0.7.7") };
        let batch = batch(&[
            login("2026-03-04T00:00:00Z", "Bob", "10.0.7.7"),
            login("2026-03-06T00:00:00Z", "bob", ""),
            without_code,
            lock,
            login("2026-03-06T00:00:00Z", "stranger", "203.0.113.1"),
        ]);
        let enricher = enricher();
        let statements = enricher.row_statements(&batch);
        let told: Vec<_> = statements.iter().map(|s| format!("{} {}={}", s.row, s.name, s.value)).collect();
        assert_eq!(
            told,
            [
                "0 identity.privilege=standard",
                "0 identity.status=active",
                "0 asset.tier=1",
                "0 asset.managed=false",
                "0 network.segment=desk",
                "1 identity.privilege=standard",
                "1 identity.status=terminated",
                "1 asset.tier=1",
                "1 asset.managed=true",
                "3 identity.privilege=standard",
                "3 identity.status=terminated",
                "4 asset.tier=1",
            ]
        );
        let names: BTreeSet<_> = ROW_FIELDS.iter().map(|(name, _)| *name).collect();
        assert!(statements.iter().all(|statement| names.contains(statement.name)));
        assert_eq!(Enricher::new("other".parse().unwrap()).row_statements(&batch), Vec::new());
    }

    #[test]
    fn devices_of_a_user() {
        let enricher = enricher();
        assert_eq!(enricher.is_known_device("bob", "pc7"), Some(false), "it is his, but not managed");
        assert_eq!(enricher.is_known_device("bob", "web1"), Some(false), "managed, but none of his");
        assert_eq!(enricher.is_known_device("root", "web1"), Some(true));
        assert_eq!(enricher.is_known_device("root", "unknown"), None);
    }
}
