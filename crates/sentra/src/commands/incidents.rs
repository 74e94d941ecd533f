//! `sentra incidents list` and `sentra incidents show`

use sentra_model::SentenceRole;

use crate::cli::{IncidentsListArguments, IncidentsShowArguments};
use crate::commands::access::Access;
use crate::output;
use crate::progress::counted;

pub(crate) fn list(arguments: &IncidentsListArguments) -> anyhow::Result<()> {
    let incidents = Access::open(&arguments.place, false)?.incidents(arguments.limit)?;
    if arguments.json {
        return output::json(&incidents);
    }
    let rows: Vec<Vec<String>> = incidents
        .iter()
        .map(|incident| {
            vec![
                incident.id.to_string(),
                incident.severity.as_str().to_owned(),
                output::percent(incident.risk.score),
                incident.status.as_str().to_owned(),
                incident.signals.to_string(),
                incident.first.to_string(),
                incident.title.clone(),
            ]
        })
        .collect();
    output::table(&["id", "severity", "risk", "status", "signals", "first", "title"], &rows)?;
    output::remark(&counted(incidents.len() as u64, "incident"));
    Ok(())
}

pub(crate) fn show(arguments: &IncidentsShowArguments) -> anyhow::Result<()> {
    let incident = Access::open(&arguments.place, false)?.incident(arguments.id)?;
    if arguments.json {
        return output::json(&incident);
    }
    let risk = incident.risk;
    output::line(&output::visible(&incident.title))?;
    output::line(&format!(
        "{}  {}  risk {} ({} to {})  {}",
        incident.id,
        incident.severity.as_str(),
        output::percent(risk.score),
        output::percent(risk.low),
        output::percent(risk.high),
        incident.status.as_str()
    ))?;
    output::line(&format!("{} to {}", incident.first, incident.last))?;
    if !incident.techniques.is_empty() {
        output::line(&format!("ATT&CK {}", incident.techniques.join(", ")))?;
    }
    output::line("")?;
    for sentence in &incident.narrative.sentences {
        let lead = if sentence.role == SentenceRole::Headline { "" } else { "  " };
        let signals: Vec<String> = sentence.signals.iter().take(3).map(ToString::to_string).collect();
        let more = sentence.signals.len().saturating_sub(signals.len());
        let more = if more > 0 { format!(" +{more}") } else { String::new() };
        output::line(&format!("{lead}{} [{}{more}]", output::visible(&sentence.text), signals.join(" ")))?;
    }
    output::line("")?;
    let rows: Vec<Vec<String>> = incident
        .signals
        .iter()
        .map(|signal| {
            let events: Vec<String> = signal.events.iter().take(3).map(ToString::to_string).collect();
            vec![
                signal.id.to_string(),
                signal.severity.as_str().to_owned(),
                signal.count.to_string(),
                signal.first.to_string(),
                signal.rule.title.clone(),
                events.join(" "),
            ]
        })
        .collect();
    output::table(&["signal", "severity", "count", "first", "rule", "events"], &rows)?;
    output::remark("a raw line: sentra query 'event(\"ID\")'");
    Ok(())
}
