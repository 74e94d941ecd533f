//! The page that says what is supported is written from the code.

use std::path::PathBuf;

/// Renew the page with `UPDATE_EXPECT=1`.
#[test]
fn the_page_says_what_the_code_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let marker =
        "<!-- What follows is written by `UPDATE_EXPECT=1 cargo test -p sentra-sql --test page`. -->\n";
    let (prose, table) = page.split_once(marker).unwrap();
    let written = sentra_sql::reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{prose}{marker}{written}")).unwrap();
        return;
    }
    assert!(table == written, "docs/sql.md is behind the code: UPDATE_EXPECT=1 renews it");
}
