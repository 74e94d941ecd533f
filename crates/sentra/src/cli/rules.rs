use std::path::PathBuf;

use clap::{Args, Subcommand};
use sentra_model::{Mart, Timestamp};

use super::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Check rules and formats and run their samples
    Check(RulesCheckArguments),
    /// Run rules over stored events: what they would have found
    Backtest(RulesBacktestArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules check packs/core
  sentra rules check --json my-rules/ | jq .problems")]
pub(crate) struct RulesCheckArguments {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Files of rules or formats, directories and packs [default: the built-in packs].
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules backtest                                                the rules in force over all that is stored
  sentra rules backtest --file new.yml --from 2026-11-01T00:00:00Z
  sentra rules backtest --id sentra-ssh-brute-force --mart linux --json")]
pub(crate) struct RulesBacktestArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Rule file to try in place of the rules in force; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    pub(crate) file: Option<PathBuf>,
    /// Id of a rule in force; may be given more than once [default: all of them].
    #[arg(long = "id", value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// First moment of event time, as in 2026-11-21T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Timestamp>,
    /// Moment after the last one.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Timestamp>,
    /// Mart to look at; may be given more than once [default: all of them].
    #[arg(long = "mart", value_name = "MART", value_parser = mart)]
    pub(crate) marts: Vec<Mart>,
    /// Most findings to print.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn mart(text: &str) -> Result<Mart, String> {
    Mart::named(text).ok_or_else(|| {
        let known: Vec<&str> = Mart::DEFAULTS.iter().map(Mart::as_str).collect();
        format!("the marts are {}", known.join(", "))
    })
}
