//! The form of a question.

use sentra_model::Mart;
use serde::Serialize;

use super::rules::RuleId;
use super::scan::{Token, tokens};
use super::{kql, shorthand, sql};
use crate::Context;
use crate::english::{self, Reading};

/// The form that a question is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// The pipeline language.
    Kql,
    /// The search bar's `field:value "phrase"`.
    Shorthand,
    /// SQL.
    Sql,
    /// Plain English.
    English,
}

/// A form, and the rule that recognised it.
#[derive(Debug)]
pub(super) struct Recognised {
    pub(super) form: Form,
    pub(super) rule: RuleId,
    /// What was read when it had to be read in order to know.
    pub(super) reading: Option<Reading>,
}

/// Tables besides the marts.
const TABLES: [&str; 3] = ["events", "signals", "incidents"];

/// The form of `text`, which has no blanks around it.
pub(super) fn recognise(text: &str, context: &Context) -> Recognised {
    let by = |form: Form, rule: RuleId| Recognised { form, rule, reading: None };
    if text.is_empty() {
        return by(Form::English, RuleId::R08);
    }
    let tokens = tokens(text);
    if sql::is_sql(text, &tokens) {
        return by(Form::Sql, RuleId::R01);
    }
    if kql::is_event(&tokens) {
        return by(Form::Kql, RuleId::R04);
    }
    if kql::has_pipeline(text, &tokens) {
        return match shorthand::before_pipe(text) {
            true => by(Form::Shorthand, RuleId::R05),
            false => by(Form::Kql, RuleId::R02),
        };
    }
    if is_table(&tokens, context) || kql::is_statement(&tokens) {
        return by(Form::Kql, RuleId::R03);
    }
    match shorthand::looks_like(text) {
        shorthand::Looks::Fields => return by(Form::Shorthand, RuleId::R05),
        shorthand::Looks::Terms => return by(Form::Shorthand, RuleId::R06),
        shorthand::Looks::Mixed => {
            // Fields and words: a sentence when the words are part of one.
            let reading = english::read(text, context);
            let is_sentence = reading.signs.iter().any(|signs| {
                signs.subject || signs.when || signs.similar || signs.wanted() != english::Wanted::Exact
            });
            if !is_sentence {
                return by(Form::Shorthand, RuleId::R05);
            }
            return Recognised { form: Form::English, rule: RuleId::R07, reading: Some(reading) };
        }
        shorthand::Looks::Word => {
            let reading = english::read(text, context);
            let names_a_subject = reading.signs.iter().any(|signs| signs.subject);
            let is_known = reading.outcome.is_ok() && names_a_subject && !english::is_tool_alone(text)
                || reading
                    .signs
                    .iter()
                    .any(|signs| signs.similar || signs.wanted() != english::Wanted::Exact || signs.when);
            if !is_known {
                return by(Form::Shorthand, RuleId::R06);
            }
            return Recognised { form: Form::English, rule: RuleId::R07, reading: Some(reading) };
        }
        shorthand::Looks::Sentence => {}
    }
    by(Form::English, RuleId::R07)
}

/// One word that is a table's name.
fn is_table(tokens: &[Token<'_>], context: &Context) -> bool {
    let [Token::Word(word)] = tokens else { return false };
    let word = word.to_lowercase();
    TABLES.contains(&word.as_str()) || Mart::named(&word).is_some() || context.marts.contains(&word)
}
