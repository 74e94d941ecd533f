//! Documents that are made from the code.

use expect_test::expect_file;
use sentra_server::Config;

#[test]
fn the_configuration_page_is_the_code() {
    let page = format!(
        "# Configuration\n\n\
         `sentra serve --config FILE` reads one TOML file. Every key has a default, every value can be set by an\n\
         environment variable, and a wrong key or value is refused with its line and the nearest right key.\n\
         Renew this page with `UPDATE_EXPECT=1 cargo test -p sentra docs`.\n\n{}",
        Config::reference()
    );
    expect_file!["../../../../docs/configuration.md"].assert_eq(&page);
}
