//! The rooms of ARCHITECTURE.md: fails when a crate imports one that its table does not allow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Crate and what it may import, normal and build dependencies.
const ALLOWED: [(&str, &[&str]); 24] = [
    ("sentra-model", &[]),
    ("sentra-decode", &["sentra-model"]),
    ("sentra-backbone", &["sentra-model"]),
    ("sentra-detect", &["sentra-model"]),
    ("sentra-enrich", &["sentra-model"]),
    ("sentra-directory", &["sentra-enrich"]),
    ("sentra-learn", &["sentra-model"]),
    ("sentra-triage", &["sentra-model"]),
    ("sentra-simulate", &[]),
    ("sentra-packs", &["sentra-model", "sentra-decode", "sentra-detect"]),
    ("sentra-kql", &["sentra-model"]),
    ("sentra-ask", &["sentra-model", "sentra-kql"]),
    ("sentra-sql", &["sentra-model", "sentra-kql"]),
    ("sentra-store", &["sentra-model", "sentra-kql"]),
    ("sentra-vectors", &["sentra-model"]),
    ("sentra-forensic", &["sentra-model", "sentra-kql"]),
    (
        "sentra-factory",
        &[
            "sentra-model",
            "sentra-decode",
            "sentra-backbone",
            "sentra-detect",
            "sentra-enrich",
            "sentra-learn",
            "sentra-triage",
            "sentra-packs",
            "sentra-store",
            "sentra-forensic",
        ],
    ),
    ("sentra-query", &["sentra-model", "sentra-kql", "sentra-ask", "sentra-sql", "sentra-store"]),
    ("sentra-narrate", &["sentra-model"]),
    ("sentra-intake", &["sentra-model", "sentra-decode", "sentra-backbone"]),
    (
        "sentra-server",
        &[
            "sentra-model",
            "sentra-decode",
            "sentra-backbone",
            "sentra-detect",
            "sentra-enrich",
            "sentra-learn",
            "sentra-triage",
            "sentra-packs",
            "sentra-store",
            "sentra-forensic",
            "sentra-factory",
            "sentra-query",
            "sentra-narrate",
            "sentra-intake",
        ],
    ),
    (
        "sentra",
        &[
            "sentra-model",
            "sentra-decode",
            "sentra-backbone",
            "sentra-detect",
            "sentra-enrich",
            "sentra-directory",
            "sentra-kql",
            "sentra-learn",
            "sentra-triage",
            "sentra-simulate",
            "sentra-packs",
            "sentra-store",
            "sentra-vectors",
            "sentra-forensic",
            "sentra-factory",
            "sentra-query",
            "sentra-narrate",
            "sentra-intake",
            "sentra-server",
        ],
    ),
    (
        "sentra-fuzz",
        &[
            "sentra-model",
            "sentra-decode",
            "sentra-backbone",
            "sentra-kql",
            "sentra-ask",
            "sentra-sql",
            "sentra-intake",
        ],
    ),
    ("sentra-agent", &["sentra-model", "sentra-decode"]),
];

fn imports(manifest: &Path) -> (String, BTreeSet<String>) {
    let text = std::fs::read_to_string(manifest).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let name = manifest["package"]["name"].as_str().unwrap().to_owned();
    let mut imports = BTreeSet::new();
    for section in ["dependencies", "build-dependencies"] {
        let Some(dependencies) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
        imports.extend(dependencies.keys().filter(|key| key.starts_with("sentra")).cloned());
    }
    (name, imports)
}

#[test]
fn no_crate_imports_what_its_room_does_not_allow() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    for entry in std::fs::read_dir(crates).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        seen += 1;
        let (name, imports) = imports(&manifest);
        let room =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no room in ARCHITECTURE.md"));
        for import in imports {
            assert!(room.contains(&import.as_str()), "{name} must not import {import}");
        }
    }
    assert!(seen >= 10, "only {seen} crates were found");
}
