//! Values as they are stored with the state.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::Value;

#[derive(Serialize, Deserialize)]
enum Stored {
    N,
    T(String),
    I(i64),
    F(f64),
    B(bool),
    Y(Vec<u8>),
    L(Vec<Stored>),
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::N,
        Value::Text(text) => Stored::T(text.to_string()),
        Value::Int(int) => Stored::I(*int),
        Value::Float(float) => Stored::F(*float),
        Value::Bool(bool) => Stored::B(*bool),
        Value::Bytes(bytes) => Stored::Y(bytes.to_vec()),
        Value::List(values) => Stored::L(values.iter().map(stored).collect()),
    }
}

fn value(stored: Stored) -> Value {
    match stored {
        Stored::N => Value::Null,
        Stored::T(text) => Value::from(text),
        Stored::I(int) => Value::Int(int),
        Stored::F(float) => Value::from(float),
        Stored::B(bool) => Value::Bool(bool),
        Stored::Y(bytes) => Value::Bytes(bytes.into()),
        Stored::L(values) => Value::list(values.into_iter().map(value)),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        stored(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Stored::deserialize(deserializer).map(value)
    }
}
