//! Packs as archives: round trips, tampering, and archives that mean harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::io::Write as _;

use common::{Sources, World, rule, simple};
use proptest::prelude::*;
use sentra_packs::{Digests, PackError, PackTree, Package, PrivateKey, Signature, Standing, TrustedKeys};
use tar::{Builder, EntryType, Header};

#[test]
fn a_pack_survives_its_archive_and_the_same_pack_gives_the_same_bytes() {
    let world = World::new();
    let sources = simple("acme", "1.4.0", 1, "evil")
        .file("lists/admins.txt", "ada\ngrace\n")
        .file("lists/hosts.csv", "name,owner\nweb-1,ada\n")
        .file("mappings/ours.yml", "name: ours\n")
        .file("README.md", "# Acme\n");
    let package = sources.signed(&world.key);
    let bytes = package.archive().unwrap();
    assert_eq!(bytes, sources.signed(&world.key).archive().unwrap());
    let back = Package::from_archive("acme-1.4.0.sentra-pack", &bytes).unwrap();
    assert_eq!(back.tree(), package.tree());
    assert_eq!(back.manifest(), package.manifest());
    let standing = back.verify(&world.trusted).unwrap();
    assert_eq!(standing, Standing::Trusted { key: world.key.public().id(), comment: "acme soc".to_owned() });

    let directory = tempfile::tempdir().unwrap();
    let path = package.write_archive(directory.path()).unwrap();
    assert_eq!(path.file_name().unwrap(), "acme-1.4.0.sentra-pack");
    assert_eq!(Package::read(&path).unwrap().tree(), package.tree());

    let content = back.content();
    assert_eq!((content.rules.len(), content.samples.len(), content.mappings.len()), (1, 1, 1));
    assert_eq!(content.rules[0].pack, "acme@1.4.0");
    assert_eq!(content.rules[0].path, "acme@1.4.0/rules/linux/one.yml");
    let lists: Vec<(&str, bool)> =
        content.lists.iter().map(|list| (list.name.as_str(), list.is_table)).collect();
    assert_eq!(lists, [("admins", false), ("hosts", true)]);
}

#[test]
fn a_change_of_any_file_is_found_and_named() {
    let world = World::new();
    let sources = simple("acme", "1.4.0", 1, "evil").file("lists/admins.txt", "ada\n");
    let package = sources.signed(&world.key);
    package.write_seal(sources.path()).unwrap();
    let read = || Package::read(sources.path()).and_then(|package| package.verify(&world.trusted));
    assert!(read().unwrap().is_trusted());

    let paths: Vec<String> = package.tree().files().map(|(path, _)| path.to_string()).collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in &paths {
        let place = sources.path().join(path);
        let good = std::fs::read(&place).unwrap();
        for (position, _) in good.iter().enumerate().step_by(7) {
            let mut bad = good.clone();
            bad[position] ^= 1;
            std::fs::write(&place, &bad).unwrap();
            match read() {
                // A manifest or a signature that cannot be read any more is refused for what it is.
                Err(error @ (PackError::Manifest { .. } | PackError::Malformed { .. })) => {
                    assert!(["pack.toml", "SIGNATURE"].contains(&path.as_str()), "{path}: {error}");
                }
                Err(PackError::Tampered { tampering, .. }) => {
                    let said: Vec<String> = tampering.iter().map(ToString::to_string).collect();
                    let own = ["DIGESTS", "SIGNATURE"].contains(&path.as_str());
                    assert!(own || said.contains(&format!("{path} was changed")), "{path}: {said:?}");
                }
                // The id of another key: nobody who is trusted vouches for it.
                Ok(Standing::UnknownKey { .. }) if path == "SIGNATURE" => {}
                other => panic!("{path} changed at {position}: {other:?}"),
            }
        }
        std::fs::remove_file(&place).unwrap();
        match read() {
            Err(PackError::Tampered { tampering, .. }) => {
                assert_eq!(tampering[0].to_string(), format!("{path} was removed"));
            }
            Err(PackError::Manifest { .. }) => assert_eq!(path, "pack.toml"),
            Ok(Standing::Unsigned) => assert_eq!(path, "SIGNATURE"),
            // The digests are those of the files, and the signature is about them.
            Ok(Standing::Trusted { .. }) => assert_eq!(path, "DIGESTS"),
            other => panic!("{path} removed: {other:?}"),
        }
        std::fs::write(&place, &good).unwrap();
    }
    let added = sources.path().join("rules/more.yml");
    std::fs::write(&added, rule(2, "more")).unwrap();
    assert!(read().unwrap_err().to_string().contains("rules/more.yml was added"));
    std::fs::remove_file(added).unwrap();
    assert!(read().unwrap().is_trusted());
}

#[test]
fn a_signature_is_for_one_pack_by_one_key() {
    let world = World::new();
    let mut package = simple("acme", "1", 1, "evil").build();
    assert_eq!(package.verify(&world.trusted).unwrap(), Standing::Unsigned);
    let other = PrivateKey::generate("mallory").unwrap();
    package.sign(&other).unwrap();
    assert_eq!(package.verify(&world.trusted).unwrap(), Standing::UnknownKey { key: other.public().id() });
    // The signature of another version, put to this one.
    let next = simple("acme", "2", 1, "evil").signed(&world.key);
    package.attach(next.signature().unwrap().clone()).unwrap();
    assert!(matches!(package.verify(&world.trusted), Err(PackError::Tampered { .. })));
    // A signature that comes in a file of its own.
    let detached = Signature::make(&world.key, package.digests()).text();
    package.attach(Signature::parse(&detached).unwrap()).unwrap();
    assert!(package.verify(&world.trusted).unwrap().is_trusted());
    assert!(!package.verify(&TrustedKeys::default()).unwrap().is_trusted());
    // Mallory says that it is the trusted key's.
    let claimed = Signature::make(&other, package.digests()).text();
    let claimed = claimed.replace(&other.public().id(), &world.key.public().id());
    package.attach(Signature::parse(&claimed).unwrap()).unwrap();
    assert!(matches!(package.verify(&world.trusted), Err(PackError::Tampered { .. })));
}

#[test]
fn stray_files_wrong_kinds_and_links_are_refused() {
    let refused = |sources: &Sources| Package::from_sources(sources.path()).unwrap_err().to_string();
    let make = |path: &str| simple("acme", "1", 1, "evil").file(path, "x");
    for (path, why) in [
        ("install.sh", "no place for it"),
        ("rule/one.yml", "did you mean \"rules\"?"),
        ("rules/one.exe", "end in .yml"),
        (".hidden", "hidden"),
        ("rules/a:b.yml", "the character ':'"),
        ("RULES/linux/one.yml", "did you mean \"rules\"?"),
        ("rules/linux/ONE.yml", "stands twice"),
    ] {
        let said = refused(&make(path));
        assert!(said.contains(why), "{path}: {said}");
    }
    let linked = simple("acme", "1", 1, "evil");
    std::os::unix::fs::symlink("/etc/passwd", linked.path().join("rules/passwd.yml")).unwrap();
    assert!(refused(&linked).contains("neither a file nor a directory"));
    let announced = Sources::new("acme", "1", "content = [\"rules\"]\n")
        .file("rules/one.yml", &rule(1, "x"))
        .file("lists/a.txt", "x");
    assert!(refused(&announced).contains("does not name \"lists\""));
    let empty =
        Sources::new("acme", "1", "content = [\"rules\", \"lists\"]\n").file("rules/one.yml", &rule(1, "x"));
    assert!(refused(&empty).contains("no files of it"));
    assert!(refused(&Sources::new("acme", "1", "")).contains("no content"));
    let binary = simple("acme", "1", 1, "evil");
    std::fs::write(binary.path().join("lists.txt"), "x").unwrap();
    assert!(refused(&binary).contains("no place for it"));
    let nameless = Sources(tempfile::tempdir().unwrap()).file("rules/one.yml", &rule(1, "x"));
    assert!(refused(&nameless).contains("pack.toml:1: a pack has a manifest"));
}

/// An entry as somebody writes it who does not use our writer.
fn entry(builder: &mut Builder<Vec<u8>>, name: &[u8], kind: EntryType, link: &[u8], content: &[u8]) {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    let raw = header.as_mut_bytes();
    raw[..name.len()].copy_from_slice(name);
    raw[157..157 + link.len()].copy_from_slice(link);
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = zstd::Encoder::new(Vec::new(), 1).unwrap();
    compressor.write_all(bytes).unwrap();
    compressor.finish().unwrap()
}

const MANIFEST: &[u8] = b"id = \"acme\"\nversion = 1\ntitle = \"Acme\"\n";

fn hostile(name: &[u8], kind: EntryType, link: &[u8], content: &[u8]) -> String {
    let mut builder = Builder::new(Vec::new());
    entry(&mut builder, b"pack.toml", EntryType::Regular, b"", MANIFEST);
    entry(&mut builder, name, kind, link, content);
    Package::from_archive("x", &compressed(&builder.into_inner().unwrap())).unwrap_err().to_string()
}

#[test]
fn an_archive_that_means_harm_is_refused() {
    let regular = EntryType::Regular;
    for (name, kind, link, why) in [
        (&b"../../etc/cron.d/x"[..], regular, &b""[..], "the part \"..\""),
        (b"rules/../../x.yml", regular, b"", "the part \"..\""),
        (b"/etc/passwd", regular, b"", "absolute"),
        (b"rules\\..\\x.yml", regular, b"", "the character"),
        (b"rules/\xff.yml", regular, b"", "not UTF-8"),
        (b"rules/x\n.yml", regular, b"", "the character"),
        (b"rules/a/b/c/d/e/f/g/h.yml", regular, b"", "directories deep"),
        (b"rules/x.yml", EntryType::Symlink, b"/etc/passwd", "symbolic link"),
        (b"rules/x.yml", EntryType::Link, b"pack.toml", "hard link"),
        (b"rules/x.yml", EntryType::Fifo, b"", "a pipe"),
        (b"rules/x.yml", EntryType::Char, b"", "a device"),
        (b"rules/x.yml", EntryType::Directory, b"", "a directory"),
        (b"rules/x.yml", EntryType::GNULongName, b"", "an extension"),
        (b"rules/x.yml", EntryType::XHeader, b"", "an extension"),
        (b"rules/x.yml", EntryType::GNUSparse, b"", "an extension"),
        (b"pack.toml", regular, b"", "stands once"),
        (b"aaa.yml", regular, b"", "stands once"),
        (b"setup.sh", regular, b"", "no place for it"),
    ] {
        let said = hostile(name, kind, link, b"");
        assert!(said.contains(why), "{}: {said}", String::from_utf8_lossy(name));
    }
}

#[test]
fn a_bomb_is_stopped_before_it_goes_off() {
    // One file that says it has a gigabyte, and has; five kilobytes compressed.
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_path("rules/x.yml").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    let mut compressor = zstd::Encoder::new(Vec::new(), 1).unwrap();
    compressor.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..200 {
        compressor.write_all(&zeros).unwrap();
    }
    let said = Package::from_archive("x", &compressor.finish().unwrap()).unwrap_err().to_string();
    assert!(said.contains("at most"), "{said}");

    // Zeros without end after the last file.
    let mut compressor = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..100 {
        compressor.write_all(&zeros).unwrap();
    }
    let said = Package::from_archive("x", &compressor.finish().unwrap()).unwrap_err().to_string();
    assert!(said.contains("unpacks to more than"), "{said}");

    // Many small files.
    let mut builder = Builder::new(Vec::new());
    for number in 0..=20_000 {
        entry(&mut builder, format!("rules/{number:05}.yml").as_bytes(), EntryType::Regular, b"", b"");
    }
    let bytes = compressed(&builder.into_inner().unwrap());
    let said = Package::from_archive("x", &bytes).unwrap_err().to_string();
    assert!(said.contains("at most 20000 files"), "{said}");

    // A frame that asks for a window of two gigabytes.
    let mut compressor = zstd::Encoder::new(Vec::new(), 1).unwrap();
    compressor.window_log(31).unwrap();
    compressor.write_all(&zeros).unwrap();
    let said = Package::from_archive("x", &compressor.finish().unwrap()).unwrap_err().to_string();
    assert!(said.contains("not a pack archive"), "{said}");
}

#[test]
fn nothing_hides_behind_the_last_file() {
    let mut bytes = simple("acme", "1", 1, "evil").build().archive().unwrap();
    bytes.push(0);
    let said = Package::from_archive("x", &bytes).unwrap_err().to_string();
    assert!(said.contains("bytes after"), "{said}");

    let mut builder = Builder::new(Vec::new());
    entry(&mut builder, b"pack.toml", EntryType::Regular, b"", MANIFEST);
    entry(&mut builder, b"rules/x.yml", EntryType::Regular, b"", b"title: x\n");
    let mut tar = builder.into_inner().unwrap();
    tar.extend_from_slice(b"hidden");
    let said = Package::from_archive("x", &compressed(&tar)).unwrap_err().to_string();
    assert!(said.contains("bytes after the last file"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the bytes are: an error, never a panic, and never another pack that is trusted.
    #[test]
    fn broken_archives_are_errors(position in 0_usize..4_096, value: u8, cut in 0_usize..4_096) {
        let world = World::new();
        let package = simple("acme", "1", 1, "evil").signed(&world.key);
        let good = package.archive().unwrap();
        let mut bad = good.clone();
        let position = position % bad.len();
        bad[position] = value;
        if let Ok(read) = Package::from_archive("x", &bad) {
            prop_assert_eq!(read.tree(), package.tree());
        }
        prop_assert!(Package::from_archive("x", &good[..cut % good.len()]).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Package::from_archive("x", &bytes).is_err());
        prop_assert!(Package::from_archive("x", &compressed(&bytes)).is_err());
    }
}

#[test]
fn digests_have_one_text() {
    let package = simple("acme", "1", 1, "evil").build();
    let digests: &Digests = package.digests();
    assert!(digests.text().starts_with("sentra-pack-digests-v1\npack acme@1\n"));
    let names: Vec<&str> = digests
        .text()
        .lines()
        .skip(2)
        .map(|line| line.split_once(' ').unwrap().1.to_owned().leak() as &str)
        .collect();
    assert_eq!(names, ["pack.toml", "rules/linux/one.yml", "tests/one.yml"]);
    assert_eq!(PackTree::default().len(), 0);
}
