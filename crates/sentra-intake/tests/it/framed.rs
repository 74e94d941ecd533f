//! Length-framed records of legacy systems.

use sentra_intake::{IntakeError, Protocol};
use sentra_model::{DeadReason, SourceKind};

use super::kit::{Stage, TightLog, listener, settings};

/// A z/OS SMF record of type 30 with its descriptor word and no sections that anybody would read.
fn smf(filler: u8) -> Vec<u8> {
    let mut record = vec![0, 40, 0, 0, 0xde, 30, 0, 0, 0x10, 0, 0x01, 0x25, 0x32, 0x5f];
    record.extend([0xe2, 0xe8, 0xe2, 0xc1]);
    record.resize(40, filler);
    record
}

#[tokio::test]
async fn records_are_cut_by_their_lengths_and_what_is_none_is_a_dead_letter() {
    let mut framed = listener("smf", Protocol::Framed);
    framed.format = Some("smf:ibm-273".to_owned());
    let stage = Stage::new(&settings(vec![framed]));
    stage.send("smf", &[smf(1), smf(2)].concat()).await;
    let kept = {
        stage.wait_for("default", 2).await;
        stage.kept("default").await
    };
    assert_eq!((kept[0].kind, kept[0].format.as_deref()), (SourceKind::Framed, Some("smf:ibm-273")));
    assert!(kept[0].text.ends_with('\u{1}') && kept[1].text.ends_with('\u{2}'));
    // A record whose end never comes.
    stage.send("smf", &[smf(3), smf(4)[..20].to_vec()].concat()).await;
    stage.wait_for("default", 3).await;
    let letters = stage.wait_for_letters("default", 1).await;
    assert_eq!(letters[0].reason, DeadReason::Malformed);
    assert!(letters[0].detail.contains("20 bytes at 40 of the connection"), "{}", letters[0].detail);
    stage.stop().await;
}

#[tokio::test]
async fn a_listener_that_does_not_say_how_records_are_framed_is_refused() {
    for format in [None, Some("syslog"), Some("smff")] {
        let mut framed = listener("a", Protocol::Framed);
        framed.format = format.map(str::to_owned);
        let log = TightLog::with_room(0);
        let appender = sentra_intake::Appender::new(
            log,
            std::sync::Arc::new(sentra_model::SystemClock),
            sentra_intake::Limits::default(),
        );
        let refused = sentra_intake::Intake::start(appender, Default::default(), &settings(vec![framed]));
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, IntakeError::Protocol { detail, .. } if detail.contains("qaudjrn")),
            "{refused}"
        );
    }
}
