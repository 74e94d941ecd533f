//! `net.*`

use std::net::IpAddr;
use std::sync::Arc;

use crate::test::Network;
use crate::yaral::value::{Kind, Value};

use super::{Call, Function, function, param, text};

pub(super) const FUNCTIONS: &[Function] = &[Function {
    prepare: Some(prepare),
    ..function(
        "net.ip_in_range_cidr",
        &[param("address", Kind::Text), param("network", Kind::Text)],
        Kind::Bool,
        |arguments| in_network(Network::read(&text(arguments, 1)), arguments),
    )
}];

fn prepare(literals: &[Option<Value>], _nocase: bool) -> Result<Option<Call>, String> {
    let Some(Some(literal)) = literals.get(1) else { return Ok(None) };
    let literal = literal.to_text();
    let Some(network) = Network::read(&literal) else {
        return Err(format!(
            "{literal:?} is not a network; write it like \"192.0.2.0/24\" or \"2001:db8::/32\""
        ));
    };
    Ok(Some(Arc::new(move |arguments| in_network(Some(network), arguments))))
}

fn in_network(network: Option<Network>, arguments: &[Value]) -> Value {
    let address = text(arguments, 0).trim().parse::<IpAddr>();
    address.is_ok_and(|address| network.is_some_and(|network| network.holds(address))).into()
}
