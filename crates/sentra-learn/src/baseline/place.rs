//! Places on the earth, and how far they are apart.

use super::table::record;

/// Where an address is, as far as a database of places knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// How far it may be from there, in km: the radius of the country where no more than that is known, 0 for exact.
    pub accuracy_km: u32,
    /// Country by its ISO 3166 code, `DE`; empty where it is not known.
    pub country: String,
}

/// Mean radius of the earth.
const EARTH_KM: f64 = 6_371.0;

/// The great-circle distance in km; `NaN` where a coordinate is none.
pub(crate) fn distance_km(one: (f64, f64), other: (f64, f64)) -> f64 {
    let (latitude, other_latitude) = (one.0.to_radians(), other.0.to_radians());
    let across = (other_latitude - latitude) / 2.0;
    let along = (other.1 - one.1).to_radians() / 2.0;
    let half = across.sin().powi(2) + latitude.cos() * other_latitude.cos() * along.sin().powi(2);
    2.0 * EARTH_KM * half.clamp(0.0, 1.0).sqrt().asin()
}

/// From where a user last logged in.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct LastPlace {
    pub(crate) key: u64,
    /// The key of the address.
    pub(crate) address: u64,
    pub(crate) latitude: f32,
    pub(crate) longitude: f32,
    /// How far it may have been from there, km.
    pub(crate) accuracy_km: u32,
    /// When, seconds.
    pub(crate) time: u32,
    /// Last used, hours since 1970.
    pub(crate) hour: u32,
    /// The country's two letters, for people.
    pub(crate) country: [u8; 2],
    pub(crate) dirty: bool,
}

record!(LastPlace);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_an_atlas() {
        let (berlin, tokyo) = ((52.52, 13.405), (35.68, 139.69));
        assert!((8_900.0..8_950.0).contains(&distance_km(berlin, tokyo)));
        assert!(distance_km(berlin, berlin) < 1e-6);
        assert!((20_000.0..20_030.0).contains(&distance_km((0.0, 0.0), (0.0, 180.0))));
        assert!(distance_km((f64::NAN, 0.0), berlin).is_nan());
    }
}
