//! What can be typed, with help and examples.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sentra_model::TenantId;

use crate::commands::bench::arguments::BenchCommand;
use crate::commands::packs::arguments::PacksCommand;

mod kept;
mod marts;
mod rules;

pub(crate) use kept::{
    DeadLettersCommand, DeadLettersListArguments, DeadLettersReplayArguments, DeadLettersShowArguments,
    KeysCommand, KeysCreateArguments, KeysListArguments, KeysRevokeArguments, ReloadArguments,
    ReplayArguments, ReplayOutput, StoreCheckArguments, StoreCommand, TopicsArguments,
};
pub(crate) use marts::{
    Grain, MartsAlterArguments, MartsCommand, MartsCreateArguments, MartsListArguments, MartsRemoveArguments,
    MartsShowArguments, RollupAddArguments, RollupCommand, RollupRemoveArguments,
};
pub(crate) use rules::{
    RulesBacktestArguments, RulesCheckArguments, RulesCommand, RulesCoverageArguments, RulesDisableArguments,
    RulesExceptArguments, RulesExplainArguments, RulesListArguments, RulesNamedArguments,
    RulesTuningArguments,
};

/// Raw logs in, incidents that tell their story out.
#[derive(Debug, Parser)]
#[command(
    name = "sentra",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  sentra serve                                    everything on this machine, console on http://127.0.0.1:8080
  sentra ingest /var/log/auth.log                 take a file in
  sentra incidents list                           what happened
  sentra query 'linux | where user == \"root\" | take 20'
  sentra detect --rules ./my-rules *.evtx         rules over files, nothing stored"
)]
pub(crate) struct Cli {
    /// What to log to standard error: error, warn, info, debug, or per module as in `sentra_factory=debug`.
    #[arg(long, global = true, env = "SENTRA_LOG", default_value = "warn", value_name = "FILTER")]
    pub(crate) log: String,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything, embedded: intake, detection, stores, API and console
    Serve(ServeArguments),
    /// Take files and directories in
    Ingest(IngestArguments),
    /// Run rules over files; nothing is stored
    Detect(DetectArguments),
    /// Work with detection rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Build, sign, install and roll back packs of detection content
    #[command(subcommand)]
    Packs(PacksCommand),
    /// Register, change and remove marts, the tables of events
    #[command(subcommand)]
    Marts(MartsCommand),
    /// Ask the stored events
    Query(QueryArguments),
    /// Read incidents
    #[command(subcommand)]
    Incidents(IncidentsCommand),
    /// Write down attacks and benign days that never happened, and check what is found in them
    #[command(subcommand)]
    Simulate(SimulateCommand),
    /// Print records from the backbone once more
    Replay(ReplayArguments),
    /// Look at records that could not be understood, and replay them when they can
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Show the topics of the backbone, who reads them and how far
    Topics(TopicsArguments),
    /// Check the stored events, and repair them from the backbone
    #[command(
        subcommand,
        after_help = "Examples:\n  sentra store check\n  sentra store check --repair    with the server stopped"
    )]
    Store(StoreCommand),
    /// Make and revoke API keys of senders
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Let the running server read its configuration, keys, certificates, rules and formats again
    Reload(ReloadArguments),
    /// Print a new one-time link to the console of the running server
    LoginLink(LoginLinkArguments),
    /// Measure the product, on your own data or over real sockets
    #[command(subcommand)]
    Bench(BenchCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentsCommand {
    /// List incidents, the latest change first
    List(IncidentsListArguments),
    /// Show one incident with its story and signals
    Show(IncidentsShowArguments),
}

/// Where the data is: a directory, or a server.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Data directory; when a server holds it, the command talks to that server.
    #[arg(long, env = "SENTRA_DATA", value_name = "DIR", default_value_os_t = default_data())]
    pub(crate) data: PathBuf,
    /// Server to talk to instead, as in http://127.0.0.1:8080; its token comes from --token-file.
    #[arg(long, env = "SENTRA_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// File with the server's bearer token [default: admin.token in the data directory].
    #[arg(long, env = "SENTRA_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Tenant.
    #[arg(long, env = "SENTRA_TENANT", value_name = "T", default_value = "default")]
    pub(crate) tenant: TenantId,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  sentra serve
  sentra serve --data /srv/sentra --config /etc/sentra.toml
  sentra serve --listen 127.0.0.1:9000 --rules ./my-rules")]
pub(crate) struct ServeArguments {
    /// Data directory, made when missing.
    #[arg(long, env = "SENTRA_DATA", value_name = "DIR", default_value_os_t = default_data())]
    pub(crate) data: PathBuf,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address of API and console; only loopback until TLS is set up.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Directory with more rules; may be given more than once.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
    /// Do not open the syslog ports.
    #[arg(long)]
    pub(crate) no_syslog: bool,
    /// Take records in and do nothing with them: for measurements.
    #[arg(long, hide = true)]
    pub(crate) no_pipeline: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra ingest /var/log/auth.log
  sentra ingest --tenant acme exports/ more/security.evtx
  zcat old.log.gz | sentra ingest --format syslog -
Files ending in .gz and .zst are read as what they contain; .evtx files are Windows event logs.")]
pub(crate) struct IngestArguments {
    /// Format of the records, one of docs/formats.md such as syslog, windows or json [default: detected].
    #[arg(long, value_name = "F")]
    pub(crate) format: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Files and directories; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// One JSON object per match.
    Json,
    /// A table for people.
    Table,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra detect /var/log/auth.log                        the built-in rules
  sentra detect --rules sigma/rules --output json logs.ndjson.zst
  sentra detect --rules my.yml --format windows -")]
pub(crate) struct DetectArguments {
    /// Rule file or directory; may be given more than once [default: the built-in packs].
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
    /// Format of the records [default: detected].
    #[arg(long, value_name = "F")]
    pub(crate) format: Option<String>,
    /// How to print matches.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) output: OutputFormat,
    /// Files and directories; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra query 'linux | where user == \"root\" and message contains \"Failed\" | take 20'
  sentra query 'windows | where EventID == 4625 | count'
  sentra query 'user:root -src_ip:10.0.0.0/8'                  as in the search bar
  sentra query 'top 10 users by failed logins this week'       in words
  sentra query 'event(\"raw.0.17\")'
  sentra query --estimate 'events | summarize count() by user' what it would cost
  sentra query --page-size 1000 linux                          page by page: --cursor with what the first page ends with
  sentra query --export parquet --output failed.parquet 'events | where code == \"LL03\"'
  sentra query --export csv 'linux | summarize count() by user' > users.csv
A file is there when it is whole, or not at all. CSV and Parquet are refused when the answer is not complete; NDJSON says so in
its last line.")]
pub(crate) struct QueryArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Engine to use.
    #[arg(long, value_name = "E", default_value = "auto", value_parser = ["auto", "exact", "analytical", "similarity", "marts", "forensic", "records", "vectors"])]
    pub(crate) engine: String,
    /// Say what was understood and which segments were read.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say what the question is expected to cost, and do not ask it.
    #[arg(long, conflicts_with_all = ["export", "page_size", "cursor", "explain"])]
    pub(crate) estimate: bool,
    /// Rows on a page, 1 to 10000.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) page_size: Option<u16>,
    /// The page that this cursor leads to: what the page before ended with.
    #[arg(long, value_name = "C")]
    pub(crate) cursor: Option<String>,
    /// Write the whole answer to a file: csv, ndjson or parquet.
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "ndjson", "parquet"], conflicts_with_all = ["json", "page_size", "cursor", "explain"])]
    pub(crate) export: Option<String>,
    /// Where the file goes; - is standard output.
    #[arg(long, value_name = "FILE", requires = "export", default_value = "-")]
    pub(crate) output: PathBuf,
    /// Keep spreadsheets from running texts of a CSV file as formulas, by a ' before them.
    #[arg(long, requires = "export")]
    pub(crate) safe: bool,
    /// The question.
    #[arg(required = true, value_name = "TEXT")]
    pub(crate) text: String,
}

#[derive(Debug, Args)]
pub(crate) struct IncidentsListArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Most incidents to print.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub(crate) limit: usize,
    /// Print one JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IncidentsShowArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The incident, as `sentra incidents list` names it.
    #[arg(value_name = "ID")]
    pub(crate) id: sentra_model::IncidentId,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateCommand {
    /// What can be simulated
    List(SimulateListArguments),
    /// Write the records of a scenario, or check what Sentra finds in them
    Run(SimulateRunArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra simulate list")]
pub(crate) struct SimulateListArguments {
    /// Print one JSON array.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra simulate run brute_force                          print the records
  sentra simulate run everything --out /tmp/simulated      a file per source, with the truth
  sentra simulate run load --speed 60 | sentra ingest -    a minute per second
  sentra simulate run all --check                          detection, false positives, time to detect
Checking works in a scratch directory of its own. Exit code 1 when an attack is missed, or when there is more than one false
positive per thousand benign records.")]
pub(crate) struct SimulateRunArguments {
    /// Name of a scenario, or `all`.
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenario: String,
    /// What chance begins with: the same seed gives the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// When it begins, rounded down to the day in UTC.
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<sentra_model::Timestamp>,
    /// How many days; 0 goes on for ever [default: the scenario's own].
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u32>,
    /// Background records per second of event time.
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<f64>,
    /// How many people the organisation has.
    #[arg(long, value_name = "N")]
    pub(crate) people: Option<usize>,
    /// Print records as they are due, this many times as fast as they happened [default: at once].
    #[arg(long, value_name = "X", conflicts_with_all = ["check", "out"])]
    pub(crate) speed: Option<f64>,
    /// Write a file per source, the truth, identities, assets and networks below this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    pub(crate) out: Option<PathBuf>,
    /// Let Sentra work on the records and hold what it finds against the truth.
    #[arg(long)]
    pub(crate) check: bool,
    /// Keep what the check made, a data directory per scenario below this one, to be looked at [default: a scratch directory].
    #[arg(long, value_name = "DIR", requires = "check")]
    pub(crate) keep: Option<PathBuf>,
    /// Rule directory beside the built-in packs; may be given more than once.
    #[arg(long, value_name = "DIR", requires = "check")]
    pub(crate) rules: Vec<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long, requires = "check")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LoginLinkArguments {
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench pipeline /var/log/auth.log
  sentra bench pipeline --rules sigma/rules --runs 5 events.ndjson.zst")]
pub(crate) struct BenchArguments {
    /// Rule file or directory; may be given more than once [default: the built-in packs].
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
    /// Runs of each stage; the median is reported.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=101))]
    pub(crate) runs: u16,
    /// Where the log and the stores of the measurement are made [default: the system's temporary directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// File with the data; it is read whole, at most 1 GiB.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

fn default_data() -> PathBuf {
    let home = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    home.map_or_else(|| PathBuf::from("sentra-data"), |home| home.join("sentra"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example_or_needs_none() {
        for command in Cli::command().get_subcommands() {
            let has_example =
                command.get_after_help().is_some_and(|help| help.to_string().contains("sentra "));
            let is_plain = ["incidents", "rules", "login-link", "simulate"].contains(&command.get_name());
            assert!(has_example || is_plain, "{} has no example", command.get_name());
        }
    }
}
