//! Places that addresses belong to, after public registrations of large access networks.

/// A town with a block of addresses of an access network there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The town.
    pub city: &'static str,
    /// ISO 3166 code of the country.
    pub country: &'static str,
    /// Degrees north, as logs write it.
    pub latitude: &'static str,
    /// Degrees east, as logs write it.
    pub longitude: &'static str,
    /// The first two bytes of its addresses.
    pub block: [u8; 2],
    /// The network's operator.
    pub operator: &'static str,
    /// Number of the autonomous system.
    pub system: u32,
}

const fn place(
    city: &'static str,
    country: &'static str,
    (latitude, longitude): (&'static str, &'static str),
    block: [u8; 2],
    operator: &'static str,
    system: u32,
) -> Place {
    Place { city, country, latitude, longitude, block, operator, system }
}

/// The first four have a site of the organisation; of the rest people only travel to the first three.
pub(crate) static PLACES: [Place; 12] = [
    place("Berlin", "DE", ("52.5200", "13.4050"), [91, 10], "Deutsche Telekom AG", 3320),
    place("Hamburg", "DE", ("53.5511", "9.9937"), [80, 130], "Deutsche Telekom AG", 3320),
    place("Lyon", "FR", ("45.7640", "4.8357"), [90, 10], "Orange S.A.", 3215),
    place("Chicago", "US", ("41.8781", "-87.6298"), [73, 44], "Comcast Cable Communications", 7922),
    place("Madrid", "ES", ("40.4168", "-3.7038"), [80, 26], "Telefonica de Espana", 3352),
    place("London", "GB", ("51.5074", "-0.1278"), [86, 140], "British Telecommunications PLC", 2856),
    place("Toronto", "CA", ("43.6532", "-79.3832"), [70, 48], "Bell Canada", 577),
    place("Lagos", "NG", ("6.5244", "3.3792"), [105, 112], "Airtel Networks Limited", 36_873),
    place("Singapore", "SG", ("1.3521", "103.8198"), [116, 88], "StarHub Ltd", 4657),
    place("Sao Paulo", "BR", ("-23.5505", "-46.6333"), [177, 32], "Claro NXT Telecomunicacoes", 28_573),
    place("Sydney", "AU", ("-33.8688", "151.2093"), [101, 170], "Telstra Limited", 1221),
    place("Mumbai", "IN", ("19.0760", "72.8777"), [49, 36], "Reliance Jio Infocomm Limited", 55_836),
];

/// How many of [`PLACES`] have a site.
pub(crate) const SITES: usize = 4;
/// Where people travel to.
pub(crate) const TRAVEL: [usize; 3] = [4, 5, 6];
/// Where those come from who stole a password.
pub(crate) const FAR: [usize; 5] = [7, 8, 9, 10, 11];

/// An address in `place`.
pub(crate) fn address_in(place: usize, number: u64) -> u32 {
    let [first, second] = PLACES.get(place).map_or([203, 0], |place| place.block);
    // No network and no broadcast addresses.
    let third = u8::try_from(number / 250 % 250).unwrap_or(0);
    let fourth = u8::try_from(number % 250).unwrap_or(0) + 2;
    u32::from_be_bytes([first, second, third, fourth])
}

/// The place that an address belongs to.
pub(crate) fn place_of(address: u32) -> Option<&'static Place> {
    let [first, second, ..] = address.to_be_bytes();
    PLACES.iter().find(|place| place.block == [first, second])
}
