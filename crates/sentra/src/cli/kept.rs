//! The commands about what Sentra keeps: topics, dead letters, stores, keys.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use sentra_backbone::Bound;
use sentra_model::{DeadReason, EventId, TenantId, Topic};

use super::{Place, default_data};

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Compare manifest, files, checksums, events and positions of the marts, and the files of the forensic index
    Check(StoreCheckArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra store check                       exit code 1 when something is wrong
  sentra store check --json | jq '.tenants[] | .problems, .forensic'
  sentra store check --repair              events of damaged files are taken from the backbone once more
Stop the server first: the command opens the data directory itself.
What is stated about events (baselines, indicators) is not in the backbone; restored events carry none of it.")]
pub(crate) struct StoreCheckArguments {
    /// Take the events of damaged segments, and events that no segment has, from the backbone.
    #[arg(long)]
    pub(crate) repair: bool,
    /// With --repair: also give up what the backbone does not have any more, so that answers are complete without it.
    #[arg(long, requires = "repair")]
    pub(crate) accept_loss: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only this tenant [default: all of them].
    #[arg(long, env = "SENTRA_TENANT", value_name = "T")]
    pub(crate) tenant: Option<TenantId>,
    /// Data directory.
    #[arg(long, env = "SENTRA_DATA", value_name = "DIR", default_value_os_t = default_data())]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sentra keys create --name fluent-bit-dmz --tenant acme
  sentra keys list
  sentra keys revoke --name fluent-bit-dmz
A key works as a Splunk HEC token, an Elasticsearch API key and a bearer token for OTLP and /api/v1/ingest.")]
pub(crate) enum KeysCommand {
    /// Make a key; it is printed once
    Create(KeysCreateArguments),
    /// List keys by name; the keys themselves are nowhere
    List(KeysListArguments),
    /// Revoke a key
    Revoke(KeysRevokeArguments),
}

#[derive(Debug, Args)]
pub(crate) struct KeysCreateArguments {
    /// Name of the key, for people.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Format of what is sent with it [default: detected].
    #[arg(long, value_name = "F")]
    pub(crate) format: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct KeysListArguments {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct KeysRevokeArguments {
    /// Name of the key.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra reload                            after a change of the configuration, a certificate, a rule, a format or enrich.toml
  sentra reload --data /srv/sentra
What cannot change while the server runs is named and waits for a restart; settings with an error change nothing.")]
pub(crate) struct ReloadArguments {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayOutput {
    /// One JSON object per record.
    Json,
    /// The records as they came, one per line.
    Raw,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra replay --topic raw                                     everything that is kept
  sentra replay --topic raw --from 4711 --to 4720 --output raw
  sentra replay --topic raw --from 2026-03-01T00:00:00Z --to 2026-03-02T00:00:00Z
  sentra replay --topic raw --consumer audit | ./export.sh      stop it, and go on later with:
  sentra replay --topic raw --consumer audit --resume | ./export.sh
Times are those at which Sentra took the records in. --to is the first record that is not printed.
A consumer keeps what was printed durably, so nothing is left out; after a crash the last records may come twice.")]
pub(crate) struct ReplayArguments {
    /// Topic: raw, dead or signals.
    #[arg(long, value_name = "T")]
    pub(crate) topic: Topic,
    /// Partition of the topic [default: all, one after the other].
    #[arg(long, value_name = "N")]
    pub(crate) partition: Option<u32>,
    /// First record: an offset, a time or begin [default: begin].
    #[arg(long, value_name = "OFFSET|TIME")]
    pub(crate) from: Option<Bound>,
    /// First record that is not printed: an offset, a time or end [default: end].
    #[arg(long, value_name = "OFFSET|TIME")]
    pub(crate) to: Option<Bound>,
    /// Name of a durable consumer that keeps the position [default: one that is forgotten at the end].
    #[arg(long, value_name = "NAME")]
    pub(crate) consumer: Option<String>,
    /// Go on where the replay of that consumer stands.
    #[arg(long, requires = "consumer")]
    pub(crate) resume: bool,
    /// How to print records.
    #[arg(long, value_enum, default_value_t = ReplayOutput::Json)]
    pub(crate) output: ReplayOutput,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra topics
  sentra topics --json | jq '.topics[].consumers'
The consumers factory and dead are Sentra's own. Their position is what every store has on disk, which may be half a
minute behind what can be queried.")]
pub(crate) struct TopicsArguments {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sentra dead-letters list --reason malformed
  sentra dead-letters show raw.0.17
  sentra dead-letters replay --reason malformed --format json --dry-run
  sentra dead-letters replay --reason malformed --format json
A letter is replayed once. Its record becomes an event like any other, under a new id.")]
pub(crate) enum DeadLettersCommand {
    /// List dead letters in the order they came
    List(DeadLettersListArguments),
    /// Show one dead letter with all bytes of its record
    Show(DeadLettersShowArguments),
    /// Replay dead letters that the decoder understands now
    Replay(DeadLettersReplayArguments),
}

#[derive(Debug, Args)]
pub(crate) struct DeadLettersListArguments {
    /// Only letters of this reason: empty, too_long, binary, malformed, container, damaged, expired.
    #[arg(long, value_name = "R")]
    pub(crate) reason: Option<DeadReason>,
    /// Most letters to print.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) limit: usize,
    /// Print one JSON array.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLettersShowArguments {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The letter, as `sentra dead-letters list` names it.
    #[arg(value_name = "ID")]
    pub(crate) id: EventId,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "all", "reason"]))]
pub(crate) struct DeadLettersReplayArguments {
    /// All letters that were not replayed yet.
    #[arg(long)]
    pub(crate) all: bool,
    /// All letters of this reason that were not replayed yet.
    #[arg(long, value_name = "R")]
    pub(crate) reason: Option<DeadReason>,
    /// Read the records as this format from now on; auto detects it [default: as before].
    #[arg(long, value_name = "F")]
    pub(crate) format: Option<String>,
    /// Only say what would become of each.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Letters, as `sentra dead-letters list` names them.
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<EventId>,
}
