//! `sentra rules`

mod backtest;
mod check;
mod explain;
mod list;
mod tuning;

use crate::cli::RulesCommand;

pub(crate) fn run(command: RulesCommand) -> anyhow::Result<()> {
    match command {
        RulesCommand::List(arguments) => list::run(&arguments),
        RulesCommand::Check(arguments) => check::check(&arguments),
        RulesCommand::Backtest(arguments) => backtest::run(&arguments),
        RulesCommand::Explain(arguments) => explain::run(&arguments),
        RulesCommand::Coverage(arguments) => explain::coverage(&arguments),
        RulesCommand::Disable(arguments) => tuning::disable(&arguments),
        RulesCommand::Enable(arguments) => tuning::enable(&arguments),
        RulesCommand::Tuning(arguments) => tuning::list(&arguments),
        RulesCommand::Except(arguments) => tuning::except(&arguments),
        RulesCommand::Unexcept(arguments) => tuning::unexcept(&arguments),
    }
}
