//! Who stands between Sentra and a directory without TLS: they get no password and break nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use rcgen::{CertificateParams, KeyPair};
use sentra_directory::refresh;
use sentra_enrich::EnrichSources;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Values in values, `depth` of them.
fn nested(depth: usize) -> Vec<u8> {
    // From the inside out; lengths have four bytes each.
    let mut heads = Vec::with_capacity(depth * 6);
    for outer in (0..depth).rev() {
        heads.push([&[0x30, 0x84][..], &((outer * 6) as u32).to_be_bytes()[..]].concat());
    }
    heads.concat()
}

/// Answers StartTLS with `answer`; what was said to it until the end.
async fn said_to(answer: Vec<u8>) -> (String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let own = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
    std::fs::write(data.path().join("ca.pem"), own.pem()).unwrap();
    std::fs::write(data.path().join("password"), "secret").unwrap();
    let sources: EnrichSources = toml::from_str(&format!(
        "[[identities]]\nldap = \"ldap://{}\"\nbase = \"dc=x\"\nbind_dn = \"cn=a\"\n\
         password_file = \"password\"\nca_file = \"ca.pem\"\n",
        listener.local_addr().unwrap()
    ))
    .unwrap();
    let stranger = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = vec![0; START_TLS.len()];
        stream.read_exact(&mut said).await.unwrap();
        let _ = stream.write_all(&answer).await;
        let mut more = Vec::new();
        let _ = stream.read_to_end(&mut more).await;
        said.extend(more);
        said
    });
    let error = refresh(sources.directories()[0], data.path()).await.unwrap_err();
    (error.to_string(), stranger.await.unwrap())
}

#[tokio::test]
async fn an_answer_before_tls_neither_breaks_nor_learns_anything() {
    let refusal = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00".to_vec();
    // "Go ahead", and behind it in clear text what should look as if it came over TLS.
    let success = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec();
    let injected = [success, b"\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00".to_vec()].concat();
    for (answer, expected) in [
        (refusal, "refused to start tls: result 2"),
        (nested(200_000), "is not understood"),
        (b"\x30\x84\x7f\xff\xff\xff".to_vec(), "more than 16777216 bytes in one message"),
        (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "is not understood"),
        (injected, "cannot be reached"),
    ] {
        let (error, said) = said_to(answer).await;
        assert!(error.contains(expected), "{expected}: {error}");
        assert_eq!(&said[..START_TLS.len()], START_TLS);
        assert!(!said.windows(6).any(|window| window == b"secret"), "{expected}");
    }
}
