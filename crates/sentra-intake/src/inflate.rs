use std::collections::VecDeque;
use std::io::{Read as _, Write as _};

use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{DParameter, Decoder, Operation};

const GZIP: &str = "gzip";
const ZSTD: &str = "zstd";

/// How a body or a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// Recognised by its first bytes, not by a name.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            // A zstd file may begin with a skippable frame.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Law LIMIT: how far something may expand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InflateLimits {
    /// Times its compressed size, once `free_bytes` are passed.
    pub(crate) ratio_max: u64,
    /// Up to here the ratio does not matter: small inputs of equal lines compress very well.
    pub(crate) free_bytes: u64,
    /// Bytes at all.
    pub(crate) total_bytes_max: u64,
    /// Power of two of the zstd window, which is memory.
    pub(crate) window_log_max: u32,
}

/// Why decompression stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateProblem {
    #[error("the {format} data is damaged: {detail}")]
    Damaged { format: &'static str, detail: String },
    #[error("the {format} data ends in the middle or its checksum is wrong")]
    Truncated { format: &'static str },
    #[error("the data expands to more than {ratio_max} times its size")]
    RatioTooHigh { ratio_max: u64 },
    #[error("the data expands to more than {bytes_max} bytes")]
    TooLarge { bytes_max: u64 },
}

/// How far one step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) read: usize,
    pub(crate) written: usize,
}

/// A decompressor that is driven step by step with the caller's buffers, so that it never holds more than
/// its window and a few pieces of output. Several members or frames one after another are one stream.
pub(crate) struct Inflater {
    engine: Engine,
    limits: InflateLimits,
    bytes_in: u64,
    bytes_out: u64,
}

enum Engine {
    Gzip(Box<Gzip>),
    Zstd {
        decoder: Decoder<'static>,
        /// Whether a frame is complete and no further one has begun.
        at_end: bool,
    },
}

impl Inflater {
    pub(crate) fn new(compression: Compression, limits: InflateLimits) -> Result<Self, InflateProblem> {
        let engine = match compression {
            Compression::Gzip => Engine::Gzip(Box::new(Gzip::new())),
            Compression::Zstd => {
                let decoder = zstd_decoder(limits.window_log_max).map_err(damaged(ZSTD))?;
                Engine::Zstd { decoder, at_end: true }
            }
        };
        Ok(Self { engine, limits, bytes_in: 0, bytes_out: 0 })
    }

    /// Decompresses some of `input` into `output`. Call it again with the rest of the input until a step
    /// neither reads nor writes.
    pub(crate) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, InflateProblem> {
        let step = match &mut self.engine {
            Engine::Gzip(gzip) => gzip.step(input, output).map_err(damaged(GZIP))?,
            Engine::Zstd { decoder, at_end } => {
                let status = decoder.run_on_buffers(input, output).map_err(damaged(ZSTD))?;
                if status.bytes_read > 0 || status.bytes_written > 0 {
                    *at_end = status.remaining == 0;
                }
                Step { read: status.bytes_read, written: status.bytes_written }
            }
        };
        if !input.is_empty() && step == (Step { read: 0, written: 0 }) {
            return Err(InflateProblem::Damaged {
                format: self.format(),
                detail: "it does not go on".to_owned(),
            });
        }
        self.bytes_in += step.read as u64;
        self.bytes_out += step.written as u64;
        self.check_limits()?;
        Ok(step)
    }

    fn format(&self) -> &'static str {
        match self.engine {
            Engine::Gzip(_) => GZIP,
            Engine::Zstd { .. } => ZSTD,
        }
    }

    fn check_limits(&self) -> Result<(), InflateProblem> {
        let InflateLimits { ratio_max, free_bytes, total_bytes_max, .. } = self.limits;
        if self.bytes_out > total_bytes_max {
            return Err(InflateProblem::TooLarge { bytes_max: total_bytes_max });
        }
        if self.bytes_out > free_bytes && self.bytes_out / ratio_max.max(1) > self.bytes_in {
            return Err(InflateProblem::RatioTooHigh { ratio_max });
        }
        Ok(())
    }

    /// Says whether the stream may end here, once a step without input has written nothing more.
    pub(crate) fn finish(&mut self) -> Result<(), InflateProblem> {
        let is_complete = match &mut self.engine {
            _ if self.bytes_in == 0 => true,
            Engine::Gzip(gzip) => gzip.decoder.try_finish().is_ok(),
            Engine::Zstd { at_end, .. } => *at_end,
        };
        if is_complete { Ok(()) } else { Err(InflateProblem::Truncated { format: self.format() }) }
    }
}

/// The decoder checks sums apart from the data, so that a wrong one costs no data that came before (law LOSS).
struct Gzip {
    decoder: MultiGzDecoder<VecDeque<u8>>,
    /// Said once everything that came out before it is handed over.
    failed: Option<std::io::Error>,
}

impl Gzip {
    fn new() -> Self {
        Self { decoder: MultiGzDecoder::new(VecDeque::new()), failed: None }
    }

    /// What waits goes out before anything is read, so that no more than one piece ever waits.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> std::io::Result<Step> {
        let mut read = 0;
        if self.decoder.get_ref().is_empty() {
            let result = match self.failed.take() {
                Some(error) => Err(error),
                None if input.is_empty() => self.decoder.flush().map(|()| 0),
                None => self.decoder.write(input),
            };
            match result {
                Ok(count) => read = count,
                Err(error) if self.decoder.get_ref().is_empty() => return Err(error),
                Err(error) => self.failed = Some(error),
            }
        }
        let written = self.decoder.get_mut().read(output)?;
        Ok(Step { read, written })
    }
}

fn zstd_decoder(window_log_max: u32) -> std::io::Result<Decoder<'static>> {
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(window_log_max))?;
    Ok(decoder)
}

fn damaged<E: std::fmt::Display>(format: &'static str) -> impl FnOnce(E) -> InflateProblem {
    move |error| InflateProblem::Damaged { format, detail: error.to_string() }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    const LIMITS: InflateLimits =
        InflateLimits { ratio_max: 100, free_bytes: 1 << 16, total_bytes_max: 1 << 24, window_log_max: 23 };

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(crate) fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::stream::encode_all(bytes, 3).unwrap()
    }

    fn inflate(
        compression: Compression,
        pieces: &[&[u8]],
        output_bytes: usize,
        limits: InflateLimits,
    ) -> (Vec<u8>, Result<(), InflateProblem>) {
        let mut inflater = Inflater::new(compression, limits).unwrap();
        let mut output = vec![0; output_bytes];
        let mut all = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            loop {
                match inflater.step(rest, &mut output) {
                    Ok(step) => {
                        all.extend_from_slice(&output[..step.written]);
                        rest = &rest[step.read..];
                        if step == (Step { read: 0, written: 0 }) {
                            break;
                        }
                    }
                    Err(problem) => return (all, Err(problem)),
                }
            }
        }
        (all, inflater.finish())
    }

    #[test]
    fn several_members_are_one_stream() {
        for (compression, one, two) in [
            (Compression::Gzip, gzip(b"one\n"), gzip(b"two\n")),
            (Compression::Zstd, zstandard(b"one\n"), zstandard(b"two\n")),
        ] {
            let both = [one, two].concat();
            assert_eq!(Compression::of(&both), Some(compression));
            assert_eq!(inflate(compression, &[&both], 3, LIMITS), (b"one\ntwo\n".to_vec(), Ok(())));
        }
    }

    /// Law LIMIT.
    #[test]
    fn a_bomb_is_stopped() {
        let zeros = vec![0; 1 << 22];
        for (compression, bomb) in [(Compression::Gzip, gzip(&zeros)), (Compression::Zstd, zstandard(&zeros))]
        {
            let (taken, result) = inflate(compression, &[&bomb], 4_096, LIMITS);
            assert_eq!(result, Err(InflateProblem::RatioTooHigh { ratio_max: 100 }));
            assert!(taken.len() < 1 << 21, "{} bytes came out", taken.len());
            let limits = InflateLimits { ratio_max: 1 << 20, total_bytes_max: 1 << 20, ..LIMITS };
            let (_, result) = inflate(compression, &[&bomb], 4_096, limits);
            assert_eq!(result, Err(InflateProblem::TooLarge { bytes_max: 1 << 20 }));
        }
    }

    #[test]
    fn what_follows_the_data_is_not_taken_for_data() {
        let with_tail = [gzip(b"one\n"), b"more than a gzip header".to_vec()].concat();
        let (taken, result) = inflate(Compression::Gzip, &[&with_tail], 64, LIMITS);
        assert_eq!(taken, b"one\n");
        assert!(matches!(result, Err(InflateProblem::Damaged { .. })), "{result:?}");
    }

    /// Law LOSS.
    #[test]
    fn what_came_out_before_the_damage_is_handed_over() {
        let mut packed = gzip(b"one\ntwo\n");
        let checksum = packed.len() - 8;
        packed[checksum] ^= 1;
        let (taken, result) = inflate(Compression::Gzip, &[&packed], 64, LIMITS);
        assert_eq!(taken, b"one\ntwo\n");
        assert!(matches!(result, Err(InflateProblem::Truncated { .. })), "{result:?}");
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter_and_a_cut_end_is_noticed(
            text in "[a-f\n]{1,2000}",
            piece_bytes in 1usize..200,
            output_bytes in 1usize..200,
            cut in 1usize..2000,
            use_zstd in any::<bool>(),
        ) {
            let (compression, packed) = if use_zstd {
                (Compression::Zstd, zstandard(text.as_bytes()))
            } else {
                (Compression::Gzip, gzip(text.as_bytes()))
            };
            let pieces: Vec<&[u8]> = packed.chunks(piece_bytes).collect();
            let whole = inflate(compression, &pieces, output_bytes, LIMITS);
            prop_assert_eq!(whole, (text.clone().into_bytes(), Ok(())));
            let cut = cut % packed.len();
            let (taken, result) = inflate(compression, &[&packed[..cut]], output_bytes, LIMITS);
            prop_assert!(text.as_bytes().starts_with(&taken));
            prop_assert_eq!(result.is_err(), cut > 0);
        }
    }
}
