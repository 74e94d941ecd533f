//! What enrichments add to a risk: bounded shifts of the log-odds, each like the logarithm of a likelihood ratio.
//!
//! Every shift only grows when more is known, and nothing known is 0, so that a further signal never lowers it.

use sentra_model::{EntityRef, RiskFactor, RiskReason, Signal, SignalId};

/// Names of the enrichments that this crate understands, and their values.
pub mod enrichment {
    /// Worth of an asset: `1` or `critical` (most), `2` or `high`, `3` or `medium`, `4` or `low`.
    pub const TIER: &str = "tier";
    /// Power of an account: `privileged`, `break_glass`, `admin`, `service`, `standard`, `guest`.
    pub const PRIVILEGE: &str = "privilege";
    /// Whether the person is still here: `terminated since …` and `disabled since …` count.
    pub const STATUS: &str = "status";
    /// An indicator that was met: its value is the address, domain, hash …, `confidence` how far it is trusted.
    pub const INDICATOR: &str = "indicator";
    /// Robust deviations from what is usual, a number: `3.4`. A kind may follow: `deviation.hour_user`.
    pub const DEVIATION: &str = "deviation";
    /// As [`DEVIATION`], from what is usual for peers.
    pub const PEER_DEVIATION: &str = "peer_deviation";
    /// How rare a value or relation is: the negative natural logarithm of its share, `9.2` for one in ten thousand.
    /// A kind may follow.
    pub const RARITY: &str = "rarity";
    /// That something was never seen before with whoever did it. A kind may follow: `first_seen.user_host`.
    pub const FIRST_SEEN: &str = "first_seen";
    /// What an entity is there for, also as [`ASSET_ROLE`]. Those that many share (`proxy`, `nat`, `scanner`, `vpn`,
    /// `jump host`, `domain controller`, `load balancer`, `resolver`, `service account`) connect no strangers.
    pub const ROLE: &str = "role";
    /// What a machine is there for.
    pub const ASSET_ROLE: &str = "asset_role";
    /// Hash of a file's content, in hexadecimal.
    pub const HASH: &str = "hash";
}

const INDICATOR_SHIFT: f64 = 2.0;
const INDICATOR_SHIFT_MAX: f64 = 3.0;
/// Trust in an indicator whose source does not say.
const INDICATOR_CONFIDENCE: f64 = 0.5;
const BEHAVIOUR_SHIFT_MAX: f64 = 1.5;
/// What the first time of something adds.
const FIRST_SEEN_SHIFT: f64 = 0.4;
/// What it adds when the person is not here any more.
const GONE_SHIFT: f64 = 0.7;
/// From one in 55 on something is rare, and eight more are one in 160,000: as rare as it gets.
const RARE_FROM: f64 = 4.0;
const RARE_SPAN: f64 = 8.0;
/// Each further indicator or oddity counts this much of the one before.
const FURTHER: f64 = 0.4;
/// Signals named by one reason.
pub(crate) const REASON_SIGNALS_MAX: usize = 32;

const SHARED_ROLES: [&str; 15] = [
    "proxy",
    "nat",
    "gateway",
    "scanner",
    "vulnerability_scanner",
    "vpn",
    "jump_host",
    "bastion",
    "domain_controller",
    "load_balancer",
    "resolver",
    "dns",
    "mail_relay",
    "service",
    "service_account",
];

/// One statement's weight.
struct Shift {
    factor: RiskFactor,
    by: f64,
    what: String,
    signal: SignalId,
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

fn tier_shift(value: &str) -> Option<f64> {
    Some(match folded(value).as_str() {
        "0" | "1" | "critical" => 0.8,
        "2" | "high" => 0.4,
        "3" | "medium" => 0.0,
        "4" | "low" => -0.3,
        _ => return None,
    })
}

fn privilege_shift(value: &str) -> Option<f64> {
    Some(match folded(value).as_str() {
        "privileged" | "break_glass" | "admin" => 0.7,
        "service" => 0.2,
        "standard" => 0.0,
        "guest" => -0.2,
        _ => return None,
    })
}

fn number(value: &str) -> Option<f64> {
    value.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

fn about(entity: Option<&EntityRef>) -> String {
    entity.map(|entity| format!(" of {} {}", entity.entity_type, entity.value)).unwrap_or_default()
}

fn shift(signal: &Signal, stated: &sentra_model::Enrichment) -> Option<Shift> {
    let of = about(stated.entity.as_ref());
    let value = stated.value.chars().take(80).collect::<String>();
    let name = stated.name.split('.').next().unwrap_or_default();
    let (factor, by, what) = match name {
        enrichment::TIER => (RiskFactor::Asset, tier_shift(&value)?, format!("tier {value}{of}")),
        enrichment::PRIVILEGE => {
            (RiskFactor::Identity, privilege_shift(&value)?, format!("privilege {value}{of}"))
        }
        enrichment::INDICATOR => {
            let confidence = stated.confidence.filter(|confidence| confidence.is_finite());
            let by = INDICATOR_SHIFT * confidence.unwrap_or(INDICATOR_CONFIDENCE).clamp(0.0, 1.0);
            (RiskFactor::Indicator, by, format!("indicator {value} of {}", stated.source))
        }
        enrichment::DEVIATION => {
            let deviations = number(&value)?;
            let by = ((deviations - 2.0) * 0.25).clamp(0.0, 1.0);
            (RiskFactor::Behaviour, by, format!("{deviations:.1} deviations above the baseline{of}"))
        }
        enrichment::STATUS => {
            let is_gone = value.starts_with("terminated") || value.starts_with("disabled");
            (RiskFactor::Identity, is_gone.then_some(GONE_SHIFT)?, format!("{value}{of}"))
        }
        enrichment::PEER_DEVIATION => {
            let deviations = number(&value)?;
            let by = ((deviations - 2.0) * 0.25).clamp(0.0, 1.0);
            (RiskFactor::Behaviour, by, format!("{deviations:.1} deviations above peers{of}"))
        }
        enrichment::RARITY => {
            let by = ((number(&value)? - RARE_FROM) / RARE_SPAN).clamp(0.0, 1.0);
            (RiskFactor::Behaviour, by, format!("rarity {value}{of}"))
        }
        enrichment::FIRST_SEEN if !matches!(value.as_str(), "" | "0" | "false") => {
            (RiskFactor::Behaviour, FIRST_SEEN_SHIFT, format!("{}{of}", stated.name.replace(['_', '.'], " ")))
        }
        _ => return None,
    };
    Some(Shift { factor, by, what, signal: signal.id })
}

/// Whether an enrichment of `signal` says that many share the entity of this key.
pub(crate) fn is_shared(signal: &Signal, is_it: impl Fn(&EntityRef) -> bool) -> bool {
    signal.enrichments.iter().any(|stated| {
        matches!(stated.name.as_str(), enrichment::ROLE | enrichment::ASSET_ROLE)
            && stated.entity.as_ref().is_some_and(&is_it)
            && SHARED_ROLES.contains(&folded(&stated.value).as_str())
    })
}

/// Whether somebody declared that no person uses an account of `signal`.
pub(crate) fn is_service(signal: &Signal, is_it: impl Fn(&EntityRef) -> bool) -> bool {
    signal.enrichments.iter().any(|stated| {
        stated.name == enrichment::PRIVILEGE
            && stated.value == "service"
            && stated.entity.as_ref().is_some_and(&is_it)
    })
}

/// The strongest of one signal for the factors that cannot add up; 0 where nothing is stated.
fn strongest(shifts: &[Shift], factor: RiskFactor) -> Option<&Shift> {
    let of_factor = shifts.iter().filter(|shift| shift.factor == factor);
    of_factor.max_by(|one, other| one.by.total_cmp(&other.by).then_with(|| other.what.cmp(&one.what)))
}

/// The reasons that the enrichments of `signals` give, in the order of their factors.
pub(crate) fn reasons(signals: &[&Signal]) -> Vec<RiskReason> {
    let of_each: Vec<Vec<Shift>> = signals
        .iter()
        .map(|signal| signal.enrichments.iter().filter_map(|stated| shift(signal, stated)).collect())
        .collect();
    let mut reasons = Vec::new();
    for factor in [RiskFactor::Asset, RiskFactor::Identity] {
        reasons.extend(worth(&of_each, factor));
    }
    let all: Vec<&Shift> = of_each.iter().flatten().collect();
    reasons.extend(added(&all, RiskFactor::Indicator, INDICATOR_SHIFT_MAX));
    reasons.extend(added(&all, RiskFactor::Behaviour, BEHAVIOUR_SHIFT_MAX));
    reasons
}

/// What the most valuable thing is worth. A signal about which nothing is stated is worth 0, so low worth counts
/// only when it is stated of all.
fn worth(of_each: &[Vec<Shift>], factor: RiskFactor) -> Option<RiskReason> {
    let best = of_each.iter().map(|shifts| strongest(shifts, factor));
    let best = best.max_by(|one, other| {
        let by = |shift: &Option<&Shift>| shift.map_or(0.0, |shift| shift.by);
        by(one).total_cmp(&by(other)).then_with(|| {
            let key = |shift: &Option<&Shift>| shift.map(|shift| (shift.what.clone(), shift.signal));
            key(other).cmp(&key(one))
        })
    });
    let best = best.flatten().filter(|shift| shift.by != 0.0)?;
    let mut rests_on: Vec<SignalId> = of_each
        .iter()
        .flatten()
        .filter(|shift| shift.factor == factor && shift.what == best.what)
        .map(|shift| shift.signal)
        .collect();
    trim(&mut rests_on);
    Some(RiskReason { factor, what: best.what.clone(), log_odds: best.by, signals: rests_on })
}

fn trim(signals: &mut Vec<SignalId>) {
    signals.sort_unstable();
    signals.dedup();
    signals.truncate(REASON_SIGNALS_MAX);
}

/// Different statements of one factor, strongest first, each further one counting less, up to `limit`.
fn added(all: &[&Shift], factor: RiskFactor, limit: f64) -> Vec<RiskReason> {
    let mut by_what: std::collections::BTreeMap<&str, RiskReason> = std::collections::BTreeMap::new();
    for shift in all.iter().filter(|shift| shift.factor == factor && shift.by > 0.0) {
        let reason = by_what.entry(&shift.what).or_insert_with(|| RiskReason {
            factor,
            what: shift.what.clone(),
            log_odds: shift.by,
            signals: Vec::new(),
        });
        reason.log_odds = reason.log_odds.max(shift.by);
        reason.signals.push(shift.signal);
    }
    let mut reasons: Vec<RiskReason> = by_what.into_values().collect();
    reasons.sort_by(|one, other| {
        other.log_odds.total_cmp(&one.log_odds).then_with(|| one.what.cmp(&other.what))
    });
    let (mut weight, mut left) = (1.0, limit);
    for reason in &mut reasons {
        trim(&mut reason.signals);
        reason.log_odds = (reason.log_odds * weight).min(left);
        left -= reason.log_odds;
        weight *= FURTHER;
    }
    reasons.retain(|reason| reason.log_odds > 0.0);
    reasons
}
