//! A program in Vector's language, compiled once and resolved per line, as Vector's `remap` does.

use std::collections::BTreeMap;

use anyhow::anyhow;
use bytes::Bytes;
use vrl::compiler::state::RuntimeState;
use vrl::compiler::{Context, Program, TargetValue, TimeZone};
use vrl::value::{KeyString, Secrets, Value};

/// The peer with its lines, which it holds as Vector would hand them over: shared, not copied.
pub struct Peer {
    program: Program,
    lines: Vec<Bytes>,
}

impl Peer {
    pub fn new<'a>(program: &str, lines: impl Iterator<Item = &'a str>) -> anyhow::Result<Self> {
        let compiled = vrl::compiler::compile(program, &vrl::stdlib::all())
            .map_err(|problems| anyhow!("{program} does not compile: {problems:?}"))?;
        let lines = lines.map(|line| Bytes::copy_from_slice(line.as_bytes())).collect();
        Ok(Self { program: compiled.program, lines })
    }

    /// Parses every line; how many without an error.
    pub fn run(&mut self) -> usize {
        let message = KeyString::from("message");
        let zone = TimeZone::default();
        let mut state = RuntimeState::default();
        let mut target = TargetValue {
            value: Value::Object(BTreeMap::new()),
            metadata: Value::Object(BTreeMap::new()),
            secrets: Secrets::default(),
        };
        let mut understood = 0;
        for line in &self.lines {
            if let Value::Object(event) = &mut target.value {
                event.insert(message.clone(), Value::Bytes(line.clone()));
            }
            state.clear();
            let parsed = self.program.resolve(&mut Context::new(&mut target, &mut state, &zone));
            understood += usize::from(parsed.is_ok());
        }
        understood
    }
}

/// The peer's version, from the lock file this program was built with.
pub fn version() -> &'static str {
    let entry = include_str!("../Cargo.lock").split("name = \"vrl\"\nversion = \"").nth(1);
    entry.and_then(|rest| rest.split('"').next()).unwrap_or("unknown")
}
