//! `sentra marts …` as it is typed.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use sentra_model::{MartColumn, MartColumnKind};

use super::Place;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sentra marts list
  sentra marts create payments --filter \"host startswith 'pay-'\" --column amount:real --retention-days 365
  sentra marts alter payments --filter \"host startswith 'pay-' or app == 'checkout'\"
  sentra marts show payments
  sentra marts remove payments                keeps what it holds until its retention ends
  sentra marts remove payments --purge        deletes what it holds
A filter is a condition as after KQL's where. Events that come after a change follow it; nothing is restarted.
Ask a mart by its name: sentra query 'payments | take 5'")]
pub(crate) enum MartsCommand {
    /// List marts and what they hold
    List(MartsListArguments),
    /// Show one mart and the versions it had
    Show(MartsShowArguments),
    /// Register a mart
    Create(MartsCreateArguments),
    /// Change a registered mart
    Alter(MartsAlterArguments),
    /// Remove a registered mart
    Remove(MartsRemoveArguments),
    /// Aggregates that are kept up to date and answer questions in place of the events
    #[command(subcommand)]
    Rollup(RollupCommand),
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sentra marts rollup list
  sentra marts rollup add logons --mart identity --key user --key src_ip --grain hour
  sentra marts rollup add ports --mart firewall --filter \"outcome == 'failure'\" --key dst_port --aggregate 'sum(count)' --grain minute
  sentra marts rollup remove logons
A question that groups by these keys and by whole buckets of time is answered from the rollup; sentra query --explain
says so. Answers are the same with and without it.")]
pub(crate) enum RollupCommand {
    /// List rollups and what they hold
    List(MartsListArguments),
    /// Declare a rollup
    Add(RollupAddArguments),
    /// Remove a declared rollup
    Remove(RollupRemoveArguments),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grain {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day, in UTC.
    Day,
}

#[derive(Debug, Args)]
pub(crate) struct RollupAddArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Mart whose events are counted; events for all of them.
    #[arg(long, value_name = "MART", default_value = "events")]
    pub(crate) mart: String,
    /// Which of its events: a condition as after KQL's where [default: all].
    #[arg(long, value_name = "KQL", default_value = "")]
    pub(crate) filter: String,
    /// Column, source field or expression to group by; may be given more than once.
    #[arg(long = "key", value_name = "KQL")]
    pub(crate) keys: Vec<String>,
    /// What to keep beside the count: sum, min or max of a number; may be given more than once.
    #[arg(long = "aggregate", value_name = "KQL")]
    pub(crate) aggregates: Vec<String>,
    /// How long a bucket is.
    #[arg(long, value_enum)]
    pub(crate) grain: Grain,
    /// Who declares it.
    #[arg(long, value_name = "NAME", default_value = "administrator")]
    pub(crate) by: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Its name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct RollupRemoveArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The rollup.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct MartsListArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MartsShowArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The mart.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra marts create payments --filter \"host startswith 'pay-'\"
  sentra marts create vpn --filter \"service == 'openvpn'\" --description 'remote access' --column session_id:string \\
      --column bytes_out:long --retention-days 90 --by ana")]
pub(crate) struct MartsCreateArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Which events go into it: a condition as after KQL's where.
    #[arg(long, value_name = "KQL")]
    pub(crate) filter: String,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) description: String,
    /// Source field that its events are to have, NAME:TYPE with string, long, real, bool, datetime or dynamic; may be
    /// given more than once.
    #[arg(long = "column", value_name = "NAME:TYPE", value_parser = column)]
    pub(crate) columns: Vec<MartColumn>,
    /// How long its events are kept, in days [default: as the configuration says].
    #[arg(long, value_name = "N")]
    pub(crate) retention_days: Option<u32>,
    /// Who registers it.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Its name: 1 to 63 of a-z, 0-9, - and _.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true).multiple(true)
        .args(["filter", "description", "columns", "retention_days", "default_retention"]),
    after_help = "\
Examples:
  sentra marts alter payments --filter \"host startswith 'pay-' or app == 'checkout'\"
  sentra marts alter payments --retention-days 730
What is not named stays as it is. --column names all columns anew."
)]
pub(crate) struct MartsAlterArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Which events go into it from now on.
    #[arg(long, value_name = "KQL")]
    pub(crate) filter: Option<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Source field that its events are to have, NAME:TYPE; may be given more than once.
    #[arg(long = "column", id = "columns", value_name = "NAME:TYPE", value_parser = column)]
    pub(crate) columns: Vec<MartColumn>,
    /// How long its events are kept, in days.
    #[arg(long, value_name = "N", conflicts_with = "default_retention")]
    pub(crate) retention_days: Option<u32>,
    /// Keep its events for as long as the configuration says.
    #[arg(long)]
    pub(crate) default_retention: bool,
    /// Who changes it.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The mart.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct MartsRemoveArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Delete what it holds at once.
    #[arg(long)]
    pub(crate) purge: bool,
    /// Who removes it.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The mart.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

fn column(text: &str) -> Result<MartColumn, String> {
    let (name, kind) = text.rsplit_once(':').ok_or("a column is NAME:TYPE, as in amount:real")?;
    let kind: Result<MartColumnKind, _> = serde_json::from_value(kind.into());
    let kind = kind.map_err(|_| "the types are string, long, real, bool, datetime and dynamic".to_owned())?;
    Ok(MartColumn { name: name.to_owned(), kind })
}
