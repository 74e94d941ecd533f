//! Fixtures made by hand, field by field with the offset of each, and the events they must give.

use expect_test::Expect;

use super::{decode_qaudjrn, decode_smf};
use crate::legacy::ems::decode_ems;
use crate::legacy::tests::{bytes_of, decode_with};
use crate::test_kit::full;

/// Every fixture with its file name.
pub(super) const FIXTURES: &[(&str, &str)] = &[
    ("smf15", include_str!("fixtures/smf15.hex")),
    ("smf30_end", include_str!("fixtures/smf30_end.hex")),
    ("smf30_tso", include_str!("fixtures/smf30_tso.hex")),
    ("smf80_logon", include_str!("fixtures/smf80_logon.hex")),
    ("smf80_access", include_str!("fixtures/smf80_access.hex")),
    ("smf80_adduser", include_str!("fixtures/smf80_adduser.hex")),
    ("smf83", include_str!("fixtures/smf83.hex")),
    ("smf90", include_str!("fixtures/smf90.hex")),
    ("smf92", include_str!("fixtures/smf92.hex")),
    ("smf118_ftp", include_str!("fixtures/smf118_ftp.hex")),
    ("smf119_ftp", include_str!("fixtures/smf119_ftp.hex")),
    ("smf119_tcp", include_str!("fixtures/smf119_tcp.hex")),
    ("qaudjrn_pw", include_str!("fixtures/qaudjrn_pw.hex")),
    ("qaudjrn_cp", include_str!("fixtures/qaudjrn_cp.hex")),
    ("qaudjrn_af_type4", include_str!("fixtures/qaudjrn_af_type4.hex")),
    ("qaudjrn_sv_type2", include_str!("fixtures/qaudjrn_sv_type2.hex")),
    ("ems_spi", include_str!("fixtures/ems_spi.hex")),
];

/// The event of a fixture, by the system its name begins with.
fn full_of(name: &str, bytes: &[u8]) -> String {
    full(&decode_with(|context| match name {
        _ if name.starts_with("smf") => decode_smf(context, bytes),
        _ if name.starts_with("qaudjrn") => decode_qaudjrn(context, bytes),
        _ => decode_ems(context, bytes),
    }))
}

pub(super) fn check(name: &str, expected: &Expect) {
    let (_, fixture) = FIXTURES.iter().find(|(known, _)| *known == name).expect("a fixture");
    expected.assert_eq(&full_of(name, &bytes_of(fixture)));
}
