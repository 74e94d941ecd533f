//! Which kind of model is the default: the one that predicts held-out data better.

use super::{Alphabet, FitSettings, ModelKind, SequenceError, SequenceModel, Symbol, TrainingReport};

/// Both kinds compared.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Selection {
    /// The kind with the smaller held-out loss; the n-gram where they are equal, for it is the faster.
    pub chosen: ModelKind,
    /// The n-gram's figures.
    pub ngram: TrainingReport,
    /// The network's figures.
    pub gru: TrainingReport,
}

/// Fits both kinds of model, and gives the better one on `held_out` and how they compare.
pub fn select(
    alphabet: &Alphabet,
    training: &[Vec<Symbol>],
    held_out: &[Vec<Symbol>],
    settings: &FitSettings,
) -> Result<(SequenceModel, Selection), SequenceError> {
    let ngram = SequenceModel::fit(ModelKind::Ngram, alphabet, training, held_out, settings)?;
    let gru = SequenceModel::fit(ModelKind::Gru, alphabet, training, held_out, settings)?;
    let is_gru_better = gru.report().held_out_bits < ngram.report().held_out_bits;
    let chosen = if is_gru_better { ModelKind::Gru } else { ModelKind::Ngram };
    let selection = Selection { chosen, ngram: *ngram.report(), gru: *gru.report() };
    Ok((if is_gru_better { gru } else { ngram }, selection))
}
