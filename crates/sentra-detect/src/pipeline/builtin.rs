//! The pipelines that come with the crate.

/// Names of the pipelines that come with the crate: what fields are called in events of the Elastic agents
/// (`ecs`), in the Windows security log (`windows_audit`), in Sysmon's own log, addressed by event id
/// (`sysmon`), and in the Open Cybersecurity Schema Framework (`ocsf`).
pub const BUILT_IN_PIPELINES: [&str; 4] = ["ecs", "windows_audit", "sysmon", "ocsf"];

/// The path and the text of a built-in pipeline.
pub(super) fn text(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "ecs" => ("pipelines/ecs.yml", include_str!("data/ecs.yml")),
        "windows_audit" => ("pipelines/windows_audit.yml", include_str!("data/windows_audit.yml")),
        "sysmon" => ("pipelines/sysmon.yml", include_str!("data/sysmon.yml")),
        "ocsf" => ("pipelines/ocsf.yml", include_str!("data/ocsf.yml")),
        _ => return None,
    })
}
