//! The contract of [`TextIndex`] (law SAME): every engine passes it.

mod budget;
mod finding;
mod fixture;
mod keeping;

pub(crate) use fixture::{TENANT, config, document, ids, policy, progress, scope, signal, stretch, wide};

use crate::{EmbeddedIndex, EmbeddedOptions, ForensicConfig, MemoryIndex, TextIndex};

/// Opens an engine; what comes with it must live as long.
type Opened = (Box<dyn TextIndex>, Option<tempfile::TempDir>);

fn memory(config: &ForensicConfig) -> Opened {
    (Box::new(MemoryIndex::new(config).unwrap()), None)
}

fn embedded(config: &ForensicConfig) -> Opened {
    let directory = tempfile::tempdir().unwrap();
    let index = EmbeddedIndex::new(directory.path(), config, EmbeddedOptions::default()).unwrap();
    (Box::new(index), Some(directory))
}

macro_rules! text_contract {
    ($engine:ident: $($area:ident { $($case:ident)+ })+) => {
        mod $engine {
            $($(
                #[test]
                fn $case() {
                    super::$area::$case(&super::$engine);
                }
            )+)+
        }
    };
}

macro_rules! engines {
    ($($engine:ident)+) => {$(
        text_contract! { $engine:
            finding {
                what_has_finds_is_found
                fields_have_values
                reasons_and_classes_are_found
                clauses_are_joined
                the_newest_come_first
                ranges_and_marts_select
                long_documents_are_cut_and_say_so
                hostile_queries_are_refused
                what_the_deadline_stops_says_so
            }
            keeping {
                what_is_not_committed_is_not_found
                a_replay_repeats_nothing
                stretches_that_overlap_count_once
                reasons_are_united
                what_is_missing_is_said
                tenants_do_not_see_each_other
                retention_is_kept
                too_many_documents_are_refused
            }
            budget {
                the_last_class_gives_way_first
                what_gave_way_is_lacking_while_it_would_be_kept
                the_oldest_of_a_class_gives_way_first
                nothing_is_pushed_out_by_what_is_lesser
                the_share_grows_with_what_is_ingested
            }
        }
    )+};
}
engines! { memory embedded }
