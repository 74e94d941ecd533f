//! Packs from the key to the running server.

use std::path::Path;

use serde_json::Value;

use crate::house::{Served, ok, run};

const ID: &str = "5e27a000-0000-4000-8000-000000000001";

fn write(pack: &Path, path: &str, text: &str) {
    let path = pack.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A pack with one rule that finds `word`.
fn sources(pack: &Path, version: &str, word: &str) {
    write(pack, "pack.toml", &format!("id = \"acme\"\nversion = \"{version}\"\ntitle = \"Acme\"\n"));
    let rule = format!(
        "title: Finds {word}\nid: {ID}\nstatus: test\nlevel: high\nlogsource:\n  product: linux\ndetection:\n  \
         selection:\n    message|contains: {word}\n  condition: selection\n"
    );
    write(pack, "rules/one.yml", &rule);
    let samples = format!(
        "rule: {ID}\nsamples:\n  - name: it is there\n    format: syslog\n    expect: match\n    lines:\n      \
         - '2026-11-20T10:00:00+00:00 web-1 app[1]: we saw {word} today'\n"
    );
    write(pack, "tests/one.yml", &samples);
}

fn title_of(server: &Served) -> Option<String> {
    let rules = server.get_json("/api/v1/rules");
    let rule = rules["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == ID)?.clone();
    Some(format!("{} {}", rule["pack"].as_str().unwrap(), rule["title"].as_str().unwrap()))
}

#[test]
fn a_signed_pack_runs_on_a_server_that_was_running_before() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (pack, data, out) = (path("acme"), path("data"), path(""));
    sources(Path::new(&pack), "1.0.0", "evil");
    ok(&["packs", "keygen", "soc", "--out", &out]);
    let archive =
        ok(&["packs", "build", &pack, "--key", &path("soc.key"), "--out", &out]).out.trim().to_owned();
    assert!(archive.ends_with("acme-1.0.0.sentra-pack"), "{archive}");

    std::fs::create_dir_all(path("data/trusted-keys")).unwrap();
    let server = Served::start(Path::new(&data));
    let refused = run(&["packs", "install", &archive, "--data", &data]);
    assert!(refused.code == 1 && refused.err.contains("not among the trusted keys"), "{}", refused.err);
    std::fs::copy(path("soc.pub"), path("data/trusted-keys/soc.pub")).unwrap();
    assert_eq!(ok(&["packs", "verify", &archive, "--data", &data, "--json"]).json()["trusted"], true);
    let installed = ok(&["packs", "install", &archive, "--data", &data, "--json"]).json();
    assert_eq!(installed["changed"], true, "{installed}");
    assert!(installed["samples"].as_u64().unwrap() >= 1, "{installed}");
    assert_eq!(title_of(&server).as_deref(), Some("acme@1.0.0 Finds evil"));

    sources(Path::new(&pack), "1.1.0", "worse");
    let next = ok(&["packs", "build", &pack, "--key", &path("soc.key"), "--out", &out]).out.trim().to_owned();
    let diff = ok(&["packs", "diff", "acme", &next, "--data", &data, "--json"]).json();
    assert_eq!(diff["changed"][0]["after"]["id"], ID, "{diff}");
    let upgraded = ok(&["packs", "upgrade", &next, "--data", &data]).out;
    assert!(upgraded.contains(&format!("~ {ID}")), "{upgraded}");
    assert_eq!(title_of(&server).as_deref(), Some("acme@1.1.0 Finds worse"));
    ok(&["packs", "rollback", "acme", "--data", &data]);
    assert_eq!(title_of(&server).as_deref(), Some("acme@1.0.0 Finds evil"));
    assert_eq!(server.terminate(), 0);

    // It is there from the start as well.
    let server = Served::start(Path::new(&data));
    assert_eq!(title_of(&server).as_deref(), Some("acme@1.0.0 Finds evil"));
    ok(&["packs", "remove", "acme", "--data", &data]);
    assert_eq!(title_of(&server), None);
    let history = ok(&["packs", "list", "--history", "--json", "--data", &data]).json();
    let steps: Vec<&Value> = history.as_array().unwrap().iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["install", "upgrade", "rollback", "remove"]);
}

#[test]
fn a_pack_that_does_not_work_is_said_with_its_file_and_line() {
    let home = tempfile::tempdir().unwrap();
    let pack = home.path().join("acme");
    let data = home.path().join("data").to_str().unwrap().to_owned();
    sources(&pack, "1", "evil");
    write(&pack, "pack.toml", "id = \"acme\"\nversion = 1\ntitel = \"Acme\"\n");
    let place = pack.to_str().unwrap();
    let refused = run(&["packs", "install", place, "--allow-unsigned", "--data", &data]);
    assert!(
        refused.code == 1 && refused.err.contains("pack.toml:3: unknown key \"titel\""),
        "{}",
        refused.err
    );
    sources(&pack, "1", "evil");
    write(
        &pack,
        "rules/two.yml",
        "title: broken\nlogsource: {product: linux}\ndetection:\n  condition: nothing\n",
    );
    let refused = run(&["packs", "install", place, "--allow-unsigned", "--data", &data]);
    assert!(refused.code == 1 && refused.err.contains("acme@1/rules/two.yml:"), "{}", refused.err);
    assert_eq!(ok(&["packs", "list", "--json", "--data", &data]).json(), Value::Array(Vec::new()));
}
