//! What can be typed after `sentra bench`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::BenchArguments;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sentra bench pipeline /var/log/auth.log             each stage of the pipeline on your data
  sentra bench detect --rules my-rules events.ndjson  compile, evaluate, correlate
  sentra bench intake                                 durable acknowledged MB/s over real sockets
  sentra bench intake --rate 75 --no-pipeline         acknowledgement latency at 75 MB/s
  sentra bench latency events.ndjson                  event to incident at half load
  sentra bench query --events 1000000                 questions to a store of a million events
  sentra bench flood                                  three times what the server can take")]
pub(crate) enum BenchCommand {
    /// Each stage of the pipeline and the whole of it, on a file
    Pipeline(BenchArguments),
    /// Detection: compile rules, evaluate them on a file, count correlations
    Detect(DetectBenchArguments),
    /// Durable acknowledged intake of a server of its own, by many senders over real sockets
    Intake(IntakeArguments),
    /// Anomaly models on labelled rows: how well they rank attacks, and how fast
    Anomaly(AnomalyArguments),
    /// Enrichment of events: baselines of a million entities and millions of indicators
    Signals(SignalsArguments),
    /// From an event to its incident, while other events take half of what the pipeline can do
    Latency(LatencyArguments),
    /// Three times what the server can take: what is refused, what is stored, what memory it took
    Flood(FloodArguments),
    /// Questions to a store of many events: latency, size on disk, memory
    Query(QueryBenchArguments),
    /// Write the lines that the other benchmarks send into a file, for peers
    Corpus(CorpusArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench detect                                              the built-in rules on generated lines
  sentra bench detect --rules sigma/rules events.ndjson.zst
  sentra bench detect --rules sigma/rules --rules my-rules --runs 9 --json events.evtx
Figures are per CPU second of one thread. The correlations that are measured are the same whatever the rules.")]
pub(crate) struct DetectBenchArguments {
    /// Rule file or directory; may be given more than once [default: the built-in packs].
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
    /// Runs of each measurement; the median is reported.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=101))]
    pub(crate) runs: u16,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Measure only this correlation, once, and print its figures: what the processes do that this command starts.
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) case: Option<usize>,
    /// File with the events (plain, .gz, .zst, EVTX); it is read whole, at most 1 GiB [default: generated syslog lines].
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench anomaly --train KDDTrain+_20Percent.txt --test KDDTest+.txt
  sentra bench anomaly --train days.csv --test attacks.csv --label verdict --json
Files are of the NSL-KDD form, or any CSV with a header when the label's column is named. Models are trained on the normal rows
of the one and score all rows of the other.")]
pub(crate) struct AnomalyArguments {
    /// File to train on.
    #[arg(long, value_name = "FILE")]
    pub(crate) train: PathBuf,
    /// File to score.
    #[arg(long, value_name = "FILE")]
    pub(crate) test: PathBuf,
    /// Column of the label in files with a header; `normal` or empty is normal [default: the NSL-KDD form].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// What chance begins with: the same seed gives the same model.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Runs of the scoring; the median is reported.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=101))]
    pub(crate) runs: u16,
    /// Train on attacks too, as if nobody had labelled the rows.
    #[arg(long)]
    pub(crate) mixed: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench signals
  sentra bench signals --indicators 1000000 --entities 100000
Generated events, each of a user and a host that no other event of the round names. Figures are per CPU second of one thread;
making the events is not counted.")]
pub(crate) struct SignalsArguments {
    /// Indicators to look for.
    #[arg(long, value_name = "N", default_value_t = 5_000_000, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub(crate) indicators: u32,
    /// Users and hosts together.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub(crate) entities: u32,
    /// Rounds; the median is reported.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=101))]
    pub(crate) runs: u16,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench latency /var/log/auth.log
  sentra bench latency --rules sigma/rules --seconds 30 events.ndjson.zst
An event that makes an incident is sent every 50 ms. Its time runs from the moment before it is appended to the log
until its incident is committed. The load counts as event bytes; what the pipeline can take is measured first.")]
pub(crate) struct LatencyArguments {
    /// Rule file or directory; may be given more than once, beside the built-in packs.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Vec<PathBuf>,
    /// Part of what the pipeline can take that is sent meanwhile.
    #[arg(long, value_name = "PART", default_value_t = 0.5)]
    pub(crate) load: f64,
    /// Seconds to send for.
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) seconds: u16,
    /// Where the log and the stores of the measurement are made [default: the system's temporary directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// File with the events of the load; it is read whole, at most 1 GiB.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// What the senders speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// `POST /api/v1/ingest`, lines.
    Ndjson,
    /// Splunk HEC.
    Hec,
    /// Elasticsearch `_bulk`.
    Bulk,
    /// OTLP logs over HTTP in protobuf.
    Otlp,
    /// Syslog over TCP, a line per record. The answer is the end of the connection.
    SyslogTcp,
    /// Syslog datagrams. There is no answer; what is stored is counted at the end.
    SyslogUdp,
}

/// What the lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LineKind {
    /// RFC 5424 of sshd, sudo, kernel, postfix and nginx, 200 to 350 bytes.
    Syslog,
    /// The same as JSON objects, 300 to 400 bytes.
    Json,
}

/// What the senders send.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArguments {
    /// Kind of the lines [default: json where the protocol wants JSON, else syslog].
    #[arg(long, value_enum)]
    pub(crate) lines: Option<LineKind>,
    /// Seed of the lines.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Bytes of one request, or of one write of a stream.
    #[arg(long, value_name = "BYTES", default_value_t = 256 * 1024, value_parser = clap::value_parser!(u32).range(1_024..=8 * 1024 * 1024))]
    pub(crate) body_bytes: u32,
    /// Seconds to send for.
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) seconds: u16,
    /// Where the server's data is made [default: the system's temporary directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench intake                                      both figures: log alone, and with the whole pipeline
  sentra bench intake --no-pipeline --rate 75              acknowledgement latency at 75 MB/s
  sentra bench intake --protocol hec --senders 16
  sentra bench intake --server 127.0.0.1:8080 --key K      a server that runs already")]
pub(crate) struct IntakeArguments {
    /// What the senders speak.
    #[arg(long, value_enum, default_value_t = Protocol::Ndjson)]
    pub(crate) protocol: Protocol,
    /// Concurrent senders, one connection each.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) senders: u16,
    /// MB/s (10⁶ bytes) to offer, whatever the answers do; latency then counts from the time a request was due
    /// [default: every sender sends on when it is answered].
    #[arg(long, value_name = "MB/S")]
    pub(crate) rate: Option<f64>,
    /// Only intake and log: the server's factory is not started [default: both are measured].
    #[arg(long)]
    pub(crate) no_pipeline: bool,
    /// Address of a server that runs already, instead of one in a child process; nothing is read back then.
    #[arg(long, value_name = "ADDR")]
    pub(crate) server: Option<SocketAddr>,
    /// API key for --server.
    #[arg(long, value_name = "K", requires = "server")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench flood
  sentra bench flood --times 10 --senders 480
Exit code 1 when an acknowledged line is missing, a refusal is silent or memory leaves its bounds.")]
pub(crate) struct FloodArguments {
    /// Connections that carry the flood.
    #[arg(long, value_name = "N", default_value_t = 384, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) senders: u16,
    /// How many times the capacity is offered.
    #[arg(long, value_name = "X", default_value_t = 3.0)]
    pub(crate) times: f64,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench query
  sentra bench query --events 200000 --runs 5 --json
Generated events of Windows, Linux, a firewall, a proxy and a cloud account, decoded and stored as the server does. Times are
those of the store, without HTTP, hot, on two cores. `make bench-query` puts DuckDB and the ClickHouse engine beside it.")]
pub(crate) struct QueryBenchArguments {
    /// Events in the store.
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    pub(crate) events: u64,
    /// Runs of each question; median and 95th percentile are reported.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_001))]
    pub(crate) runs: u16,
    /// Seed of the events.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write the events into this Parquet file too, for peers.
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
    /// Where the store is made [default: the system's temporary directory].
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra bench corpus --lines syslog --megabytes 200 /tmp/lines.log")]
pub(crate) struct CorpusArguments {
    /// Kind of the lines.
    #[arg(long, value_enum, default_value_t = LineKind::Syslog)]
    pub(crate) lines: LineKind,
    /// Seed of the lines.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Size of the file in 10⁶ bytes.
    #[arg(long, value_name = "MB", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) megabytes: u32,
    /// File to write.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}
