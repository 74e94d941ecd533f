//! The command line of Sentra.
//!
//! It wires the rooms together and talks to people; it decides nothing about events, signals or incidents.
//! Results go to standard output, progress and summaries to standard error. Exit codes: 0 done,
//! 1 the work failed, 2 wrong usage.

mod allocator;
mod behind;
mod care;
mod cli;
mod client;
mod commands;
mod content;
mod directories;
mod engines;
mod forensic;
mod knowledge;
mod likeness;
mod output;
mod progress;
mod retention;
mod settings;
mod teller;
mod tuning;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{
    Cli, Command, DeadLettersCommand, IncidentsCommand, KeysCommand, SimulateCommand, StoreCommand,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Serve(_) | Command::Ingest(_) | Command::Bench(_) | Command::Simulate(_) = cli.command {
        allocator::keep_freed_memory();
    }
    output::start_logging(&cli.log);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(&error);
            if error.is::<output::Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Ingest(arguments) => commands::ingest::run(&arguments),
        Command::Detect(arguments) => commands::detect::run(&arguments),
        Command::Rules(command) => commands::rules::run(command),
        Command::Packs(command) => commands::packs::run(&command),
        Command::Marts(command) => commands::marts::run(&command),
        Command::Query(arguments) => commands::query::run(&arguments),
        Command::Incidents(IncidentsCommand::List(arguments)) => commands::incidents::list(&arguments),
        Command::Incidents(IncidentsCommand::Show(arguments)) => commands::incidents::show(&arguments),
        Command::Keys(KeysCommand::Create(arguments)) => commands::keys::create(&arguments),
        Command::Keys(KeysCommand::List(arguments)) => commands::keys::list(&arguments),
        Command::Keys(KeysCommand::Revoke(arguments)) => commands::keys::revoke(&arguments),
        Command::Topics(arguments) => commands::topics::run(&arguments),
        Command::Simulate(SimulateCommand::List(arguments)) => commands::simulate::list(&arguments),
        Command::Simulate(SimulateCommand::Run(arguments)) => commands::simulate::run(&arguments),
        Command::Replay(arguments) => commands::replay::run(&arguments),
        Command::DeadLetters(DeadLettersCommand::List(arguments)) => commands::dead_letters::list(&arguments),
        Command::DeadLetters(DeadLettersCommand::Show(arguments)) => commands::dead_letters::show(&arguments),
        Command::DeadLetters(DeadLettersCommand::Replay(arguments)) => {
            commands::dead_letters::replay(&arguments)
        }
        Command::Store(StoreCommand::Check(arguments)) => commands::store::check(&arguments),
        Command::Reload(arguments) => commands::reload::run(&arguments),
        Command::LoginLink(arguments) => commands::login_link::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments),
    }
}
