use std::path::PathBuf;
use std::time::Instant;

use proptest::prelude::*;
use sentra_enrich::{Place, PlaceSource, Places};
use serde_json::json;

use crate::mmdb::Writer;

fn source(path: &str) -> PlaceSource {
    PlaceSource { path: path.to_owned(), name: None }
}

fn places(databases: &[(&str, Vec<u8>)]) -> Places {
    let mut places = Places::new();
    for (path, bytes) in databases {
        places.add(&source(path), bytes.clone()).unwrap();
    }
    places
}

fn show(place: Option<&Place>) -> String {
    let Some(place) = place else { return "nothing".to_owned() };
    let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("-").to_owned();
    format!(
        "{} {} {} {} {:?} {:?} {:?} AS{:?} {} {}",
        text(&place.country),
        text(&place.country_name),
        text(&place.region),
        text(&place.city),
        place.latitude,
        place.longitude,
        place.accuracy_km,
        place.asn,
        text(&place.organisation),
        place.network.map(|network| network.to_string()).unwrap_or_default()
    )
}

fn at(places: &Places, address: &str) -> String {
    show(places.place(address.parse().unwrap()).as_deref())
}

/// MaxMind's and DB-IP's layout of cities.
fn city(record_bits: u16) -> Vec<u8> {
    let berlin = json!({
        "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"iso_code": "DE", "geoname_id": 2921044, "names": {"de": "Deutschland", "en": "Germany"}},
        "city": {"names": {"de": "Berlin", "en": "Berlin"}},
        "location": {"accuracy_radius": 20, "latitude": 52.52, "longitude": 13.41, "time_zone": "Europe/Berlin"},
        "subdivisions": [{"iso_code": "BE", "names": {"en": "Land Berlin"}}, {"names": {"en": "x"}}],
        "traits": {"is_anycast": true},
    });
    let only_registered = json!({"registered_country": {"iso_code": "FR", "names": {"en": "France"}}});
    Writer::new(6, record_bits)
        .add("203.0.113.0/24", &berlin)
        .add("203.0.113.128/25", &only_registered)
        .add("2001:db8::/32", &berlin)
        .finish()
}

#[test]
fn cities_with_every_size_of_records() {
    for record_bits in [24, 28, 32] {
        let places = places(&[("city.mmdb", city(record_bits))]);
        let berlin = "DE Germany Land Berlin Berlin Some(52.52) Some(13.41) Some(20) ASNone -";
        assert_eq!(at(&places, "203.0.113.7"), format!("{berlin} 203.0.113.0/25"));
        assert_eq!(at(&places, "::ffff:203.0.113.7"), format!("{berlin} 203.0.113.0/25"));
        assert_eq!(at(&places, "2001:db8::1"), format!("{berlin} 2001:db8::/32"));
        assert_eq!(
            at(&places, "203.0.113.200"),
            "FR France - - Some(46.5) Some(2.5) Some(545) ASNone - 203.0.113.128/25"
        );
        assert_eq!(at(&places, "198.51.100.1"), "nothing");
        let source = places.sources().next().unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str()), ("places:city.mmdb", "2026-03-01"));
    }
}

#[test]
fn flat_layouts_and_numbers_as_text() {
    let flat = json!({"country_code": "US", "state1": "California", "state2": "", "city": "Mountain View",
        "latitude": 37.4, "longitude": -122.1, "postcode": "94043", "timezone": "America/Los_Angeles"});
    let country = json!({"country_code": "JP"});
    let info = json!({"country": "Germany", "country_code": "DE", "asn": "AS3320", "as_name": "Deutsche Telekom AG",
        "as_domain": "telekom.de", "lat": "51.0", "lng": "9.0", "loc": "51,9", "city": "", "location": "x"});
    let odd =
        json!({"country_code": 7, "city": [1, 2], "latitude": 300.0, "longitude": 1.0, "country": {"x": 1}});
    let bytes = Writer::new(4, 24)
        .add("192.0.2.0/26", &flat)
        .add("192.0.2.64/26", &country)
        .add("192.0.2.128/26", &info)
        .add("192.0.2.192/26", &odd)
        .finish();
    let places = places(&[("x.mmdb", bytes)]);
    assert_eq!(
        at(&places, "192.0.2.1"),
        "US United States California Mountain View Some(37.4) Some(-122.1) None ASNone - 192.0.2.0/26"
    );
    // No more than the country is known: its middle, and how far it reaches.
    assert_eq!(
        at(&places, "192.0.2.65"),
        "JP Japan - - Some(37.6) Some(138.0) Some(610) ASNone - 192.0.2.64/26"
    );
    assert_eq!(
        at(&places, "192.0.2.129"),
        "DE Germany - - Some(51.0) Some(9.0) None ASSome(3320) Deutsche Telekom AG 192.0.2.128/26"
    );
    assert_eq!(at(&places, "192.0.2.193"), "nothing");
    assert_eq!(at(&places, "2001:db8::1"), "nothing", "a database of ipv4 has no ipv6");
}

#[test]
fn a_database_of_operators_completes_one_of_cities() {
    let asn = json!({"autonomous_system_number": 64500, "autonomous_system_organization": "Example Net"});
    let operators = Writer::new(6, 28).add("203.0.113.0/24", &asn).add("198.51.100.0/24", &asn).finish();
    let other =
        Writer::new(6, 28).add("203.0.113.0/24", &json!({"country_code": "BR", "city": "Recife"})).finish();
    let places = places(&[("city.mmdb", city(28)), ("asn.mmdb", operators), ("other.mmdb", other)]);
    let place = places.place("203.0.113.7".parse().unwrap()).unwrap();
    assert_eq!((place.city.as_deref(), place.asn), (Some("Berlin"), Some(64500)));
    assert_eq!(place.asn_source.as_ref().unwrap().name, "places:asn.mmdb");
    assert_eq!(place.place_source.as_ref().unwrap().name, "places:city.mmdb");
    assert_eq!(
        at(&places, "198.51.100.1"),
        "- - - - None None None ASSome(64500) Example Net 198.51.100.0/24"
    );
}

#[test]
fn a_private_address_is_nowhere_whatever_a_database_says() {
    let bytes = Writer::new(6, 28)
        .add("::/1", &json!({"country_code": "AU"}))
        .add("8000::/1", &json!({"country_code": "AU"}))
        .finish();
    let places = places(&[("x.mmdb", bytes)]);
    assert!(at(&places, "203.0.113.7").starts_with("AU "));
    for address in [
        "192.168.0.9",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "::1",
    ] {
        assert_eq!(at(&places, address), "nothing", "{address}");
    }
}

#[test]
fn distance_says_how_far_off_it_may_be() {
    let place = |latitude, longitude, km| Place {
        latitude: Some(latitude),
        longitude: Some(longitude),
        accuracy_km: Some(km),
        ..Place::default()
    };
    let (distance, off) = place(52.52, 13.41, 20).distance_km(&place(48.86, 2.35, 5)).unwrap();
    assert!((distance - 878.0).abs() < 3.0, "{distance}");
    assert_eq!(off, 25.0);
    assert!(place(0.0, 180.0, 0).distance_km(&place(0.0, -180.0, 0)).unwrap().0 < 0.001);
    assert_eq!(place(0.0, 0.0, 0).distance_km(&Place::default()), None);
}

fn ask(bytes: Vec<u8>) {
    let mut places = Places::new();
    if places.add(&source("x.mmdb"), bytes).is_ok() {
        for address in ["203.0.113.7", "203.0.113.200", "2001:db8::1", "0.0.0.0", "255.255.255.255", "::1"] {
            let _ = places.place(address.parse().unwrap());
        }
    }
}

#[test]
fn a_database_cut_anywhere_is_told_or_knows_less() {
    let whole = city(24);
    for length in 0..whole.len() {
        ask(whole[..length].to_vec());
    }
    let problem = Places::new().add(&source("geo/x.mmdb"), b"<html>".to_vec()).unwrap_err();
    assert!(
        problem.to_string().starts_with("places:x.mmdb: not a database in maxmind's format"),
        "{problem}"
    );
}

#[test]
fn data_that_points_at_itself_ends() {
    let mut bytes = Writer::new(4, 24).add("0.0.0.0/1", &json!({"country": "aaaaaaaa"})).finish();
    // The value becomes a pointer (0x20, low byte) to the map that holds it.
    let at = bytes.windows(8).position(|window| window == b"aaaaaaaa").unwrap() - 1;
    bytes[at..at + 2].copy_from_slice(&[0x20, 0]);
    ask(bytes);
}

proptest! {
    #[test]
    fn no_broken_database_makes_it_panic(breaks in proptest::collection::vec((0_usize..1_000, any::<u8>()), 1..8)) {
        let mut bytes = city(28);
        for (at, byte) in breaks {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let started = Instant::now();
        ask(bytes);
        prop_assert!(started.elapsed().as_secs() < 5);
    }
}

/// Databases that `make geoip` fetched, and any that `SENTRA_TEST_MMDB=/path/to.mmdb` names.
fn real_databases() -> Vec<(String, Vec<u8>)> {
    let cache = std::env::var("SENTRA_CACHE").map(PathBuf::from);
    let cache =
        cache.or_else(|_| std::env::var("HOME").map(|home| PathBuf::from(home).join(".cache/sentra")));
    let fetched = cache.ok().and_then(|cache| std::fs::read_dir(cache.join("geoip")).ok());
    let mut files: Vec<PathBuf> = fetched.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "mmdb"));
    files.sort();
    files.extend(std::env::var("SENTRA_TEST_MMDB").map(PathBuf::from));
    files.iter().map(|file| (file.display().to_string(), std::fs::read(file).unwrap())).collect()
}

/// Of addresses that have been what they are for decades: country, and operator where a database knows operators.
#[test]
fn real_databases_know_well_known_addresses() {
    let databases = real_databases();
    if databases.is_empty() {
        return println!("SKIP: no database of places is in the cache: run make geoip");
    }
    for (path, bytes) in databases {
        let places = places(&[(path.as_str(), bytes)]);
        let (mut countries, mut operators) = (0, 0);
        for (address, country, asn) in [
            ("8.8.8.8", "US", 15_169),
            ("193.0.6.139", "NL", 3_333),
            ("2001:67c:2e8:22::c100:68b", "NL", 3_333),
            ("200.160.2.3", "BR", 22_548),
            ("141.20.1.1", "DE", 680),
            ("133.11.0.1", "JP", 2_501),
            ("196.25.1.1", "ZA", 5_713),
        ] {
            let place = places.place(address.parse().unwrap());
            let place = place.unwrap_or_else(|| panic!("{path} does not know {address}"));
            if let Some(known) = place.country.as_deref() {
                countries += 1;
                assert_eq!(known, country, "{path}: {address}");
                assert!(place.latitude.is_some() && place.longitude.is_some(), "{path}: {address}");
            }
            if let Some(known) = place.asn {
                operators += 1;
                assert_eq!(known, asn, "{path}: {address}");
            }
        }
        println!("{path}: {countries} countries, {operators} operators of 7 addresses are right");
        assert!(countries == 7 || operators == 7, "{path} knows too little");
        for address in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "fe80::1"] {
            assert_eq!(at(&places, address), "nothing", "{path}: {address}");
        }
        rates(&places);
    }
}

fn rates(places: &Places) {
    let address = |n: u32| std::net::Ipv4Addr::from(n.wrapping_mul(2_654_435_761));
    for (what, addresses) in [("new", 0..400_000_u32), ("known", 380_000..400_000)] {
        let count = addresses.len();
        let started = Instant::now();
        let known = addresses.filter(|n| places.place(address(*n).into()).is_some()).count();
        let rate = count as f64 / started.elapsed().as_secs_f64();
        println!("{what}: {count} addresses, {known} known, {rate:.0}/s");
        assert!(known > count / 2, "most of the address space is somebody's");
    }
}
