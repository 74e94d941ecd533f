//! `[query.ceilings]`: what may be spent on one question, for everybody, by role and by tenant.

use std::collections::BTreeMap;

use sentra_query::{Ceiling, Ceilings, Role};
use toml::de::{DeTable, DeValue};

use super::value::ConfigValue;

impl ConfigValue for Ceilings {
    const EXPECTED: &'static str = "a table of rows, bytes and seconds (0 for no limit), with roles.admin, roles.analyst and \
                                    tenants.NAME of the same";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        let table = value.as_table()?;
        let mut ceilings = Self { all: ceiling(table, Self::default().all)?, ..Self::default() };
        for (name, value) in table {
            let value = value.get_ref();
            match name.get_ref().as_ref() {
                "roles" => {
                    for (name, value) in value.as_table()? {
                        let role =
                            Role::ALL.into_iter().find(|role| role.as_str() == name.get_ref().as_ref())?;
                        ceilings.roles.insert(role, of(value.get_ref())?);
                    }
                }
                "tenants" => {
                    for (name, value) in value.as_table()? {
                        ceilings.tenants.insert(name.get_ref().parse().ok()?, of(value.get_ref())?);
                    }
                }
                "rows" | "bytes" | "seconds" => {}
                _ => return None,
            }
        }
        Some(ceilings)
    }

    fn from_text(text: &str) -> Option<Self> {
        let text = format!("ceilings = {text}");
        let table = DeTable::parse(&text).ok()?;
        Self::from_toml(table.get_ref().get("ceilings")?.get_ref())
    }

    fn to_toml(&self) -> String {
        let mut parts = vec![written(&self.all)];
        let named = |named: BTreeMap<String, &Ceiling>| {
            let each =
                named.into_iter().map(|(name, ceiling)| format!("{name} = {{ {} }}", written(ceiling)));
            each.collect::<Vec<_>>().join(", ")
        };
        if !self.roles.is_empty() {
            let roles = self.roles.iter().map(|(role, ceiling)| (role.as_str().to_owned(), ceiling));
            parts.push(format!("roles = {{ {} }}", named(roles.collect())));
        }
        if !self.tenants.is_empty() {
            let tenants =
                self.tenants.iter().map(|(tenant, ceiling)| (format!("{:?}", tenant.as_str()), ceiling));
            parts.push(format!("tenants = {{ {} }}", named(tenants.collect())));
        }
        format!("{{ {} }}", parts.join(", "))
    }
}

/// A table with nothing but limits.
fn of(value: &DeValue<'_>) -> Option<Ceiling> {
    let table = value.as_table()?;
    let is_limit = |name: &str| matches!(name, "rows" | "bytes" | "seconds");
    if !table.keys().all(|name| is_limit(name.get_ref())) {
        return None;
    }
    ceiling(table, Ceiling::default())
}

/// The limits in `table`; those that it does not name are as in `default`.
fn ceiling(table: &DeTable<'_>, default: Ceiling) -> Option<Ceiling> {
    let limit = |name: &str, default: Option<u64>| match table.get(name) {
        Some(value) => Option::<u64>::from_toml(value.get_ref()),
        None => Some(default),
    };
    Some(Ceiling {
        rows: limit("rows", default.rows)?,
        bytes: limit("bytes", default.bytes)?,
        seconds: limit("seconds", default.seconds)?,
    })
}

fn written(ceiling: &Ceiling) -> String {
    let Ceiling { rows, bytes, seconds } = ceiling;
    let number = |limit: &Option<u64>| limit.unwrap_or_default();
    format!("rows = {}, bytes = {}, seconds = {}", number(rows), number(bytes), number(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    fn read(text: &str) -> Result<Ceilings, String> {
        let mut config = Config::default();
        config.apply_toml("sentra.toml", text).map_err(|error| error.to_string())?;
        Ok(config.query.ceilings)
    }

    #[test]
    fn ceilings_are_tables_within_a_table() {
        let ceilings = read(
            "[query.ceilings]\nrows = 5\nseconds = 0\n[query.ceilings.roles.analyst]\nrows = 3\n\
             [query.ceilings.tenants.bank-a]\nbytes = 7\n",
        )
        .unwrap();
        assert_eq!((ceilings.all.rows, ceilings.all.seconds), (Some(5), None));
        assert_eq!(ceilings.all.bytes, Ceilings::default().all.bytes, "what is not named keeps its default");
        assert_eq!(ceilings.roles[&Role::Analyst].rows, Some(3));
        assert_eq!(ceilings.tenants[&"bank-a".parse().unwrap()].bytes, Some(7));
        assert_eq!(Ceilings::from_text(&ceilings.to_toml()), Some(ceilings), "as it is written it is read");
        for wrong in [
            "[query.ceilings]\nrow = 5",
            "[query.ceilings]\nrows = \"5\"",
            "[query.ceilings.roles.boss]\nrows = 5",
            "[query.ceilings.roles.admin]\nrow = 5",
            "[query.ceilings.tenants.\"Not A Tenant\"]\nrows = 5",
        ] {
            assert!(read(wrong).unwrap_err().contains("query.ceilings"), "{wrong}");
        }
    }
}
