//! Text to the parser's tree: held to its limits before it is read, and refused where it would do more than read.

use sentra_kql::{KqlError, Reason, Span, nearest};
use sqlparser::ast::Statement;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::dialect::Bounded;
use crate::limits::{SQL_BYTES_MAX, SQL_NESTING_MAX, SQL_STEPS_MAX, SQL_WORDS_MAX};
use crate::place::Text;

/// First words of statements that are answered.
const ANSWERED: [&str; 5] = ["select", "with", "show", "describe", "desc"];

/// First words of statements that are refused by their name, with what to do instead.
pub(crate) const REFUSED_STATEMENTS: [(&str, &str); 46] = [
    ("insert", "a SELECT: what is stored is not changed by questions"),
    ("update", "a SELECT: what is stored is not changed by questions"),
    ("delete", "a SELECT: what is stored is removed by its retention"),
    ("merge", "a SELECT: what is stored is not changed by questions"),
    ("replace", "a SELECT: what is stored is not changed by questions"),
    ("upsert", "a SELECT: what is stored is not changed by questions"),
    ("truncate", "a SELECT: what is stored is removed by its retention"),
    ("create", "WITH name AS (SELECT …)"),
    ("alter", "a SELECT: tables are registered, not altered by questions"),
    ("drop", "a SELECT: what is stored is removed by its retention"),
    ("rename", "SELECT a AS b"),
    ("copy", "SELECT …, and the export of the answer"),
    ("load", "a SELECT: events come in by the intake"),
    ("unload", "SELECT …, and the export of the answer"),
    ("export", "SELECT …, and the export of the answer"),
    ("import", "a SELECT: events come in by the intake"),
    ("install", "a SELECT"),
    ("attach", "a table of information_schema.tables"),
    ("detach", "a SELECT"),
    ("use", "a table of information_schema.tables"),
    ("set", "a SELECT: there is no session"),
    ("reset", "a SELECT: there is no session"),
    ("pragma", "information_schema.columns"),
    ("begin", "a SELECT: there are no transactions"),
    ("start", "a SELECT: there are no transactions"),
    ("commit", "a SELECT: there are no transactions"),
    ("rollback", "a SELECT: there are no transactions"),
    ("savepoint", "a SELECT: there are no transactions"),
    ("release", "a SELECT: there are no transactions"),
    ("lock", "a SELECT: there are no transactions"),
    ("grant", "a SELECT: who may ask what is said by the policy"),
    ("revoke", "a SELECT: who may ask what is said by the policy"),
    ("call", "a SELECT with functions"),
    ("execute", "a SELECT with its values written out"),
    ("exec", "a SELECT with functions"),
    ("prepare", "a SELECT with its values written out"),
    ("deallocate", "a SELECT"),
    ("declare", "WITH name AS (SELECT …)"),
    ("fetch", "SELECT … LIMIT 10"),
    ("analyze", "a SELECT: what there is to know of the data is known"),
    ("vacuum", "a SELECT: the data is compacted by itself"),
    ("explain", "the SELECT alone, and explain asked for beside it"),
    ("kill", "the cancelling of a question"),
    ("table", "SELECT * FROM …"),
    ("values", "SELECT 1 AS a, 'x' AS b"),
    ("from", "SELECT * FROM …"),
];

/// Words that may be meant where something else was found.
const CLAUSES: [&str; 34] = [
    "select", "from", "where", "group", "by", "having", "order", "limit", "offset", "join", "left", "inner",
    "on", "using", "and", "or", "not", "in", "is", "null", "like", "ilike", "between", "as", "distinct",
    "union", "all", "case", "when", "then", "else", "end", "with", "interval",
];

/// Reads one statement.
pub(crate) fn read(text: &Text<'_>) -> Result<Statement, KqlError> {
    if text.as_str().len() > SQL_BYTES_MAX {
        let message = format!("the statement is longer than {SQL_BYTES_MAX} bytes");
        return Err(KqlError::new(Reason::Limit, Span::new(SQL_BYTES_MAX, text.as_str().len()), message));
    }
    let dialect = Bounded::default();
    let tokens = Tokenizer::new(&dialect, text.as_str()).tokenize_with_location().map_err(|error| {
        let start = text.offset(error.location).unwrap_or_default();
        let message = error.message.to_lowercase();
        KqlError::new(Reason::Syntax, Span::new(start, text.as_str().len()), message)
    })?;
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    check_words(text, &tokens)?;
    check_brackets(text, &tokens)?;
    check_first(text, &tokens)?;
    check_single(text, &tokens)?;
    let parsed = Parser::new(&dialect)
        .with_recursion_limit(SQL_NESTING_MAX)
        .with_tokens_with_locations(tokens.clone())
        .parse_statements();
    if dialect.is_spent() {
        let message = format!("the statement takes more than {SQL_STEPS_MAX} steps to read");
        return Err(
            KqlError::new(Reason::Limit, text.whole(), message).hint("fewer brackets within brackets")
        );
    }
    let statements = parsed.map_err(|error| syntax(text, &tokens, &error))?;
    statements.into_iter().next().ok_or_else(|| nothing(text))
}

fn nothing(text: &Text<'_>) -> KqlError {
    KqlError::new(Reason::Syntax, text.whole(), "there is no statement").hint("SELECT … FROM …")
}

/// Law LIMIT: a chain of operators is a tree as deep as it is long.
fn check_words(text: &Text<'_>, tokens: &[TokenWithSpan]) -> Result<(), KqlError> {
    let is_counted = |token: &&TokenWithSpan| match &token.token {
        Token::Comma | Token::Period | Token::LParen | Token::RParen | Token::EOF | Token::SemiColon => false,
        Token::Word(_) => true,
        token => !is_value(token),
    };
    match tokens.iter().filter(is_counted).nth(SQL_WORDS_MAX) {
        None => Ok(()),
        Some(token) => {
            let message = format!("the statement has more than {SQL_WORDS_MAX} words and operators");
            Err(KqlError::new(Reason::Limit, text.span(token.span).unwrap_or_default(), message)
                .hint("x IN (…) in place of x = … OR x = …"))
        }
    }
}

/// Law LIMIT: the parser's own limit does not count every bracket.
fn check_brackets(text: &Text<'_>, tokens: &[TokenWithSpan]) -> Result<(), KqlError> {
    let mut depth = 0_usize;
    for token in tokens {
        match token.token {
            Token::LParen | Token::LBracket | Token::LBrace => depth += 1,
            Token::RParen | Token::RBracket | Token::RBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > SQL_NESTING_MAX {
            return Err(too_deep(text.span(token.span).unwrap_or_default()));
        }
    }
    Ok(())
}

fn too_deep(span: Span) -> KqlError {
    let message = format!("the statement is nested deeper than {SQL_NESTING_MAX} levels");
    KqlError::new(Reason::Limit, span, message)
}

fn is_value(token: &Token) -> bool {
    matches!(
        token,
        Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
    )
}

/// Read-only by construction: what is not a question is not even read.
fn check_first(text: &Text<'_>, tokens: &[TokenWithSpan]) -> Result<(), KqlError> {
    let first = tokens.iter().find(|token| !matches!(token.token, Token::LParen | Token::SemiColon));
    let Some(first) = first.filter(|token| token.token != Token::EOF) else { return Err(nothing(text)) };
    let span = text.span(first.span).unwrap_or_default();
    let word = match &first.token {
        Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase(),
        _ => String::new(),
    };
    if ANSWERED.contains(&word.as_str()) {
        return Ok(());
    }
    if let Some((refused, instead)) = REFUSED_STATEMENTS.iter().find(|(refused, _)| *refused == word) {
        let message = format!("{} is not supported: SQL here only reads", refused.to_uppercase());
        return Err(KqlError::new(Reason::Unsupported, span, message).hint(*instead));
    }
    let near = nearest(&word, ANSWERED).map_or_else(|| "SELECT …".to_owned(), str::to_uppercase);
    Err(KqlError::new(Reason::Syntax, span, "a statement begins with SELECT or WITH").hint(near))
}

/// Law LIMIT: one statement at a time.
fn check_single(text: &Text<'_>, tokens: &[TokenWithSpan]) -> Result<(), KqlError> {
    let mut behind = tokens.iter().skip_while(|token| token.token != Token::SemiColon);
    let is_more = |token: &&TokenWithSpan| !matches!(token.token, Token::SemiColon | Token::EOF);
    match behind.find(is_more) {
        None => Ok(()),
        Some(token) => {
            let span = text.span(token.span).unwrap_or_default();
            Err(KqlError::new(Reason::Unsupported, span, "several statements are not supported")
                .hint("one statement at a time"))
        }
    }
}

/// What the parser says, with the place and the word that was probably meant.
fn syntax(text: &Text<'_>, tokens: &[TokenWithSpan], error: &ParserError) -> KqlError {
    let message = match error {
        ParserError::RecursionLimitExceeded => return too_deep(text.whole()),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.as_str(),
    };
    let (said, place) = match message.rsplit_once(" at Line: ") {
        Some((said, place)) => (said, place.split_once(", Column: ")),
        None => (message, None),
    };
    let location = place.and_then(|(line, column)| {
        Some(sqlparser::tokenizer::Location { line: line.parse().ok()?, column: column.trim().parse().ok()? })
    });
    let start = location.and_then(|location| text.offset(location));
    let found = tokens.iter().position(|token| {
        start.is_some() && text.span(token.span).map(|span| span.start) == start && token.token != Token::EOF
    });
    let span = match (found.and_then(|found| tokens.get(found)), start) {
        (Some(token), _) => text.span(token.span).unwrap_or_default(),
        (None, Some(start)) => Span::new(start, text.as_str().len().max(start)),
        (None, None) => text.whole(),
    };
    let said: String =
        said.replace("Expected: ", "expected ").replace(", found: ", ", found ").chars().take(200).collect();
    KqlError::new(Reason::Syntax, span, said).maybe_hint(meant(tokens, found))
}

/// The word that was probably meant: at the place, or before it, where a misspelt one was read as a name.
fn meant(tokens: &[TokenWithSpan], found: Option<usize>) -> Option<String> {
    let place = found.unwrap_or(tokens.len());
    let candidates = [Some(place), place.checked_sub(1), place.checked_sub(2)];
    candidates.into_iter().flatten().find_map(|place| match &tokens.get(place)?.token {
        Token::Word(word) if word.keyword == Keyword::NoKeyword && word.quote_style.is_none() => {
            nearest(&word.value, CLAUSES).map(str::to_uppercase)
        }
        _ => None,
    })
}
