//! `sentra rules`

mod backtest;
mod check;

pub(crate) use backtest::run as backtest;
pub(crate) use check::check;
