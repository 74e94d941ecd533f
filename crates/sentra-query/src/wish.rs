//! An engine that the asker wants: the question is turned towards it, or it is said why that does not go.

use sentra_ask::{Form, RouteDecision};
use sentra_kql::plan::Plan;
use sentra_kql::{SourceKind, parse};
use sentra_store::EVENTS_TABLE;

use crate::desk::DeskParts;
use crate::error::QueryError;
use crate::forensic::FORENSIC_TABLE;
use crate::read::{Question, refusal};
use crate::request::Engine;
use crate::similar::{calls, each_pipeline, near};
use crate::tables::{INCIDENTS_TABLE, SIGNALS_TABLE};

/// The engine that holds a table.
pub(crate) fn engine_of(table: &str) -> &'static str {
    match table {
        SIGNALS_TABLE | INCIDENTS_TABLE => "records",
        FORENSIC_TABLE => "forensic",
        _ => "marts",
    }
}

/// Whether questions of the marts can be asked of the index over words, because that is wanted.
pub(crate) fn may_be_turned(engine: Engine, questions: &mut [Question]) -> bool {
    let mut is_of_events = false;
    if engine == Engine::Forensic {
        for question in questions {
            each_pipeline(&mut question.query, &mut |pipeline| {
                is_of_events |=
                    matches!(&pipeline.source.kind, SourceKind::Table(name) if name == EVENTS_TABLE);
            });
        }
    }
    is_of_events
}

/// Turns the questions towards the engine that is wanted.
pub(crate) fn grant(
    engine: Engine,
    parts: &DeskParts,
    text: &str,
    decision: &RouteDecision,
    questions: &mut [Question],
) -> Result<(), QueryError> {
    match engine {
        Engine::Forensic => {
            if parts.forensic.is_none() {
                return Err(QueryError::unavailable("forensic"));
            }
            for question in questions {
                each_pipeline(&mut question.query, &mut |pipeline| {
                    if let SourceKind::Table(name) = &mut pipeline.source.kind
                        && name == EVENTS_TABLE
                    {
                        FORENSIC_TABLE.clone_into(name);
                    }
                });
            }
            Ok(())
        }
        Engine::Similarity | Engine::Vectors => {
            if parts.similar.is_none() {
                return Err(QueryError::unavailable(engine.as_str()));
            }
            if questions.iter().any(|question| !calls(&question.query).is_empty()) {
                return Ok(());
            }
            let says_like_what = matches!(decision.form, Form::English | Form::Shorthand);
            let [only] = questions else {
                return Err(like_what(text));
            };
            if !says_like_what {
                return Err(like_what(text));
            }
            // Words without a sentence about likeness: what is described by them is meant.
            let kql = near(text);
            let query = parse(&kql).map_err(|_| like_what(text))?;
            *only = Question { asked: text.to_owned(), text: kql, query, with_all: false };
            Ok(())
        }
        Engine::Auto | Engine::Exact | Engine::Analytical | Engine::Marts | Engine::Records => Ok(()),
    }
}

fn like_what(text: &str) -> QueryError {
    let hint = "incidents | where similar(\"inc-…\"), or where near(\"what happened\")";
    refusal(text, "the question does not say like what", hint)
}

/// Refuses a plan that the engine that is wanted cannot answer.
pub(crate) fn check(engine: Engine, plan: &Plan, text: &str) -> Result<(), QueryError> {
    let wanted = match engine {
        Engine::Marts => "marts",
        Engine::Records => "records",
        _ => return Ok(()),
    };
    match plan.tables().into_iter().find(|table| engine_of(table) != wanted) {
        Some(other) => {
            let message = format!("engine {wanted} does not hold {other}");
            Err(refusal(text, &message, &format!("engine {} does; or use auto", engine_of(other))))
        }
        None => Ok(()),
    }
}
