//! What a suggestion means, in a line.

use sentra_kql::plan::Catalog;
use sentra_kql::{AggregateFunction, Builtin, OPERATOR_HELP, Suggestion, SuggestionKind};
use sentra_store::header_column;

use super::{CompletedItem, ItemKind};

/// A suggestion of the language as an item.
pub(super) fn item(suggestion: Suggestion, catalog: &Catalog) -> CompletedItem {
    let Suggestion { text, kind, detail } = suggestion;
    let name = text.trim_end_matches('(');
    let (kind, detail) = match kind {
        SuggestionKind::Value => (ItemKind::Value, format!("seen in {detail}")),
        SuggestionKind::Column => {
            let title = header_column(name).map(|header| header.title);
            (ItemKind::Column, title.map_or_else(|| detail.clone(), |title| format!("{detail}: {title}")))
        }
        SuggestionKind::Field => (ItemKind::Column, "a field of the source".to_owned()),
        SuggestionKind::Table => {
            let title = catalog.table(name).map(|table| table.title.clone());
            (ItemKind::Table, title.unwrap_or_else(|| "named by let".to_owned()))
        }
        SuggestionKind::Operator => {
            let help = OPERATOR_HELP.iter().find(|help| help.words.split(", ").any(|word| word == name));
            (ItemKind::Operator, help.map_or(detail, |help| help.title.to_owned()))
        }
        SuggestionKind::Comparison => (ItemKind::Operator, comparison(name).to_owned()),
        SuggestionKind::Keyword => (ItemKind::Keyword, detail),
        SuggestionKind::Aggregate => {
            let title = AggregateFunction::named(name).map(AggregateFunction::title);
            (ItemKind::Function, title.map_or_else(|| detail.clone(), |title| format!("{detail}: {title}")))
        }
        SuggestionKind::Function => {
            let title = Builtin::named(name).map(Builtin::title);
            (ItemKind::Function, title.map_or_else(|| detail.clone(), |title| format!("{detail}: {title}")))
        }
    };
    CompletedItem { text, kind, detail }
}

/// What a word between two values does.
fn comparison(word: &str) -> &'static str {
    let builtin = Builtin::ALL.iter().find(|builtin| {
        let mut parts = builtin.written().split_whitespace();
        parts.any(|part| part == word)
    });
    builtin.map_or("", |builtin| builtin.title())
}
