//! Prints how questions are routed and what plain English is understood to mean.
//!
//! ```text
//! cargo run -p sentra-ask --example ask -- "failed logins from 10.1.2.3 yesterday"
//! ```

#![allow(clippy::print_stdout, reason = "it prints")]

use sentra_ask::{Context, route};
use sentra_model::{Clock, SystemClock};

fn main() {
    let moment = std::env::var("ASKED_AT").ok().and_then(|moment| moment.parse().ok());
    let context = Context::at(moment.unwrap_or_else(|| SystemClock.now()));
    for question in std::env::args().skip(1) {
        let decision = route(&question, &context);
        let rules: Vec<&str> = decision.rules.iter().map(|rule| rule.as_str()).collect();
        println!("{question}");
        println!(
            "  {:?} {} {:.2} {}",
            decision.form,
            decision.intent_text(),
            decision.confidence,
            rules.join(" ")
        );
        match decision.english {
            Some(Ok(understood)) => {
                println!("  {}", understood.kql);
                for part in &understood.parts {
                    println!(
                        "    {:?}: {}",
                        question.get(part.span.0..part.span.1).unwrap_or_default(),
                        part.meaning
                    );
                }
                for unused in &understood.unused {
                    println!("    not used: {}", unused.word);
                }
            }
            Some(Err(refused)) => {
                let unused: Vec<&str> = refused.unused.iter().map(|unused| unused.word.as_str()).collect();
                println!("  refused: {} ({})", refused.reason, unused.join(", "));
                println!("  ask: {}", refused.suggestions.join(" | "));
            }
            None => {}
        }
    }
}
