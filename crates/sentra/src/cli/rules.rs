use std::path::PathBuf;

use clap::{Args, Subcommand};
use sentra_model::{EventId, Mart, Timestamp};

use super::Place;

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules in force with their ids
    List(RulesListArguments),
    /// Check rules and formats and run their samples
    Check(RulesCheckArguments),
    /// Run rules over stored events: what they would have found
    Backtest(RulesBacktestArguments),
    /// Say why rules match a stored event, or do not
    Explain(RulesExplainArguments),
    /// Show which ATT&CK techniques the rules in force cover
    Coverage(RulesCoverageArguments),
    /// Hide the findings of a rule from now on; they are counted
    Disable(RulesDisableArguments),
    /// Report the findings of a rule again
    Enable(RulesNamedArguments),
    /// List disabled rules and exceptions with what they hid
    Tuning(RulesTuningArguments),
    /// Hide findings that are known and accepted, or see what that would hide
    Except(RulesExceptArguments),
    /// End an exception
    Unexcept(RulesNamedArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules list
  sentra rules list brute                       those with the word in id, title, tags or pack
  sentra rules list --json | jq -r '.rules[].id'
While a server runs, matches are those since its start.")]
pub(crate) struct RulesListArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Words, all of which are to be in id, title, tags or pack.
    #[arg(value_name = "WORD")]
    pub(crate) words: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules check packs/core
  sentra rules check --json my-rules/ | jq .problems
Warnings, lints among them, do not make it fail; errors do.")]
pub(crate) struct RulesCheckArguments {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only say what compiling and the samples show: leave out the lints beyond that.
    #[arg(long)]
    pub(crate) no_lints: bool,
    /// Files of rules or formats, directories and packs [default: the built-in packs].
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules backtest                                                the rules in force over all that is stored
  sentra rules backtest --file new.yml --from 2026-11-01T00:00:00Z
  sentra rules backtest --id b94a6bf1-1038-4586-b1ce-21c72e6a2c83 --mart linux --json")]
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
    Mart::named(text).map_or_else(|| Mart::registered(text), Ok).map_err(|error| {
        let known: Vec<&str> = Mart::DEFAULTS.iter().map(Mart::as_str).collect();
        format!("{error}; the default marts are {}", known.join(", "))
    })
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules explain raw.0.17            the rules in force that match the event
  sentra rules explain raw.0.17 --id b94a6bf1-1038-4586-b1ce-21c72e6a2c83    why this one does not
  sentra rules explain raw.0.17 --file new.yml")]
pub(crate) struct RulesExplainArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The event.
    #[arg(value_name = "EVENT")]
    pub(crate) event: EventId,
    /// Rule file in place of the rules in force; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    pub(crate) file: Option<PathBuf>,
    /// Id of a rule in force; may be given more than once.
    #[arg(long = "id", value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules coverage
  sentra rules coverage --navigator > layer.json      for the ATT&CK Navigator")]
pub(crate) struct RulesCoverageArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print a layer for the ATT&CK Navigator.
    #[arg(long, conflicts_with = "json")]
    pub(crate) navigator: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules disable --id noisy-rule --owner ana --reason 'backup jobs, ticket 4711' --until 2027-01-31T00:00:00Z")]
pub(crate) struct RulesDisableArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Id of the rule.
    #[arg(long, value_name = "ID")]
    pub(crate) id: String,
    /// Who answers for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Until when [default: for good].
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct RulesNamedArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Id of the rule or the exception.
    #[arg(long, value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct RulesTuningArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sentra rules except --id scanner --rule b94a6bf1-1038-4586-b1ce-21c72e6a2c83 --when '{\"src_ip|cidr\": \"10.1.2.0/24\"}' \\
      --owner ana --reason 'scanner of the auditors' --expires 2027-01-31T00:00:00Z --preview
The condition is a selection as in a Sigma rule. With --preview nothing is hidden: it says what would have been.")]
pub(crate) struct RulesExceptArguments {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Name of the exception.
    #[arg(long, value_name = "ID")]
    pub(crate) id: String,
    /// Id of a rule it is for; may be given more than once [default: all rules].
    #[arg(long = "rule", value_name = "ID")]
    pub(crate) rules: Vec<String>,
    /// Pack it is for, `core` or `core@1`.
    #[arg(long, value_name = "PACK", conflicts_with = "rules")]
    pub(crate) pack: Option<String>,
    /// Which events, as JSON.
    #[arg(long, value_name = "JSON")]
    pub(crate) when: String,
    /// Who answers for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Until when.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Timestamp,
    /// Only say what it would have hidden of what is stored.
    #[arg(long)]
    pub(crate) preview: bool,
    /// With --preview: first moment of event time.
    #[arg(long, value_name = "TIME", requires = "preview")]
    pub(crate) from: Option<Timestamp>,
}
