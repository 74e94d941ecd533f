//! The countries of ISO 3166: where their middle is and how far they reach, for databases that know no more than the
//! country. Rounded to what a map shows; borders are not decided here.

/// A country.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) code: &'static str,
    /// A short name in English.
    pub(super) name: &'static str,
    /// Of the middle, in degrees.
    pub(super) latitude: f64,
    /// Of the middle, in degrees.
    pub(super) longitude: f64,
    /// How far it reaches from there, in kilometres: circles of neighbours meet. Far islands and exclaves with a code of
    /// their own, Alaska, Hawaii, Easter Island and the Galapagos are left out.
    pub(super) radius_km: u16,
}

/// The country with this code, in either case.
pub(super) fn country(code: &str) -> Option<&'static Country> {
    let code = code.trim().to_ascii_uppercase();
    let at = COUNTRIES.binary_search_by(|country| country.code.cmp(&code)).ok()?;
    COUNTRIES.get(at)
}

/// The code of a country that is given as its code or its English name.
pub(crate) fn country_code(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let by_name = || COUNTRIES.iter().find(|country| country.name.eq_ignore_ascii_case(text));
    country(text).or_else(by_name).map(|country| country.code)
}

/// In the order of their codes.
#[rustfmt::skip]
const COUNTRIES: [Country; 250] = [
    Country { code: "AD", name: "Andorra", latitude: 42.5, longitude: 1.5, radius_km: 16 },
    Country { code: "AE", name: "United Arab Emirates", latitude: 24.0, longitude: 54.0, radius_km: 235 },
    Country { code: "AF", name: "Afghanistan", latitude: 34.0, longitude: 66.0, radius_km: 720 },
    Country { code: "AG", name: "Antigua and Barbuda", latitude: 17.1, longitude: -61.8, radius_km: 16 },
    Country { code: "AI", name: "Anguilla", latitude: 18.2, longitude: -63.1, radius_km: 7 },
    Country { code: "AL", name: "Albania", latitude: 41.0, longitude: 20.0, radius_km: 130 },
    Country { code: "AM", name: "Armenia", latitude: 40.3, longitude: 45.0, radius_km: 155 },
    Country { code: "AO", name: "Angola", latitude: -12.3, longitude: 17.5, radius_km: 860 },
    Country { code: "AQ", name: "Antarctica", latitude: -80.0, longitude: 0.0, radius_km: 3625 },
    Country { code: "AR", name: "Argentina", latitude: -35.0, longitude: -65.0, radius_km: 2285 },
    Country { code: "AS", name: "American Samoa", latitude: -14.3, longitude: -170.7, radius_km: 11 },
    Country { code: "AT", name: "Austria", latitude: 47.6, longitude: 14.1, radius_km: 345 },
    Country { code: "AU", name: "Australia", latitude: -25.0, longitude: 134.0, radius_km: 2405 },
    Country { code: "AW", name: "Aruba", latitude: 12.5, longitude: -70.0, radius_km: 11 },
    Country { code: "AX", name: "Aland Islands", latitude: 60.2, longitude: 20.0, radius_km: 29 },
    Country { code: "AZ", name: "Azerbaijan", latitude: 40.3, longitude: 47.7, radius_km: 260 },
    Country { code: "BA", name: "Bosnia and Herzegovina", latitude: 44.2, longitude: 17.8, radius_km: 170 },
    Country { code: "BB", name: "Barbados", latitude: 13.2, longitude: -59.5, radius_km: 18 },
    Country { code: "BD", name: "Bangladesh", latitude: 24.0, longitude: 90.0, radius_km: 285 },
    Country { code: "BE", name: "Belgium", latitude: 50.6, longitude: 4.7, radius_km: 130 },
    Country { code: "BF", name: "Burkina Faso", latitude: 12.3, longitude: -1.7, radius_km: 395 },
    Country { code: "BG", name: "Bulgaria", latitude: 42.7, longitude: 25.2, radius_km: 245 },
    Country { code: "BH", name: "Bahrain", latitude: 26.0, longitude: 50.5, radius_km: 45 },
    Country { code: "BI", name: "Burundi", latitude: -3.4, longitude: 29.9, radius_km: 125 },
    Country { code: "BJ", name: "Benin", latitude: 9.5, longitude: 2.3, radius_km: 350 },
    Country { code: "BL", name: "Saint Barthelemy", latitude: 17.9, longitude: -62.8, radius_km: 7 },
    Country { code: "BM", name: "Bermuda", latitude: 32.3, longitude: -64.8, radius_km: 7 },
    Country { code: "BN", name: "Brunei", latitude: 4.5, longitude: 114.7, radius_km: 60 },
    Country { code: "BO", name: "Bolivia", latitude: -16.7, longitude: -64.7, radius_km: 770 },
    Country { code: "BQ", name: "Bonaire, Sint Eustatius and Saba", latitude: 12.2, longitude: -68.3, radius_km: 13 },
    Country { code: "BR", name: "Brazil", latitude: -10.8, longitude: -53.0, radius_km: 2470 },
    Country { code: "BS", name: "Bahamas", latitude: 24.7, longitude: -77.0, radius_km: 90 },
    Country { code: "BT", name: "Bhutan", latitude: 27.4, longitude: 90.4, radius_km: 145 },
    Country { code: "BV", name: "Bouvet Island", latitude: -54.4, longitude: 3.4, radius_km: 7 },
    Country { code: "BW", name: "Botswana", latitude: -22.2, longitude: 23.8, radius_km: 560 },
    Country { code: "BY", name: "Belarus", latitude: 53.5, longitude: 28.0, radius_km: 335 },
    Country { code: "BZ", name: "Belize", latitude: 17.2, longitude: -88.7, radius_km: 115 },
    Country { code: "CA", name: "Canada", latitude: 60.0, longitude: -96.0, radius_km: 3185 },
    Country { code: "CC", name: "Cocos (Keeling) Islands", latitude: -12.2, longitude: 96.8, radius_km: 14 },
    Country { code: "CD", name: "Congo (Kinshasa)", latitude: -2.9, longitude: 23.6, radius_km: 1125 },
    Country { code: "CF", name: "Central African Republic", latitude: 6.6, longitude: 20.5, radius_km: 580 },
    Country { code: "CG", name: "Congo (Brazzaville)", latitude: -0.8, longitude: 15.2, radius_km: 455 },
    Country { code: "CH", name: "Switzerland", latitude: 46.8, longitude: 8.2, radius_km: 185 },
    Country { code: "CI", name: "Ivory Coast", latitude: 7.6, longitude: -5.6, radius_km: 420 },
    Country { code: "CK", name: "Cook Islands", latitude: -21.2, longitude: -159.8, radius_km: 12 },
    Country { code: "CL", name: "Chile", latitude: -36.0, longitude: -71.5, radius_km: 2115 },
    Country { code: "CM", name: "Cameroon", latitude: 5.7, longitude: 12.7, radius_km: 510 },
    Country { code: "CN", name: "China", latitude: 36.0, longitude: 104.0, radius_km: 2750 },
    Country { code: "CO", name: "Colombia", latitude: 3.9, longitude: -73.1, radius_km: 785 },
    Country { code: "CR", name: "Costa Rica", latitude: 10.0, longitude: -84.2, radius_km: 220 },
    Country { code: "CU", name: "Cuba", latitude: 21.6, longitude: -79.0, radius_km: 400 },
    Country { code: "CV", name: "Cape Verde", latitude: 15.1, longitude: -23.6, radius_km: 47 },
    Country { code: "CW", name: "Curacao", latitude: 12.2, longitude: -69.0, radius_km: 16 },
    Country { code: "CX", name: "Christmas Island", latitude: -10.5, longitude: 105.6, radius_km: 17 },
    Country { code: "CY", name: "Cyprus", latitude: 35.0, longitude: 33.2, radius_km: 75 },
    Country { code: "CZ", name: "Czechia", latitude: 49.7, longitude: 15.3, radius_km: 210 },
    Country { code: "DE", name: "Germany", latitude: 51.1, longitude: 10.4, radius_km: 440 },
    Country { code: "DJ", name: "Djibouti", latitude: 11.7, longitude: 42.6, radius_km: 200 },
    Country { code: "DK", name: "Denmark", latitude: 56.0, longitude: 10.0, radius_km: 220 },
    Country { code: "DM", name: "Dominica", latitude: 15.4, longitude: -61.4, radius_km: 20 },
    Country { code: "DO", name: "Dominican Republic", latitude: 18.9, longitude: -70.5, radius_km: 165 },
    Country { code: "DZ", name: "Algeria", latitude: 28.2, longitude: 2.6, radius_km: 1220 },
    Country { code: "EC", name: "Ecuador", latitude: -1.4, longitude: -78.5, radius_km: 390 },
    Country { code: "EE", name: "Estonia", latitude: 58.7, longitude: 25.5, radius_km: 160 },
    Country { code: "EG", name: "Egypt", latitude: 26.5, longitude: 29.9, radius_km: 735 },
    Country { code: "EH", name: "Western Sahara", latitude: 24.2, longitude: -13.0, radius_km: 470 },
    Country { code: "ER", name: "Eritrea", latitude: 15.4, longitude: 38.8, radius_km: 405 },
    Country { code: "ES", name: "Spain", latitude: 40.2, longitude: -3.6, radius_km: 1780 },
    Country { code: "ET", name: "Ethiopia", latitude: 8.6, longitude: 39.6, radius_km: 775 },
    Country { code: "FI", name: "Finland", latitude: 64.5, longitude: 26.3, radius_km: 505 },
    Country { code: "FJ", name: "Fiji", latitude: -17.8, longitude: 178.0, radius_km: 100 },
    Country { code: "FK", name: "Falkland Islands", latitude: -51.7, longitude: -59.4, radius_km: 115 },
    Country { code: "FM", name: "Micronesia", latitude: 6.9, longitude: 158.2, radius_km: 735 },
    Country { code: "FO", name: "Faroe Islands", latitude: 62.0, longitude: -6.9, radius_km: 28 },
    Country { code: "FR", name: "France", latitude: 46.5, longitude: 2.5, radius_km: 545 },
    Country { code: "GA", name: "Gabon", latitude: -0.6, longitude: 11.8, radius_km: 380 },
    Country { code: "GB", name: "United Kingdom", latitude: 54.0, longitude: -2.5, radius_km: 365 },
    Country { code: "GD", name: "Grenada", latitude: 12.1, longitude: -61.7, radius_km: 13 },
    Country { code: "GE", name: "Georgia", latitude: 42.2, longitude: 43.5, radius_km: 195 },
    Country { code: "GF", name: "French Guiana", latitude: 3.9, longitude: -53.1, radius_km: 215 },
    Country { code: "GG", name: "Guernsey", latitude: 49.5, longitude: -2.6, radius_km: 8 },
    Country { code: "GH", name: "Ghana", latitude: 7.9, longitude: -1.2, radius_km: 360 },
    Country { code: "GI", name: "Gibraltar", latitude: 36.1, longitude: -5.4, radius_km: 7 },
    Country { code: "GL", name: "Greenland", latitude: 74.5, longitude: -41.5, radius_km: 1250 },
    Country { code: "GM", name: "Gambia", latitude: 13.4, longitude: -15.4, radius_km: 140 },
    Country { code: "GN", name: "Guinea", latitude: 10.4, longitude: -10.9, radius_km: 365 },
    Country { code: "GP", name: "Guadeloupe", latitude: 16.2, longitude: -61.5, radius_km: 30 },
    Country { code: "GQ", name: "Equatorial Guinea", latitude: 1.7, longitude: 10.3, radius_km: 295 },
    Country { code: "GR", name: "Greece", latitude: 39.0, longitude: 22.8, radius_km: 270 },
    Country { code: "GS", name: "South Georgia", latitude: -54.5, longitude: -36.5, radius_km: 46 },
    Country { code: "GT", name: "Guatemala", latitude: 15.7, longitude: -90.4, radius_km: 245 },
    Country { code: "GU", name: "Guam", latitude: 13.4, longitude: 144.8, radius_km: 17 },
    Country { code: "GW", name: "Guinea-Bissau", latitude: 12.0, longitude: -14.9, radius_km: 140 },
    Country { code: "GY", name: "Guyana", latitude: 4.8, longitude: -58.9, radius_km: 345 },
    Country { code: "HK", name: "Hong Kong", latitude: 22.4, longitude: 114.1, radius_km: 25 },
    Country { code: "HM", name: "Heard and McDonald Islands", latitude: -53.1, longitude: 73.5, radius_km: 15 },
    Country { code: "HN", name: "Honduras", latitude: 14.8, longitude: -86.6, radius_km: 250 },
    Country { code: "HR", name: "Croatia", latitude: 45.1, longitude: 16.4, radius_km: 230 },
    Country { code: "HT", name: "Haiti", latitude: 18.9, longitude: -72.7, radius_km: 125 },
    Country { code: "HU", name: "Hungary", latitude: 47.2, longitude: 19.4, radius_km: 285 },
    Country { code: "ID", name: "Indonesia", latitude: -2.2, longitude: 117.3, radius_km: 2680 },
    Country { code: "IE", name: "Ireland", latitude: 53.2, longitude: -8.1, radius_km: 195 },
    Country { code: "IL", name: "Israel", latitude: 31.5, longitude: 35.0, radius_km: 180 },
    Country { code: "IM", name: "Isle of Man", latitude: 54.2, longitude: -4.5, radius_km: 17 },
    Country { code: "IN", name: "India", latitude: 22.9, longitude: 79.6, radius_km: 1505 },
    Country { code: "IO", name: "British Indian Ocean Territory", latitude: -7.3, longitude: 72.4, radius_km: 7 },
    Country { code: "IQ", name: "Iraq", latitude: 33.0, longitude: 43.7, radius_km: 490 },
    Country { code: "IR", name: "Iran", latitude: 32.6, longitude: 54.3, radius_km: 1060 },
    Country { code: "IS", name: "Iceland", latitude: 65.0, longitude: -18.6, radius_km: 240 },
    Country { code: "IT", name: "Italy", latitude: 42.8, longitude: 12.1, radius_km: 775 },
    Country { code: "JE", name: "Jersey", latitude: 49.2, longitude: -2.1, radius_km: 8 },
    Country { code: "JM", name: "Jamaica", latitude: 18.2, longitude: -77.3, radius_km: 80 },
    Country { code: "JO", name: "Jordan", latitude: 31.2, longitude: 36.8, radius_km: 220 },
    Country { code: "JP", name: "Japan", latitude: 37.6, longitude: 138.0, radius_km: 610 },
    Country { code: "KE", name: "Kenya", latitude: 0.6, longitude: 37.8, radius_km: 560 },
    Country { code: "KG", name: "Kyrgyzstan", latitude: 41.5, longitude: 74.6, radius_km: 370 },
    Country { code: "KH", name: "Cambodia", latitude: 12.7, longitude: 104.9, radius_km: 315 },
    Country { code: "KI", name: "Kiribati", latitude: 1.9, longitude: -157.4, radius_km: 3390 },
    Country { code: "KM", name: "Comoros", latitude: -11.9, longitude: 43.7, radius_km: 55 },
    Country { code: "KN", name: "Saint Kitts and Nevis", latitude: 17.3, longitude: -62.7, radius_km: 12 },
    Country { code: "KP", name: "North Korea", latitude: 40.2, longitude: 127.2, radius_km: 255 },
    Country { code: "KR", name: "South Korea", latitude: 36.4, longitude: 127.8, radius_km: 315 },
    Country { code: "KW", name: "Kuwait", latitude: 29.3, longitude: 47.6, radius_km: 100 },
    Country { code: "KY", name: "Cayman Islands", latitude: 19.4, longitude: -80.9, radius_km: 55 },
    Country { code: "KZ", name: "Kazakhstan", latitude: 48.2, longitude: 67.3, radius_km: 1410 },
    Country { code: "LA", name: "Laos", latitude: 18.5, longitude: 103.7, radius_km: 360 },
    Country { code: "LB", name: "Lebanon", latitude: 33.9, longitude: 35.9, radius_km: 115 },
    Country { code: "LC", name: "Saint Lucia", latitude: 13.9, longitude: -61.0, radius_km: 19 },
    Country { code: "LI", name: "Liechtenstein", latitude: 47.1, longitude: 9.5, radius_km: 12 },
    Country { code: "LK", name: "Sri Lanka", latitude: 7.6, longitude: 80.7, radius_km: 215 },
    Country { code: "LR", name: "Liberia", latitude: 6.5, longitude: -9.3, radius_km: 245 },
    Country { code: "LS", name: "Lesotho", latitude: -29.6, longitude: 28.2, radius_km: 130 },
    Country { code: "LT", name: "Lithuania", latitude: 55.3, longitude: 23.9, radius_km: 190 },
    Country { code: "LU", name: "Luxembourg", latitude: 49.8, longitude: 6.1, radius_km: 38 },
    Country { code: "LV", name: "Latvia", latitude: 56.9, longitude: 24.9, radius_km: 190 },
    Country { code: "LY", name: "Libya", latitude: 27.0, longitude: 18.0, radius_km: 975 },
    Country { code: "MA", name: "Morocco", latitude: 31.8, longitude: -7.0, radius_km: 570 },
    Country { code: "MC", name: "Monaco", latitude: 43.7, longitude: 7.4, radius_km: 7 },
    Country { code: "MD", name: "Moldova", latitude: 47.2, longitude: 28.5, radius_km: 140 },
    Country { code: "ME", name: "Montenegro", latitude: 42.8, longitude: 19.2, radius_km: 115 },
    Country { code: "MF", name: "Saint Martin", latitude: 18.1, longitude: -63.1, radius_km: 7 },
    Country { code: "MG", name: "Madagascar", latitude: -19.4, longitude: 46.7, radius_km: 565 },
    Country { code: "MH", name: "Marshall Islands", latitude: 7.1, longitude: 171.0, radius_km: 475 },
    Country { code: "MK", name: "North Macedonia", latitude: 41.6, longitude: 21.7, radius_km: 120 },
    Country { code: "ML", name: "Mali", latitude: 17.3, longitude: -3.5, radius_km: 880 },
    Country { code: "MM", name: "Myanmar", latitude: 21.2, longitude: 96.5, radius_km: 605 },
    Country { code: "MN", name: "Mongolia", latitude: 46.8, longitude: 103.1, radius_km: 920 },
    Country { code: "MO", name: "Macao", latitude: 22.2, longitude: 113.5, radius_km: 7 },
    Country { code: "MP", name: "Northern Mariana Islands", latitude: 15.2, longitude: 145.7, radius_km: 16 },
    Country { code: "MQ", name: "Martinique", latitude: 14.7, longitude: -61.0, radius_km: 25 },
    Country { code: "MR", name: "Mauritania", latitude: 20.3, longitude: -10.3, radius_km: 745 },
    Country { code: "MS", name: "Montserrat", latitude: 16.7, longitude: -62.2, radius_km: 8 },
    Country { code: "MT", name: "Malta", latitude: 35.9, longitude: 14.4, radius_km: 25 },
    Country { code: "MU", name: "Mauritius", latitude: -20.3, longitude: 57.6, radius_km: 33 },
    Country { code: "MV", name: "Maldives", latitude: 3.7, longitude: 73.2, radius_km: 65 },
    Country { code: "MW", name: "Malawi", latitude: -13.2, longitude: 34.3, radius_km: 310 },
    Country { code: "MX", name: "Mexico", latitude: 23.9, longitude: -102.5, radius_km: 1765 },
    Country { code: "MY", name: "Malaysia", latitude: 3.8, longitude: 109.7, radius_km: 1010 },
    Country { code: "MZ", name: "Mozambique", latitude: -17.3, longitude: 35.5, radius_km: 1040 },
    Country { code: "NA", name: "Namibia", latitude: -22.1, longitude: 17.2, radius_km: 760 },
    Country { code: "NC", name: "New Caledonia", latitude: -21.3, longitude: 165.7, radius_km: 140 },
    Country { code: "NE", name: "Niger", latitude: 17.4, longitude: 9.4, radius_km: 940 },
    Country { code: "NF", name: "Norfolk Island", latitude: -29.0, longitude: 168.0, radius_km: 7 },
    Country { code: "NG", name: "Nigeria", latitude: 9.6, longitude: 8.1, radius_km: 705 },
    Country { code: "NI", name: "Nicaragua", latitude: 12.8, longitude: -85.0, radius_km: 270 },
    Country { code: "NL", name: "Netherlands", latitude: 52.1, longitude: 5.3, radius_km: 150 },
    Country { code: "NO", name: "Norway", latitude: 64.5, longitude: 13.0, radius_km: 540 },
    Country { code: "NP", name: "Nepal", latitude: 28.2, longitude: 84.0, radius_km: 285 },
    Country { code: "NR", name: "Nauru", latitude: -0.5, longitude: 166.9, radius_km: 7 },
    Country { code: "NU", name: "Niue", latitude: -19.1, longitude: -169.9, radius_km: 12 },
    Country { code: "NZ", name: "New Zealand", latitude: -41.8, longitude: 172.5, radius_km: 600 },
    Country { code: "OM", name: "Oman", latitude: 20.6, longitude: 56.1, radius_km: 470 },
    Country { code: "PA", name: "Panama", latitude: 8.5, longitude: -80.1, radius_km: 265 },
    Country { code: "PE", name: "Peru", latitude: -9.2, longitude: -74.4, radius_km: 900 },
    Country { code: "PF", name: "French Polynesia", latitude: -17.7, longitude: -149.4, radius_km: 1670 },
    Country { code: "PG", name: "Papua New Guinea", latitude: -6.5, longitude: 145.2, radius_km: 1185 },
    Country { code: "PH", name: "Philippines", latitude: 11.8, longitude: 122.9, radius_km: 405 },
    Country { code: "PK", name: "Pakistan", latitude: 30.0, longitude: 69.4, radius_km: 690 },
    Country { code: "PL", name: "Poland", latitude: 52.1, longitude: 19.4, radius_km: 410 },
    Country { code: "PM", name: "Saint Pierre and Miquelon", latitude: 46.9, longitude: -56.3, radius_km: 18 },
    Country { code: "PN", name: "Pitcairn", latitude: -25.1, longitude: -130.1, radius_km: 7 },
    Country { code: "PR", name: "Puerto Rico", latitude: 18.2, longitude: -66.5, radius_km: 75 },
    Country { code: "PS", name: "Palestine", latitude: 31.9, longitude: 35.2, radius_km: 85 },
    Country { code: "PT", name: "Portugal", latitude: 39.6, longitude: -8.5, radius_km: 1550 },
    Country { code: "PW", name: "Palau", latitude: 7.5, longitude: 134.6, radius_km: 24 },
    Country { code: "PY", name: "Paraguay", latitude: -23.2, longitude: -58.4, radius_km: 665 },
    Country { code: "QA", name: "Qatar", latitude: 25.3, longitude: 51.2, radius_km: 90 },
    Country { code: "RE", name: "Reunion", latitude: -21.1, longitude: 55.5, radius_km: 37 },
    Country { code: "RO", name: "Romania", latitude: 45.9, longitude: 25.0, radius_km: 360 },
    Country { code: "RS", name: "Serbia", latitude: 44.2, longitude: 20.8, radius_km: 205 },
    Country { code: "RU", name: "Russia", latitude: 62.0, longitude: 97.0, radius_km: 4395 },
    Country { code: "RW", name: "Rwanda", latitude: -2.0, longitude: 29.9, radius_km: 120 },
    Country { code: "SA", name: "Saudi Arabia", latitude: 24.1, longitude: 44.5, radius_km: 1080 },
    Country { code: "SB", name: "Solomon Islands", latitude: -9.0, longitude: 160.0, radius_km: 125 },
    Country { code: "SC", name: "Seychelles", latitude: -4.7, longitude: 55.5, radius_km: 16 },
    Country { code: "SD", name: "Sudan", latitude: 16.0, longitude: 30.0, radius_km: 1005 },
    Country { code: "SE", name: "Sweden", latitude: 62.8, longitude: 16.7, radius_km: 635 },
    Country { code: "SG", name: "Singapore", latitude: 1.4, longitude: 103.8, radius_km: 20 },
    Country { code: "SH", name: "Saint Helena", latitude: -16.0, longitude: -5.7, radius_km: 15 },
    Country { code: "SI", name: "Slovenia", latitude: 46.1, longitude: 14.8, radius_km: 120 },
    Country { code: "SJ", name: "Svalbard and Jan Mayen", latitude: 78.8, longitude: 18.4, radius_km: 185 },
    Country { code: "SK", name: "Slovakia", latitude: 48.7, longitude: 19.5, radius_km: 210 },
    Country { code: "SL", name: "Sierra Leone", latitude: 8.6, longitude: -11.8, radius_km: 200 },
    Country { code: "SM", name: "San Marino", latitude: 43.9, longitude: 12.5, radius_km: 7 },
    Country { code: "SN", name: "Senegal", latitude: 14.4, longitude: -14.5, radius_km: 355 },
    Country { code: "SO", name: "Somalia", latitude: 4.8, longitude: 45.7, radius_km: 650 },
    Country { code: "SR", name: "Suriname", latitude: 4.1, longitude: -55.9, radius_km: 300 },
    Country { code: "SS", name: "South Sudan", latitude: 7.3, longitude: 30.2, radius_km: 580 },
    Country { code: "ST", name: "Sao Tome and Principe", latitude: 0.4, longitude: 6.7, radius_km: 24 },
    Country { code: "SV", name: "El Salvador", latitude: 13.7, longitude: -88.9, radius_km: 110 },
    Country { code: "SX", name: "Sint Maarten", latitude: 18.0, longitude: -63.1, radius_km: 9 },
    Country { code: "SY", name: "Syria", latitude: 35.0, longitude: 38.5, radius_km: 335 },
    Country { code: "SZ", name: "Eswatini", latitude: -26.6, longitude: 31.5, radius_km: 100 },
    Country { code: "TC", name: "Turks and Caicos Islands", latitude: 21.8, longitude: -71.8, radius_km: 85 },
    Country { code: "TD", name: "Chad", latitude: 15.3, longitude: 18.6, radius_km: 835 },
    Country { code: "TF", name: "French Southern Territories", latitude: -49.3, longitude: 69.5, radius_km: 65 },
    Country { code: "TG", name: "Togo", latitude: 8.5, longitude: 1.0, radius_km: 275 },
    Country { code: "TH", name: "Thailand", latitude: 15.1, longitude: 101.0, radius_km: 580 },
    Country { code: "TJ", name: "Tajikistan", latitude: 38.5, longitude: 71.0, radius_km: 280 },
    Country { code: "TK", name: "Tokelau", latitude: -9.2, longitude: -171.8, radius_km: 70 },
    Country { code: "TL", name: "Timor-Leste", latitude: -8.8, longitude: 125.9, radius_km: 90 },
    Country { code: "TM", name: "Turkmenistan", latitude: 39.1, longitude: 59.4, radius_km: 515 },
    Country { code: "TN", name: "Tunisia", latitude: 34.1, longitude: 9.6, radius_km: 315 },
    Country { code: "TO", name: "Tonga", latitude: -21.2, longitude: -175.2, radius_km: 20 },
    Country { code: "TR", name: "Turkey", latitude: 39.1, longitude: 35.2, radius_km: 830 },
    Country { code: "TT", name: "Trinidad and Tobago", latitude: 10.5, longitude: -61.3, radius_km: 55 },
    Country { code: "TV", name: "Tuvalu", latitude: -8.5, longitude: 179.2, radius_km: 7 },
    Country { code: "TW", name: "Taiwan", latitude: 23.8, longitude: 121.0, radius_km: 155 },
    Country { code: "TZ", name: "Tanzania", latitude: -6.3, longitude: 34.8, radius_km: 715 },
    Country { code: "UA", name: "Ukraine", latitude: 49.0, longitude: 31.4, radius_km: 665 },
    Country { code: "UG", name: "Uganda", latitude: 1.3, longitude: 32.4, radius_km: 365 },
    Country { code: "UM", name: "United States Minor Outlying Islands", latitude: 19.3, longitude: 166.6, radius_km: 7 },
    Country { code: "US", name: "United States", latitude: 39.8, longitude: -98.6, radius_km: 2650 },
    Country { code: "UY", name: "Uruguay", latitude: -32.8, longitude: -56.0, radius_km: 440 },
    Country { code: "UZ", name: "Uzbekistan", latitude: 41.8, longitude: 63.1, radius_km: 600 },
    Country { code: "VA", name: "Vatican City", latitude: 41.9, longitude: 12.5, radius_km: 7 },
    Country { code: "VC", name: "Saint Vincent and the Grenadines", latitude: 13.2, longitude: -61.2, radius_km: 15 },
    Country { code: "VE", name: "Venezuela", latitude: 7.1, longitude: -66.2, radius_km: 705 },
    Country { code: "VG", name: "British Virgin Islands", latitude: 18.4, longitude: -64.5, radius_km: 14 },
    Country { code: "VI", name: "United States Virgin Islands", latitude: 18.0, longitude: -64.8, radius_km: 43 },
    Country { code: "VN", name: "Vietnam", latitude: 16.6, longitude: 106.3, radius_km: 675 },
    Country { code: "VU", name: "Vanuatu", latitude: -16.2, longitude: 167.7, radius_km: 190 },
    Country { code: "WF", name: "Wallis and Futuna", latitude: -13.3, longitude: -176.2, radius_km: 10 },
    Country { code: "WS", name: "Samoa", latitude: -13.8, longitude: -172.2, radius_km: 55 },
    Country { code: "XK", name: "Kosovo", latitude: 42.6, longitude: 20.9, radius_km: 80 },
    Country { code: "YE", name: "Yemen", latitude: 15.9, longitude: 47.6, radius_km: 580 },
    Country { code: "YT", name: "Mayotte", latitude: -12.8, longitude: 45.1, radius_km: 16 },
    Country { code: "ZA", name: "South Africa", latitude: -29.0, longitude: 25.1, radius_km: 810 },
    Country { code: "ZM", name: "Zambia", latitude: -13.5, longitude: 27.8, radius_km: 725 },
    Country { code: "ZW", name: "Zimbabwe", latitude: -19.0, longitude: 29.9, radius_km: 460 },
];

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;

    #[test]
    fn every_country_is_found_and_is_on_the_globe() {
        assert!(COUNTRIES.is_sorted_by(|one, other| one.code < other.code));
        for known in COUNTRIES {
            assert_eq!(country(&known.code.to_lowercase()), Some(&known));
            assert_eq!(country_code(known.name), Some(known.code));
            assert!(known.latitude.abs() <= 90.0 && known.longitude.abs() <= 180.0, "{known:?}");
        }
        assert_eq!(country_code("Atlantis"), None);
    }

    /// Who crosses a border, or a strait that is crossed daily, has not travelled as far as anybody knows.
    #[test]
    fn circles_of_neighbours_meet_and_those_of_strangers_do_not() {
        let place = |code: &str| {
            let known = country(code).unwrap_or_else(|| panic!("{code}"));
            Place {
                latitude: Some(known.latitude),
                longitude: Some(known.longitude),
                accuracy_km: Some(known.radius_km.into()),
                ..Place::default()
            }
        };
        let apart_km = |one: &str, other: &str| {
            let (distance, off) = place(one).distance_km(&place(other)).unwrap();
            distance - off
        };
        let mut pairs = 0;
        for (one, others) in NEIGHBOURS.split(' ').map(|entry| entry.split_once('-').unwrap()) {
            for other in others.split(',') {
                pairs += 1;
                assert!(apart_km(one, other) <= 0.0, "{one} {other}: {}", apart_km(one, other));
            }
        }
        assert!(pairs > 300, "{pairs}");
        for (one, other) in
            [("DE", "US"), ("DE", "CN"), ("DE", "NG"), ("GB", "IN"), ("US", "CN"), ("FR", "BR"), ("JP", "ZA")]
        {
            assert!(apart_km(one, other) > 2_000.0, "{one} {other}: {}", apart_km(one, other));
        }
    }

    const NEIGHBOURS: &str = "AD-ES,FR AE-OM,SA,QA AF-IR,PK,TM,UZ,TJ,CN AL-ME,XK,MK,GR AM-GE,AZ,IR,TR AO-CD,CG,NA,ZM \
         AR-BO,BR,CL,PY,UY AT-DE,CZ,SK,HU,SI,IT,CH,LI AZ-GE,IR,RU,TR BA-HR,ME,RS BD-IN,MM BE-DE,FR,LU,NL \
         BF-BJ,CI,GH,ML,NE,TG BG-GR,MK,RO,RS,TR BH-SA BI-CD,RW,TZ BJ-NE,NG,TG BN-MY BO-BR,CL,PE,PY \
         BR-CO,GF,GY,PE,PY,SR,UY,VE BT-CN,IN BW-NA,ZA,ZM,ZW BY-LT,LV,PL,RU,UA BZ-GT,MX CA-US \
         CD-CF,CG,RW,SS,TZ,UG,ZM CF-CG,CM,SD,SS,TD CG-CM,GA CH-DE,FR,IT,LI CI-GH,GN,LR,ML CL-PE \
         CM-GA,GQ,NG,TD CN-HK,IN,KG,KP,KZ,LA,MM,MN,MO,NP,PK,RU,TJ,VN CO-EC,PA,PE,VE CR-NI,PA CZ-DE,PL,SK \
         DE-DK,FR,LU,NL,PL DK-SE DJ-ER,ET,SO DO-HT DZ-EH,LY,MA,ML,MR,NE,TN EC-PE EE-FI,LV,RU EG-IL,LY,PS,SD \
         EH-MA,MR ER-ET,SD ES-FR,GI,MA,PT ET-KE,SD,SO,SS FI-NO,RU,SE FR-GB,IT,LU,MC GA-GQ GB-IE GE-RU,TR \
         GF-SR GH-TG GM-SN GN-GW,LR,ML,SL,SN GR-MK,TR GT-HN,MX,SV GW-SN GY-SR,VE HN-NI,SV HR-HU,ME,RS,SI \
         HU-RO,RS,SI,SK,UA ID-MY,PG,SG,TL IL-JO,LB,PS,SY IN-LK,MM,NP,PK IQ-IR,JO,KW,SA,SY,TR IR-PK,TM,TR \
         IT-MT,SI,SM,VA JO-PS,SA,SY JP-KR KE-SO,SS,TZ,UG KG-KZ,TJ,UZ KH-LA,TH,VN KP-KR,RU KW-SA KZ-RU,TM,UZ \
         LA-MM,TH,VN LB-SY LR-SL LS-ZA LT-LV,PL,RU LV-RU LY-NE,SD,TD,TN MD-RO,UA ME-RS,XK MK-RS,XK \
         ML-MR,NE,SN MM-TH MN-RU MR-SN MW-MZ,TZ,ZM MY-SG,TH MZ-SZ,TZ,ZA,ZM,ZW NA-ZA,ZM NE-NG,TD NG-TD \
         NO-RU,SE OM-SA,YE PL-RU,SK,UA PT-MA PY-UY QA-SA RO-RS,UA RS-XK RU-UA RW-TZ,UG SA-YE SD-SS,TD SK-UA \
         SS-UG SZ-ZA TJ-UZ TM-UZ TR-SY TZ-UG,ZM US-MX ZA-ZW ZM-ZW";
}
