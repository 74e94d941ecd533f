//! Why the risk is what it is: the reasons that weigh most, in the words of whoever found them.

use sentra_model::{RiskFactor, RiskReason};

use crate::limit::reasons_told_max;
use crate::list::Slot;
use crate::phrase::counted;
use crate::sheet::Statement;
use crate::{quote, words};

/// `this rests on 4 rules, most of all on “Brute force on one account (high)”, then on “SSH brute force (high)”`.
pub(crate) fn support(whole: &Statement, reasons: &[RiskReason]) -> String {
    let rules = whole.list(Slot::Rule).total;
    let found = |reason: &&RiskReason| {
        // What sums up the weaker reasons names none.
        reason.factor == RiskFactor::Evidence && reason.log_odds > 0.0 && !reason.signals.is_empty()
    };
    let found = told(reasons.iter().filter(found));
    let Some((strongest, further)) = found.split_first() else {
        return format!("this rests{}", counted(whole, Slot::Rule, " on the rule", " on the rules"));
    };
    if rules <= 1 {
        return format!("this rests on the rule {strongest}");
    }
    let further = match further {
        [] => String::new(),
        names => format!(", then on {}", words::list(names)),
    };
    format!("this rests on {rules} rules, most of all on {strongest}{further}")
}

/// `it is raised by behaviour “3.4 deviations above the baseline of user bob”`, and what it is lowered by.
pub(crate) fn weight(reasons: &[RiskReason]) -> Option<String> {
    let other = |reason: &&RiskReason| reason.factor != RiskFactor::Evidence && !reason.signals.is_empty();
    let raising = told(reasons.iter().filter(other).filter(|reason| reason.log_odds > 0.0));
    let lowering = told(reasons.iter().filter(other).filter(|reason| reason.log_odds < 0.0));
    let clauses = [("raised", raising), ("lowered", lowering)];
    let clauses: Vec<String> = clauses
        .iter()
        .filter(|(_, told)| !told.is_empty())
        .map(|(verb, told)| format!("{verb} by {}", words::list(told)))
        .collect();
    (!clauses.is_empty()).then(|| format!("the probability is {}", clauses.join(" and ")))
}

fn told<'a>(reasons: impl Iterator<Item = &'a RiskReason>) -> Vec<String> {
    reasons
        .take(reasons_told_max())
        .map(|reason| match label(reason.factor) {
            "" => quote::quoted(&reason.what),
            label => format!("{label} {}", quote::quoted(&reason.what)),
        })
        .collect()
}

/// What kind of reason it is; the title of a rule says that itself.
fn label(factor: RiskFactor) -> &'static str {
    match factor {
        RiskFactor::Evidence => "",
        RiskFactor::Precision => "the record of the rule",
        RiskFactor::Asset => "the asset",
        RiskFactor::Identity => "the identity",
        RiskFactor::Indicator => "the indicator",
        RiskFactor::Behaviour => "behaviour",
        RiskFactor::KillChain => "the order of tactics",
        RiskFactor::Calibration => "calibration",
    }
}
