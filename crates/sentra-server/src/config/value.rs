use std::path::{Path, PathBuf};

use toml::de::DeValue;

/// A type that a configuration value can have.
pub(super) trait ConfigValue: Sized {
    /// What a right value looks like, for error messages and the reference.
    const EXPECTED: &'static str;

    /// The value from TOML; `None` when it has another shape.
    fn from_toml(value: &DeValue<'_>) -> Option<Self>;

    /// The value from the text of an environment variable; `None` when it has another shape.
    fn from_text(text: &str) -> Option<Self>;

    /// The value as it is written in TOML.
    fn to_toml(&self) -> String;
}

macro_rules! whole_numbers {
    ($($number:ty),+) => {$(
        impl ConfigValue for $number {
            const EXPECTED: &'static str = "a whole number";

            fn from_toml(value: &DeValue<'_>) -> Option<Self> {
                let integer = value.as_integer()?;
                Self::from_str_radix(integer.as_str(), integer.radix()).ok()
            }

            fn from_text(text: &str) -> Option<Self> {
                text.replace('_', "").parse().ok()
            }

            fn to_toml(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

whole_numbers!(u32, u64, usize);

impl ConfigValue for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl ConfigValue for String {
    const EXPECTED: &'static str = "a text";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
}

/// `0` means: no limit.
impl ConfigValue for Option<u64> {
    const EXPECTED: &'static str = "a whole number, 0 for none";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        u64::from_toml(value).map(|number| (number != 0).then_some(number))
    }

    fn from_text(text: &str) -> Option<Self> {
        u64::from_text(text).map(|number| (number != 0).then_some(number))
    }

    fn to_toml(&self) -> String {
        self.unwrap_or_default().to_string()
    }
}

impl ConfigValue for Vec<String> {
    const EXPECTED: &'static str = "a list of texts";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|entry| String::from_toml(entry.get_ref())).collect()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect())
    }

    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
}

/// An empty text means: none.
impl ConfigValue for Option<PathBuf> {
    const EXPECTED: &'static str = "a path, empty for none";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        String::from_toml(value).and_then(|path| Self::from_text(&path))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some((!text.is_empty()).then(|| PathBuf::from(text)))
    }

    fn to_toml(&self) -> String {
        format!("{:?}", self.as_deref().unwrap_or(Path::new("")))
    }
}

impl ConfigValue for Vec<PathBuf> {
    const EXPECTED: &'static str = "a list of paths";

    fn from_toml(value: &DeValue<'_>) -> Option<Self> {
        Vec::<String>::from_toml(value).map(|paths| paths.into_iter().map(PathBuf::from).collect())
    }

    fn from_text(text: &str) -> Option<Self> {
        Vec::<String>::from_text(text).map(|paths| paths.into_iter().map(PathBuf::from).collect())
    }

    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
}
