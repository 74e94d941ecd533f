use std::net::IpAddr;
use std::sync::Arc;

use sentra_model::{EventBatch, Signal, TenantId, Timestamp};

use crate::assets::{Asset, Assets, HostAtAddress};
use crate::claims::Contradictions;
use crate::identity::{Identities, Identity, StateRow};
use crate::networks::{Networks, Zone};
use crate::places::{Place, Places};
use crate::problem::Problem;
use crate::source::{EnrichSources, FileSource, SourceContent};
use crate::statements::Statements;
use crate::subject::ENTITIES_PER_SIGNAL_MAX;

/// Everything that is known of one tenant's entities without having watched them: identities, assets, networks,
/// places. Law TENANT: events and signals of other tenants are left alone.
#[derive(Debug, Clone)]
pub struct Enricher {
    tenant: TenantId,
    identities: Identities,
    assets: Assets,
    networks: Arc<Networks>,
    places: Arc<Places>,
}

impl Enricher {
    /// An enricher that knows nothing but the networks that everybody has.
    #[must_use]
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            identities: Identities::default(),
            assets: Assets::default(),
            networks: Arc::new(Networks::new()),
            places: Arc::new(Places::new()),
        }
    }

    /// An enricher of everything that `sources` name. `read` gives a file's content by its path; what cannot be read
    /// or understood is a problem, and the rest is used.
    ///
    /// Databases of places are large and the same for all: with `places` they are taken from there and not read.
    pub fn load(
        tenant: TenantId,
        sources: &EnrichSources,
        places: Option<Arc<Places>>,
        mut read: impl FnMut(&str) -> Result<SourceContent, String>,
    ) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut identities = Identities::new(sources.privilege.clone(), sources.events);
        let mut assets = Assets::new(sources.events);
        let mut networks = Networks::new();
        let mut each =
            |files: &[FileSource], take: &mut dyn FnMut(&FileSource, &SourceContent) -> Vec<Problem>| {
                // Of an account or address that two claim the one that is read first keeps it.
                let mut files: Vec<&FileSource> = files.iter().collect();
                files.sort_by_key(|file| std::cmp::Reverse(file.priority));
                for file in files {
                    match read(&file.path) {
                        Ok(content) => problems.extend(take(file, &content)),
                        Err(what) => {
                            let what = match &file.directory {
                                Some(directory) => format!("{} was not read yet: {what}", directory.url),
                                None => what,
                            };
                            problems.push(Problem { source: file.path.clone(), line: 0, what });
                        }
                    }
                }
            };
        each(&sources.identities, &mut |file, content| identities.import(file, content));
        each(&sources.assets, &mut |file, content| assets.import(file, content));
        each(&sources.networks, &mut |file, content| networks.import(file, content));
        let places = places.unwrap_or_else(|| {
            let mut places = Places::new();
            for file in &sources.places {
                let added = read(&file.path)
                    .map_err(|what| Problem { source: file.path.clone(), line: 0, what })
                    .and_then(|content| places.add(file, content.bytes));
                problems.extend(added.err());
            }
            Arc::new(places)
        });
        (Self { tenant, identities, assets, networks: Arc::new(networks), places }, problems)
    }

    /// Takes the place of an enricher whose sources were read anew; what this one learnt from events stays.
    pub fn replace(&mut self, new: Self) {
        if new.tenant != self.tenant {
            return;
        }
        let old = std::mem::replace(self, new);
        self.identities.keep_learned(old.identities);
        self.assets.keep_learned(old.assets);
    }

    /// Whose entities it knows.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The identities.
    #[must_use]
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// The identities, to be told more, by a directory for example.
    pub fn identities_mut(&mut self) -> &mut Identities {
        &mut self.identities
    }

    /// The machines.
    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The machines, to be told more.
    pub fn assets_mut(&mut self) -> &mut Assets {
        &mut self.assets
    }

    /// The networks.
    #[must_use]
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The databases of places, to be shared with other enrichers.
    #[must_use]
    pub fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// Whose account `name` is, see [`Identities::identity`].
    #[must_use]
    pub fn identity(&self, name: &str) -> Option<&Identity> {
        self.identities.identity(name)
    }

    /// The machine `host`, see [`Assets::asset`].
    #[must_use]
    pub fn asset(&self, host: &str) -> Option<&Asset> {
        self.assets.asset(host)
    }

    /// The zone of an address; `None` for what is no address.
    #[must_use]
    pub fn zone(&self, address: &str) -> Option<&Zone> {
        address.parse().ok().map(|address: IpAddr| self.networks.zone(address))
    }

    /// Where an address is; `None` for what is no address, and where no database knows it.
    #[must_use]
    pub fn place(&self, address: &str) -> Option<Arc<Place>> {
        self.places.place(address.parse().ok()?)
    }

    /// Who has an address at `time`, see [`Assets::host_at`].
    #[must_use]
    pub fn host_at(&self, address: IpAddr, time: Timestamp) -> Option<HostAtAddress<'_>> {
        self.assets.host_at(address, time)
    }

    /// Learns from events: accounts, people, leases.
    pub fn observe(&mut self, batch: &EventBatch) {
        if *batch.tenant() == self.tenant {
            self.identities.observe(batch);
            self.assets.observe(batch);
        }
    }

    /// What was learnt from events since the last call: key, and value or nothing when it is forgotten. To be stored
    /// with the position of the events.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows = self.identities.take_changes();
        rows.extend(self.assets.take_changes());
        rows
    }

    /// Takes rows, stored ones or those of another worker of the tenant, and merges them; answers how many could not be
    /// read. Rows of others are left alone.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> u64 {
        let rows: Vec<(&[u8], &[u8])> = rows.into_iter().collect();
        self.identities.restore(rows.iter().copied()) + self.assets.restore(rows)
    }

    /// Where sources say different things: of identities, of assets, of networks.
    #[must_use]
    pub fn contradictions(&self) -> [(&'static str, Contradictions); 3] {
        [
            ("identities", self.identities.contradictions()),
            ("assets", self.assets.contradictions()),
            ("networks", self.networks.contradictions()),
        ]
    }

    /// Puts what is known of the signal's entities on it, as of the signal's last evidence. What an earlier call put
    /// there is renewed and not repeated, so a second call changes nothing.
    pub fn enrich(&self, signal: &mut Signal) {
        if signal.tenant != self.tenant {
            return;
        }
        let mut statements = Statements::new(signal.last);
        let mut seen = std::collections::BTreeSet::new();
        for entity in signal.entities.iter().take(ENTITIES_PER_SIGNAL_MAX) {
            if seen.insert(entity.key()) {
                statements.about(entity, self);
            }
        }
        statements.put_on(&mut signal.enrichments);
    }
}
