//! Where an address is on the globe and to which network operator it belongs, from databases in MaxMind's format.

mod cache;
mod countries;
mod record;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use maxminddb::Reader;
use sentra_model::Timestamp;

pub use cache::PLACES_CACHED_MAX;
pub(crate) use countries::country_code;

use crate::fold::NAME_CHARS_MAX;
use crate::networks::{Networks, Prefix, ZoneKind};
use crate::problem::Problem;
use crate::source::{PlaceSource, SourceInfo, digest, source_name};
use cache::Cache;
use record::Record;

/// Law LIMIT: bytes of one database.
pub const PLACES_BYTES_MAX: usize = 1 << 30;
/// Law LIMIT: databases.
pub const PLACE_DATABASES_MAX: usize = 16;

/// Where an address is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Option<Arc<str>>,
    /// Name of the country in English.
    pub country_name: Option<Arc<str>>,
    /// State or region.
    pub region: Option<Arc<str>>,
    /// City.
    pub city: Option<Arc<str>>,
    /// Degrees, north is positive.
    pub latitude: Option<f64>,
    /// Degrees, east is positive.
    pub longitude: Option<f64>,
    /// How far it may be from there, in kilometres. The middle of a country is taken where no database knows more;
    /// this is then how far the country reaches from there.
    pub accuracy_km: Option<u32>,
    /// Number of the autonomous system.
    pub asn: Option<u32>,
    /// Who runs it.
    pub organisation: Option<Arc<str>>,
    /// The network that the database says this of.
    pub network: Option<Prefix>,
    /// Which database says where it is.
    pub place_source: Option<Arc<SourceInfo>>,
    /// Which database says whose it is.
    pub asn_source: Option<Arc<SourceInfo>>,
}

impl Place {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.country.is_none() && self.asn.is_none() && self.latitude.is_none() && self.city.is_none()
    }

    /// Kilometres between two places along the globe, and how far off that may be; `None` where one has no position.
    #[must_use]
    pub fn distance_km(&self, other: &Self) -> Option<(f64, f64)> {
        const EARTH_RADIUS_KM: f64 = 6_371.0;
        let radians = |place: &Self| Some((place.latitude?.to_radians(), place.longitude?.to_radians()));
        let ((lat_a, lon_a), (lat_b, lon_b)) = (radians(self)?, radians(other)?);
        let half = |angle: f64| (angle / 2.0).sin().powi(2);
        let chord = half(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * half(lon_b - lon_a);
        let distance = 2.0 * EARTH_RADIUS_KM * chord.clamp(0.0, 1.0).sqrt().asin();
        let accuracy = |place: &Self| place.accuracy_km.map_or(0.0, f64::from);
        Some((distance, accuracy(self) + accuracy(other)))
    }
}

/// A database.
struct Database {
    reader: Reader<Vec<u8>>,
    source: Arc<SourceInfo>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("source", &self.source).finish_non_exhaustive()
    }
}

/// Databases of places. What the first does not know is asked of the next, so a database of cities and one of
/// autonomous systems complete each other. It can be shared between threads and tenants.
#[derive(Debug, Default)]
pub struct Places {
    databases: Vec<Database>,
    cache: Cache,
}

impl Places {
    /// No database yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a database.
    ///
    /// # Errors
    /// Why it cannot be used. A file that only looks right gives no places where it is broken, and no panic.
    pub fn add(&mut self, file: &PlaceSource, bytes: Vec<u8>) -> Result<(), Problem> {
        let name = source_name("places", file.name.as_deref(), &file.path);
        let problem = |what: String| Problem { source: name.clone(), line: 0, what };
        if self.databases.len() >= PLACE_DATABASES_MAX {
            return Err(problem(format!("more than {PLACE_DATABASES_MAX} databases")));
        }
        if bytes.len() > PLACES_BYTES_MAX {
            return Err(problem(format!("the database has more than {PLACES_BYTES_MAX} bytes")));
        }
        let version = digest(&bytes);
        let reader = Reader::from_source(bytes)
            .map_err(|error| problem(format!("not a database in maxmind's format (.mmdb): {error}")))?;
        let built = i64::try_from(reader.metadata().build_epoch).unwrap_or_default();
        let version = if built > 0 { crate::moment::day(Timestamp::from_seconds(built)) } else { version };
        let source = Arc::new(SourceInfo { name, version, priority: 0 });
        self.databases.push(Database { reader, source });
        self.cache = Cache::default();
        Ok(())
    }

    /// Whether there is no database.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// The databases.
    pub fn sources(&self) -> impl Iterator<Item = &SourceInfo> {
        self.databases.iter().map(|database| &*database.source)
    }

    /// Where `address` is; `None` when no database knows it, and for private addresses and their like, whatever a
    /// database says of them.
    #[must_use]
    pub fn place(&self, address: IpAddr) -> Option<Arc<Place>> {
        if self.databases.is_empty() {
            return None;
        }
        let address = match address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        self.cache.get_or(address, || self.look_up(address))
    }

    fn look_up(&self, address: IpAddr) -> Option<Arc<Place>> {
        // Databases made from registries have an owner for the whole space: 192.168.0.0/16 is Australian in one of them.
        static EVERYBODYS: LazyLock<Networks> = LazyLock::new(Networks::new);
        if EVERYBODYS.zone(address).kind != ZoneKind::External {
            return None;
        }
        let mut place = Place::default();
        for database in &self.databases {
            // A v6 address asked of a v4 database, and what is broken, is not known.
            let Ok(found) = database.reader.lookup(address) else { continue };
            let Ok(Some(record)) = found.decode::<Record<'_>>() else { continue };
            fill(&mut place, &record, &database.source);
            if place.network.is_none() {
                place.network =
                    found.network().ok().and_then(|network| Prefix::new(network.ip(), network.prefix()));
            }
        }
        take_middle_of_country(&mut place);
        (!place.is_empty()).then(|| Arc::new(place))
    }
}

fn shared(text: &str) -> Arc<str> {
    text.chars().take(NAME_CHARS_MAX).collect::<String>().into()
}

fn fill(place: &mut Place, record: &Record<'_>, source: &Arc<SourceInfo>) {
    let has_place = place.country.is_some();
    if !has_place {
        // IPinfo has the code in `country_code` and the name in `country`, others the code in `country`.
        let code = [
            record.country.code.as_deref(),
            record.country_code.0.as_deref(),
            record.country.name.as_deref(),
            record.registered_country.code.as_deref(),
        ];
        let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
        if let Some(code) = code.into_iter().flatten().find(is_code) {
            place.country = Some(code.to_ascii_uppercase().into());
            let stated = record.country_name.0.as_deref().or(record.country.name.as_deref());
            let stated = stated.filter(|name| name.len() > 2);
            let known = countries::country(code).map(|country| country.name);
            place.country_name = stated.or(known).map(shared);
            place.place_source = Some(Arc::clone(source));
        }
    }
    // City and position of another database would not fit the country of the first, unless they agree.
    if !has_place || place.place_source.as_ref().is_some_and(|known| known.name == source.name) {
        position(place, record, source);
    }
    if place.asn.is_none() {
        let number = record.autonomous_system_number.0.or(record.asn.0);
        let number = number.filter(|number| (1.0..=f64::from(u32::MAX)).contains(number));
        place.asn = number.map(|number| number as u32);
        let organisation = record
            .autonomous_system_organization
            .0
            .as_deref()
            .or(record.as_name.0.as_deref())
            .or(record.organization.0.as_deref())
            .or(record.isp.0.as_deref());
        if place.asn.is_some() || organisation.is_some() {
            place.organisation = organisation.map(shared);
            place.asn_source = Some(Arc::clone(source));
        }
    }
}

fn position(place: &mut Place, record: &Record<'_>, source: &Arc<SourceInfo>) {
    place.city = record.city.name.as_deref().map(shared);
    let region = record.subdivisions.0.name.as_deref();
    let region = region.or(record.state1.0.as_deref()).or(record.region.0.as_deref());
    place.region = region.map(shared);
    let latitude = record.location.latitude.0.or(record.latitude.0).or(record.lat.0);
    let longitude = record.location.longitude.0.or(record.longitude.0).or(record.lng.0);
    let (Some(latitude), Some(longitude)) = (latitude, longitude) else { return };
    let is_on_globe = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    // 0, 0 lies in the sea; databases write it for "not known".
    if is_on_globe && (latitude != 0.0 || longitude != 0.0) {
        (place.latitude, place.longitude) = (Some(latitude), Some(longitude));
        let radius = record.location.accuracy_radius.0.filter(|radius| (0.0..=20_000.0).contains(radius));
        place.accuracy_km = radius.map(|radius| radius as u32);
        place.place_source.get_or_insert_with(|| Arc::clone(source));
    }
}

fn take_middle_of_country(place: &mut Place) {
    let Some(country) = place.country.as_deref().and_then(countries::country) else { return };
    if place.latitude.is_none() {
        (place.latitude, place.longitude) = (Some(country.latitude), Some(country.longitude));
        place.accuracy_km = Some(u32::from(country.radius_km));
    }
}
