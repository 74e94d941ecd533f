//! What is known of an entity, in the words of enrichments.

use std::net::IpAddr;

use sentra_model::{Enrichment, EnrichmentStage, EntityRef, EntityType, Timestamp};

use crate::assets::{Asset, AssetAttribute, TIER_DEFAULT};
use crate::enricher::Enricher;
use crate::identity::{IdentityAttribute, IdentityStatus, Privilege};
use crate::moment::day;
use crate::networks::ZoneKind;
use crate::places::Place;
use crate::source::SourceInfo;

/// Law LIMIT: static enrichments of one signal.
pub const STATIC_ENRICHMENTS_MAX: usize = 256;
/// How far a name is trusted that a machine gave itself.
const SELF_NAMED_CONFIDENCE: f64 = 0.5;

/// Statements about the entities of one signal.
pub(crate) struct Statements {
    /// As of when.
    time: Timestamp,
    list: Vec<Enrichment>,
}

impl Statements {
    pub(crate) fn new(time: Timestamp) -> Self {
        Self { time, list: Vec::new() }
    }

    pub(crate) fn about(&mut self, entity: &EntityRef, known: &Enricher) {
        match entity.entity_type {
            EntityType::User => self.user(entity, known),
            EntityType::Host => match entity.value.parse::<IpAddr>() {
                Ok(address) => self.address(entity, address, known),
                Err(_) => {
                    if let Some(asset) = known.asset(&entity.value) {
                        self.asset(entity, asset);
                    }
                }
            },
            EntityType::Ip => {
                if let Ok(address) = entity.value.parse() {
                    self.address(entity, address, known);
                }
            }
            _ => {}
        }
    }

    fn say(&mut self, entity: &EntityRef, name: &str, value: String, source: &str, version: String) {
        if value.is_empty() || self.list.len() >= STATIC_ENRICHMENTS_MAX {
            return;
        }
        self.list.push(Enrichment {
            stage: EnrichmentStage::Static,
            entity: Some(entity.clone()),
            name: name.to_owned(),
            value,
            source: source.to_owned(),
            version,
            confidence: None,
        });
    }

    fn user(&mut self, entity: &EntityRef, known: &Enricher) {
        self.account(entity, known);
        let Some(person) = known.identity(&entity.value) else { return };
        for attribute in IdentityAttribute::ALL {
            let Some(claim) = person.claim(*attribute) else { continue };
            let value = match attribute {
                IdentityAttribute::Status => match person.status_at(self.time) {
                    (IdentityStatus::Active, _) => continue,
                    (status, Some(since)) => format!("{} since {since}", status.as_str()),
                    (status, None) => status.as_str().to_owned(),
                },
                IdentityAttribute::Privilege if person.privilege() == Privilege::Standard => continue,
                // Said below, also where it is made of department and title.
                IdentityAttribute::Peers => continue,
                _ => claim.value.to_string(),
            };
            self.say(entity, attribute.as_str(), value, &claim.source.name, claim.version());
        }
        let basis =
            person.claim(IdentityAttribute::Peers).or_else(|| person.claim(IdentityAttribute::Department));
        if let (Some(peers), Some(basis)) = (person.peers(), basis) {
            self.say(entity, IdentityAttribute::Peers.as_str(), peers, &basis.source.name, basis.version());
        }
        if person.devices_total() > 0 {
            let source = person
                .claim(IdentityAttribute::DisplayName)
                .or_else(|| IdentityAttribute::ALL.iter().find_map(|attribute| person.claim(*attribute)));
            if let Some(source) = source {
                let total = person.devices_total().to_string();
                self.say(entity, "managed_devices", total, &source.source.name, source.version());
            }
        }
    }

    /// What happened to the account itself, up to the time of the signal.
    fn account(&mut self, entity: &EntityRef, known: &Enricher) {
        let Some(life) = known.identities().account_life(&entity.value) else { return };
        let points = [
            ("account_created", life.created),
            ("account_deleted", life.deleted_since()),
            ("account_disabled", life.disabled_since()),
            ("account_locked", life.locked_since()),
        ];
        for (name, point) in points {
            let Some(point) = point.filter(|point| *point <= self.time) else { continue };
            let source = known.identities().source_of_life(&entity.value, point);
            self.say(entity, name, point.to_string(), &source, day(point));
        }
    }

    fn asset(&mut self, entity: &EntityRef, asset: &Asset) {
        for attribute in AssetAttribute::ALL {
            match asset.claim(*attribute) {
                Some(claim) => {
                    let value = claim.value.to_string();
                    self.say(entity, attribute.as_str(), value, &claim.source.name, claim.version());
                }
                None if *attribute == AssetAttribute::Tier && asset.tier() != TIER_DEFAULT => {
                    let tier = asset.tier().to_string();
                    self.say(entity, attribute.as_str(), tier, "rules:asset-role", "1".to_owned());
                }
                None => {}
            }
        }
    }

    fn address(&mut self, entity: &EntityRef, address: IpAddr, known: &Enricher) {
        let zone = known.networks().zone(address);
        let SourceInfo { name: source, version, .. } = &*zone.source;
        self.say(entity, "zone_kind", zone.kind.as_str().to_owned(), source, version.clone());
        // The name of what everybody has says no more than its kind.
        if zone.source.priority > 0 {
            self.say(entity, "zone", zone.name.to_string(), source, version.clone());
            for (name, value) in [("site", &zone.site), ("segment", &zone.segment)] {
                if let Some(value) = value {
                    self.say(entity, name, value.to_string(), source, version.clone());
                }
            }
        }
        if let Some(found) = known.host_at(address, self.time) {
            let version = match found.source.version.as_str() {
                "" => day(found.as_of),
                version => version.to_owned(),
            };
            self.say(entity, "host", found.host.to_owned(), &found.source.name, version);
            if found.is_self_named {
                if let Some(said) = self.list.last_mut() {
                    said.confidence = Some(SELF_NAMED_CONFIDENCE);
                }
            } else if let Some(asset) = found.asset {
                self.asset(entity, asset);
            }
        }
        if zone.kind == ZoneKind::External
            && let Some(place) = known.places().place(address)
        {
            self.place(entity, &place);
        }
    }

    fn place(&mut self, entity: &EntityRef, place: &Place) {
        if let Some(source) = &place.place_source {
            let mut say = |name: &str, value: Option<String>| {
                if let Some(value) = value {
                    self.say(entity, name, value, &source.name, source.version.clone());
                }
            };
            say("country", place.country.as_deref().map(str::to_owned));
            say("country_name", place.country_name.as_deref().map(str::to_owned));
            say("region", place.region.as_deref().map(str::to_owned));
            say("city", place.city.as_deref().map(str::to_owned));
            say("network", place.network.map(|network| network.to_string()));
            say("coordinates", coordinates(place));
        }
        if let Some(source) = &place.asn_source {
            let number = place.asn.map(|asn| format!("AS{asn}")).unwrap_or_default();
            self.say(entity, "asn", number, &source.name, source.version.clone());
            let organisation = place.organisation.as_deref().unwrap_or_default().to_owned();
            self.say(entity, "organisation", organisation, &source.name, source.version.clone());
        }
    }

    /// Adds the statements; one that is there already (of the entity, by that name) is renewed in its place.
    pub(crate) fn put_on(self, enrichments: &mut Vec<Enrichment>) {
        for new in self.list {
            let key = |enrichment: &Enrichment| enrichment.entity.as_ref().map(EntityRef::key);
            let known = enrichments.iter_mut().find(|known| {
                known.stage == EnrichmentStage::Static && known.name == new.name && key(known) == key(&new)
            });
            match known {
                Some(known) => {
                    let entity = known.entity.take();
                    *known = Enrichment { entity, ..new };
                }
                None => enrichments.push(new),
            }
        }
    }
}

/// `52.52,13.41 within 20 km`.
fn coordinates(place: &Place) -> Option<String> {
    let (latitude, longitude) = (place.latitude?, place.longitude?);
    Some(match place.accuracy_km {
        Some(km) => format!("{latitude:.2},{longitude:.2} within {km} km"),
        None => format!("{latitude:.2},{longitude:.2}"),
    })
}
