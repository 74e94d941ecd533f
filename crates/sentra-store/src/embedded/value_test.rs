//! A [`ValueTest`] as a DataFusion function: one instance per test, with the test inside. On a column with a dictionary
//! it is made once for each distinct value.
//!
//! On the map of source fields it holds when *any* value of the named field passes, so that fields with
//! several values are searched in full.

use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use arrow_array::builder::BooleanBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use regex::{Regex, RegexBuilder, bytes};

use super::stop::Stop;
use crate::matcher::ValueTest;
use crate::schema::FieldMaps;

/// Size of a compiled regular expression, in bytes: as the interpreter's.
const REGEX_BYTES_MAX: usize = 1 << 20;
/// Nesting of a regular expression.
const REGEX_DEPTH_MAX: u32 = 100;

#[derive(Debug, Clone)]
enum Test {
    Value(ValueTest),
    Regex(Arc<Regex>),
}

impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => one == other,
            (Self::Regex(one), Self::Regex(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Eq for Test {}

impl Hash for Test {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Value(test) => test.hash(state),
            Self::Regex(regex) => regex.as_str().hash(state),
        }
    }
}

impl Test {
    fn matches(&self, value: &str) -> bool {
        match self {
            Self::Value(test) => test.matches(value),
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

#[derive(Debug, Clone)]
struct TestFunction {
    signature: Signature,
    /// The source field; `None` for a text column or the raw bytes.
    field: Option<String>,
    test: Test,
    /// Ends it between two rows.
    stop: Stop,
    /// Finds what every ASCII text that passes has in it, made when it is needed.
    part: OnceLock<Option<bytes::Regex>>,
}

impl PartialEq for TestFunction {
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field && self.test == other.test
    }
}

impl Eq for TestFunction {}

impl Hash for TestFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.field.hash(state);
        self.test.hash(state);
    }
}

/// `test` on the column `column`, or on the source field `field` of the map `column`.
pub(super) fn value_test(column: Expr, field: Option<&str>, test: &ValueTest, stop: &Stop) -> Expr {
    function(column, field, Test::Value(test.clone()), stop)
}

/// As [`value_test`] for a regular expression; nothing where it is none, or where an empty text fits it.
pub(super) fn regex_test(column: Expr, field: Option<&str>, pattern: &str, stop: &Stop) -> Option<Expr> {
    let regex =
        RegexBuilder::new(pattern).size_limit(REGEX_BYTES_MAX).nest_limit(REGEX_DEPTH_MAX).build().ok()?;
    let fits_nothing = regex.is_match("");
    (!fits_nothing).then(|| function(column, field, Test::Regex(Arc::new(regex)), stop))
}

fn function(column: Expr, field: Option<&str>, test: Test, stop: &Stop) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    let (field, stop) = (field.map(str::to_owned), stop.clone());
    let function = TestFunction { signature, field, test, stop, part: OnceLock::new() };
    ScalarUDF::from(function).call(vec![column])
}

impl ScalarUDFImpl for TestFunction {
    fn name(&self) -> &str {
        if self.field.is_some() { "source_field" } else { "value_test" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let Some(array) = arrays.first() else { return exec_err!("{} takes one column", self.name()) };
        let result = match &self.test {
            Test::Regex(_) => self.stop.apart(|| self.on(array)),
            Test::Value(_) => self.on(array),
        };
        match result? {
            Some(result) => Ok(ColumnarValue::Array(Arc::new(result))),
            None => exec_err!("{} cannot take {}", self.name(), array.data_type()),
        }
    }
}

/// Finds what every ASCII text that passes `test` has in it.
fn part_of(test: &Test) -> Option<bytes::Regex> {
    let Test::Value(test) = test else { return None };
    let mut part = bytes::RegexBuilder::new(&regex::escape(test.part()?));
    part.unicode(false).case_insensitive(true).size_limit(REGEX_BYTES_MAX).build().ok()
}

impl TestFunction {
    /// Which rows pass; nothing for a column that cannot be tested.
    fn on(&self, array: &ArrayRef) -> Result<Option<BooleanArray>> {
        match (&self.field, array.data_type()) {
            (Some(field), DataType::Map(..)) => self.on_fields(array, field),
            (None, DataType::Utf8) => self.on_texts(array.as_string()),
            (None, DataType::Dictionary(..)) => self.on_dictionary(array),
            (None, DataType::Binary) => {
                let matches = |raw: &[u8]| self.test.matches(&String::from_utf8_lossy(raw));
                self.on_each(array.as_binary::<i32>().iter().map(|raw| raw.is_some_and(matches)))
            }
            _ => Ok(None),
        }
    }

    /// Texts stand one after the other in memory: most of those that do not pass are ruled out by one search through all.
    fn on_texts(&self, texts: &StringArray) -> Result<Option<BooleanArray>> {
        let passes = |text: Option<&str>| text.is_some_and(|text| self.test.matches(text));
        let Some(part) = self.part.get_or_init(|| part_of(&self.test)) else {
            return self.on_each(texts.iter().map(passes));
        };
        // Those of a part of a batch stand among those of the others.
        let end = texts.value_offsets().last().and_then(|end| usize::try_from(*end).ok());
        let all = texts.values().get(..end.unwrap_or_default()).unwrap_or_default();
        let start = texts.value_offsets().first().and_then(|start| usize::try_from(*start).ok());
        let is_ascii = all.get(start.unwrap_or_default()..).is_some_and(<[u8]>::is_ascii);
        let mut found = None;
        let mut may_pass = |place: &[i32]| {
            let &[from, to] = place else { return true };
            let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else { return true };
            // By other letters more is the same without case than ASCII has.
            if !is_ascii && !all.get(from..to).is_some_and(<[u8]>::is_ascii) {
                return true;
            }
            if found.as_ref().is_none_or(|found: &Range<usize>| found.start < from) {
                let next = (from < all.len()).then(|| part.find_at(all, from)).flatten();
                found = Some(next.map_or(usize::MAX..usize::MAX, |next| next.range()));
            }
            found.as_ref().is_some_and(|found| found.end <= to)
        };
        let places = texts.value_offsets().windows(2);
        self.on_each(texts.iter().zip(places).map(|(text, place)| may_pass(place) && passes(text)))
    }

    /// Tests that are made one after the other while the question stands.
    fn on_each(&self, tests: impl Iterator<Item = bool>) -> Result<Option<BooleanArray>> {
        let mut passed = BooleanBuilder::with_capacity(tests.size_hint().0);
        let mut steps = self.stop.steps();
        for passes in tests {
            steps.row()?;
            passed.append_value(passes);
        }
        Ok(Some(passed.finish()))
    }

    fn on_fields(&self, array: &ArrayRef, field: &str) -> Result<Option<BooleanArray>> {
        let Some(maps) = FieldMaps::of(array.as_map()) else { return Ok(None) };
        let any = |row| maps.values(row, field).any(|value| self.test.matches(value));
        self.on_each((0..array.len()).map(any))
    }

    fn on_dictionary(&self, array: &ArrayRef) -> Result<Option<BooleanArray>> {
        let Some(array) = array.as_dictionary_opt::<Int32Type>() else { return Ok(None) };
        let Some(values) = array.values().as_string_opt::<i32>() else { return Ok(None) };
        let mut known: Vec<Option<bool>> = vec![None; values.len()];
        let mut steps = self.stop.steps();
        let mut ended = None;
        let keys = array.keys();
        let passed = BooleanBuffer::collect_bool(keys.len(), |row| {
            let key = keys.values().get(row).filter(|_| keys.is_valid(row) && ended.is_none());
            let key = key.and_then(|key| usize::try_from(*key).ok());
            match key.and_then(|key| Some((key, known.get_mut(key)?))) {
                None => false,
                Some((_, Some(known))) => *known,
                Some((key, slot)) => {
                    ended = steps.row().err();
                    *slot.insert(values.is_valid(key) && self.test.matches(values.value(key)))
                }
            }
        });
        match ended {
            Some(ended) => Err(ended),
            None => Ok(Some(BooleanArray::new(passed, None))),
        }
    }
}

/// The first value of a source field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FirstValue {
    signature: Signature,
    field: String,
}

/// The first value of the source field `field` of the map `column`, null where there is none.
pub(super) fn first_value(column: Expr, field: &str) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::from(FirstValue { signature, field: field.to_owned() }).call(vec![column])
}

impl ScalarUDFImpl for FirstValue {
    fn name(&self) -> &str {
        "first_value_of_field"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let map = arrays.first().and_then(|array| array.as_map_opt());
        let Some(maps) = map.and_then(FieldMaps::of) else { return exec_err!("a map of fields is wanted") };
        let rows = map.map_or(0, Array::len);
        let values: StringArray = (0..rows).map(|row| maps.values(row, &self.field).next()).collect();
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(test: &ValueTest, texts: &ArrayRef) -> Vec<bool> {
        let function = TestFunction {
            signature: Signature::any(1, Volatility::Immutable),
            field: None,
            test: Test::Value(test.clone()),
            stop: Stop::default(),
            part: OnceLock::new(),
        };
        let passed = function.on(texts).unwrap().unwrap();
        passed.iter().map(Option::unwrap).collect()
    }

    #[test]
    fn a_search_through_all_texts_finds_what_each_alone_shows() {
        // Parts that end in the next text, other letters that are the same without case, nothing, and no text.
        let words = [
            "root",
            "ROOT",
            "ro",
            "ot",
            "roo",
            "t",
            "",
            " ",
            "x root y",
            "rootroot",
            "proot",
            "\u{212a}ey",
            "KEY",
            "ö root",
        ];
        let mut texts: Vec<Option<String>> = vec![None];
        for one in words {
            texts.push(Some(one.to_owned()));
            texts.extend(words.map(|other| Some(format!("{one}{other}"))));
            texts.push(None);
        }
        let (ascii, all): (Vec<_>, Vec<_>) = (
            texts.iter().filter(|text| text.as_ref().is_none_or(|text| text.is_ascii())).cloned().collect(),
            texts,
        );
        let parts = ["root", "ro", "t", "tr", "key", "ey", "ö", "", " ", "rootrootroot"].map(str::to_owned);
        let tests = parts.into_iter().flat_map(|part| {
            [ValueTest::Contains, ValueTest::Has, ValueTest::StartsWith, ValueTest::EndsWith]
                .map(|test| test(part.clone()))
        });
        let mut seen = 0;
        for test in tests.chain([ValueTest::NotEmpty]) {
            for texts in [&ascii, &all] {
                let expected = texts.iter().map(|text| text.as_ref().is_some_and(|text| test.matches(text)));
                let expected: Vec<bool> = expected.collect();
                seen += expected.iter().filter(|passes| **passes).count();
                let array: ArrayRef = Arc::new(texts.iter().cloned().collect::<StringArray>());
                assert_eq!(passed(&test, &array), expected, "{test:?}");
                for (from, length) in [(0, 1), (3, 7), (50, texts.len() - 60), (texts.len() - 1, 1), (5, 0)] {
                    let part = array.slice(from, length);
                    assert_eq!(passed(&test, &part), expected[from..from + length], "{test:?} from {from}");
                }
            }
        }
        assert!(seen > 1_000, "{seen}");
    }
}
