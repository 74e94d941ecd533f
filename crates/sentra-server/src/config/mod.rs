//! The configuration: one TOML file, every key with a default, every value overridable by
//! `SENTRA_SECTION__KEY`. The list below is the only place where keys, defaults and meanings stand.

mod ceilings;
mod doors;
mod forensic;
mod intake;
mod load;
mod marts;
mod nearest;
mod query;
mod value;

use std::path::PathBuf;

use toml::de::DeValue;

pub use doors::Doors;
pub use forensic::{ForensicPolicies, PolicySettings};
pub use load::ConfigError;
pub use marts::{MartLimit, MartRetention, MartSettings};
use sentra_query::Ceilings;
use value::ConfigValue;

pub(crate) use nearest::nearest;

/// A key of the configuration, for the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigKey {
    /// The table it stands in.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What a right value looks like.
    pub expected: &'static str,
    /// The default as it is written in TOML.
    pub default: String,
    /// What it means.
    pub meaning: String,
}

/// A value from a file or from the environment, on its way into a key.
pub(crate) enum Given<'a> {
    Toml(&'a DeValue<'a>),
    Text(&'a str),
}

/// Why a value did not get into its key.
#[derive(Debug)]
pub(crate) enum Refused {
    UnknownSection,
    UnknownKey,
    WrongValue { expected: &'static str },
}

macro_rules! sections {
    ($($(#[$section_doc:meta])* $section:ident: $Section:ident {
        $($(#[doc = $doc:literal])+ $key:ident: $kind:ty = $default:expr,)+
    })+) => {
        /// Every setting of the server.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Config {
            $($(#[$section_doc])* pub $section: $Section,)+
            /// Listeners, followed files, routes and keys: tables that come as often as they are needed.
            pub doors: Doors,
            /// How long the events of the marts are kept: `[marts.retention]`.
            pub marts: MartSettings,
        }

        $(
            $(#[$section_doc])*
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $Section {
                $($(#[doc = $doc])+ pub $key: $kind,)+
            }

            impl Default for $Section {
                fn default() -> Self {
                    Self { $($key: $default,)+ }
                }
            }
        )+

        impl Config {
            /// Every key with its default and its meaning, in the order of the documentation.
            #[must_use]
            pub fn keys() -> Vec<ConfigKey> {
                let defaults = Self::default();
                vec![$($(ConfigKey {
                    section: stringify!($section),
                    name: stringify!($key),
                    expected: <$kind as ConfigValue>::EXPECTED,
                    default: defaults.$section.$key.to_toml(),
                    meaning: [$($doc.trim()),+].join(" "),
                },)+)+]
            }

            /// Every value as it is written in TOML, with its section and name.
            fn values(&self) -> Vec<(&'static str, &'static str, String)> {
                vec![$($((stringify!($section), stringify!($key), self.$section.$key.to_toml()),)+)+]
            }

            fn set(&mut self, section: &str, key: &str, given: &Given<'_>) -> Result<(), Refused> {
                match (section, key) {
                    $($((stringify!($section), stringify!($key)) => {
                        self.$section.$key = read(given)?;
                        Ok(())
                    })+)+
                    $((stringify!($section), _) => Err(Refused::UnknownKey),)+
                    _ => Err(Refused::UnknownSection),
                }
            }
        }
    };
}

fn read<T: ConfigValue>(given: &Given<'_>) -> Result<T, Refused> {
    let value = match given {
        Given::Toml(value) => T::from_toml(value),
        Given::Text(text) => T::from_text(text),
    };
    value.ok_or(Refused::WrongValue { expected: T::EXPECTED })
}

const MEBIBYTE: usize = 1024 * 1024;

sections! {
    /// The HTTP interface and the console.
    server: ServerConfig {
        /// Address of console and API. Anything but loopback needs TLS, which this version does not have.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// Names and addresses, beside the loopback ones, that a request's Host header may have.
        host_names: Vec<String> = Vec::new(),
        /// Connections at the same time; further ones wait.
        connections_max: usize = 512,
        /// Requests at the same time; further ones are answered 503.
        requests_max: usize = 1_024,
        /// Live streams at the same time; further ones are answered 503.
        streams_max: usize = 64,
        /// A request whose head is not there after this long is dropped.
        header_timeout_ms: u64 = 10_000,
        /// A request that is not answered after this long is answered 504. Ingest has no such limit.
        request_timeout_ms: u64 = 60_000,
        /// A body that does not move for this long is given up.
        body_idle_timeout_ms: u64 = 30_000,
        /// Largest JSON body. Ingest has limits of its own.
        json_bytes_max: usize = MEBIBYTE,
        /// How long open requests may go on after the server was told to stop.
        shutdown_grace_ms: u64 = 10_000,
        /// With records waiting and nothing processed for this long, the pipeline counts as stalled.
        stalled_after_s: u64 = 30,
        /// Incident changes kept for browsers that come back after an interruption.
        live_ring_max: usize = 4_096,
        /// Browser sessions at the same time; one more ends the oldest.
        sessions_max: usize = 64,
        /// How long a browser session lasts.
        session_s: u64 = 12 * 3_600,
        /// How long a login link works.
        login_link_s: u64 = 15 * 60,
        /// Longest time a question may take.
        query_timeout_ms: u64 = 30_000,
        /// Questions at the same time; further ones wait.
        queries_max: usize = 8,
    }

    /// Questions.
    query: QueryConfig {
        /// What may be spent on one question. The lowest of what holds for everybody, the role and the tenant counts.
        ceilings: Ceilings = Ceilings::default(),
        /// Decisions of the router that are kept, per tenant; older ones go.
        decisions_max: u64 = 100_000,
        /// Age in days beyond which they go.
        decisions_age_d_max: u64 = 90,
    }

    /// What comes in, and by which doors.
    intake: IntakeConfig {
        /// Address for syslog over UDP; empty for none.
        syslog_udp: String = "127.0.0.1:5514".to_owned(),
        /// Address for syslog over TCP; empty for none.
        syslog_tcp: String = "127.0.0.1:5514".to_owned(),
        /// Whether syslog may listen beyond loopback. It is neither encrypted nor authenticated.
        syslog_public: bool = false,
        /// Tenant of what comes in by syslog.
        syslog_tenant: String = "default".to_owned(),
        /// Longest record; a longer one is a dead letter.
        line_bytes_max: usize = MEBIBYTE,
        /// Largest body of one ingest request, as it comes over the wire.
        request_bytes_max: usize = 64 * MEBIBYTE,
        /// Largest body of one ingest request, decompressed.
        request_expanded_bytes_max: usize = 512 * MEBIBYTE,
        /// Requests of senders at the same time; further ones are answered 429.
        requests_max: usize = 256,
        /// Bytes of senders' bodies that must be whole in memory, all together; a body that finds no room is answered 429.
        body_memory_bytes_max: usize = 256 * MEBIBYTE,
        /// Bytes appended to the log in one go.
        batch_bytes_max: usize = 2 * MEBIBYTE,
        /// Records appended to the log in one go.
        batch_records_max: usize = 8_192,
        /// How long syslog records wait for company before they are appended.
        batch_wait_ms: u64 = 20,
        /// Connections of one listener at the same time; further ones wait, and one that has long been silent is asked to leave.
        tcp_connections_max: usize = 10_000,
        /// A syslog connection that is silent for this long is closed.
        tcp_idle_timeout_s: u64 = 3_600,
        /// Buffer asked of the kernel for syslog datagrams.
        udp_receive_buffer_bytes: usize = 8 * MEBIBYTE,
        /// Files that one source follows; further ones are counted and told.
        tail_files_max: usize = 10_000,
        /// Followed files that are held open at the same time.
        tail_open_files_max: usize = 512,
        /// How often followed files are looked at where the system does not say that they changed.
        tail_poll_ms: u64 = 250,
        /// Tenants there may be.
        tenants_max: usize = 256,
    }

    /// The log that everything is read from.
    backbone: BackboneConfig {
        /// A segment that has grown beyond this is closed and a new one begun.
        segment_bytes_max: u64 = 128 * MEBIBYTE as u64,
        /// Bytes written and synced together.
        commit_bytes_max: u64 = 4 * MEBIBYTE as u64,
        /// How long a record waits for others to be synced with.
        commit_wait_ms: u64 = 5,
        /// Disk space the log may take; 0 for all there is.
        disk_bytes_max: Option<u64> = None,
        /// Partitions that a tenant's records are spread over by their source, 1 to 64. Another number leaves what is there
        /// where it is.
        partitions: u32 = 1,
    }

    /// What the log may remove: whole segments from the beginning of a topic, never one that Sentra has still to read.
    retention: RetentionConfig {
        /// Bytes on disk that one tenant's records as they came may take; 0 keeps all.
        raw_bytes_max: Option<u64> = None,
        /// Age, since it was taken in, beyond which a record as it came goes; 0 keeps all.
        raw_age_s_max: Option<u64> = None,
        /// Bytes on disk that one tenant's letters of the doors may take; 0 keeps all. What was listed stays listed.
        dead_bytes_max: Option<u64> = None,
        /// Age beyond which a letter of the doors goes; 0 keeps all. What was listed stays listed.
        dead_age_s_max: Option<u64> = None,
        /// Bytes on disk that one tenant's topic of findings may take; 0 keeps all.
        signals_bytes_max: Option<u64> = None,
        /// Age beyond which a finding in the topic goes; 0 keeps all. Incidents are not touched.
        signals_age_s_max: Option<u64> = None,
        /// How often it is looked for what may go, here and in the marts.
        interval_s: u64 = 60,
    }

    /// Marts and records.
    store: StoreConfig {
        /// Events in memory, per tenant, before they are written to files.
        memtable_bytes_max: usize = 64 * MEBIBYTE,
        /// Events are written to files at least this often.
        flush_interval_ms: u64 = 30_000,
        /// How often it is looked for files that can be merged or compared with their checksums; 0 for never.
        tend_interval_s: u64 = 30,
        /// Bytes of files that are read for it in one go, per tenant.
        tend_bytes_max: usize = 256 * MEBIBYTE,
    }

    /// The forensic index: the full text of the events of signals and of what policies name.
    forensic: ForensicSection {
        /// Whether there is one.
        enabled: bool = true,
        /// How many bytes it may have, per tenant, in percent of the raw bytes ingested.
        share_percent: u32 = 3,
        /// How many bytes it may have in any case, per tenant.
        floor_bytes: u64 = 64 * MEBIBYTE as u64,
        /// Days after which the events of signals are removed from it; 0 keeps them while there is room.
        signals_retention_d: u32 = 0,
        /// What is routed to it beside the events of signals, the most important ones first, see [forensic.md](forensic.md).
        policies: ForensicPolicies = ForensicPolicies::default(),
        /// Names of all classes, the one that gives way last first; empty for signals by severity and then the policies.
        order: Vec<String> = Vec::new(),
    }

    /// What is like what, among signals and incidents.
    similarity: SimilarityConfig {
        /// Directory of a sentence model that compares by meaning, see [similarity.md](similarity.md); empty for the built-in features.
        sentence_model: Option<PathBuf> = None,
    }

    /// Detection content.
    detect: DetectConfig {
        /// Directories with rules, beside the ones that are built in.
        rules: Vec<PathBuf> = Vec::new(),
        /// Whether the built-in rules are used.
        built_in: bool = true,
    }

    /// The stream processor.
    factory: FactorySection {
        /// Events decoded and searched in one go.
        batch_events_max: usize = 8_192,
        /// Raw bytes read in one go.
        batch_bytes_max: usize = 8 * MEBIBYTE,
        /// How long a few records wait for more.
        batch_wait_ms: u64 = 20,
        /// Signals that share an entity join one incident when they are at most this far apart.
        group_window_s: u64 = 4 * 3_600,
        /// Findings of one rule about the same entities within this time are one signal.
        fold_window_s: u64 = 300,
        /// Signals in one incident; the next one opens a new incident.
        incident_signals_max: usize = 2_000,
        /// Incidents that can still be joined, per tenant.
        open_incidents_max: usize = 2_000,
        /// An entity's risk halves in this time without a new signal.
        entity_half_life_h: u32 = 72,
        /// The weight of a verdict halves when newer ones of the same detector are this much younger; 0 keeps all.
        verdict_half_life_d: u32 = 180,
        /// Addresses and accounts whose logins are counted, per tenant.
        activity_entities_max: usize = 100_000,
        /// An entity's login counts start anew after this long without a login.
        activity_idle_s: u64 = 24 * 3_600,
        /// Longest pause before a failed worker starts again.
        restart_backoff_ms_max: u64 = 30_000,
    }

    /// Reading records.
    decode: DecodeConfig {
        /// Time zone of times that name none: `UTC`, or a name like `Europe/Berlin`.
        time_zone: String = "UTC".to_owned(),
    }
}

impl Config {
    /// A Markdown table of every key, its environment variable, its default and its meaning.
    #[must_use]
    pub fn reference() -> String {
        let mut table =
            String::from("| key | environment | value | default | meaning |\n|---|---|---|---|---|\n");
        for key in Self::keys() {
            let (section, name) = (key.section, key.name);
            let environment = format!("SENTRA_{section}__{name}").to_uppercase();
            let line = format!(
                "| `{section}.{name}` | `{environment}` | {} | `{}` | {} |\n",
                key.expected, key.default, key.meaning
            );
            table.push_str(&line);
        }
        table
    }
}
