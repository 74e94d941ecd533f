use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::Wire;
use crate::seats::Seat;

/// What every HTTP/2 connection begins with, RFC 9113 section 3.4. As long as the first bytes could become it, the
/// server cannot know what is spoken, and no timeout of either protocol runs.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that tells its seat when something comes, and that ends when its first bytes take too long (law LIMIT).
pub(crate) struct Watched {
    wire: Box<dyn Wire>,
    seat: Seat,
    /// How much of the preface has come; `None` once it is clear what is spoken.
    preface: Option<Preface>,
}

struct Preface {
    matched: usize,
    deadline: Pin<Box<Sleep>>,
}

impl Watched {
    pub(crate) fn new(wire: Box<dyn Wire>, seat: Seat, timeout: Duration) -> Self {
        let deadline = Box::pin(sleep_until(Instant::now() + timeout));
        Self { wire, seat, preface: Some(Preface { matched: 0, deadline }) }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.wire).poll_read(context, buffer);
        let new = buffer.filled().get(before..).unwrap_or_default();
        if !new.is_empty() {
            self.seat.heard();
        }
        let Some(preface) = &mut self.preface else { return read };
        let rest = HTTP2_PREFACE.get(preface.matched..).unwrap_or_default();
        let same = new.iter().zip(rest).take_while(|(one, other)| one == other).count();
        preface.matched += same;
        if same < new.len() || preface.matched == HTTP2_PREFACE.len() {
            self.preface = None;
        } else if read.is_pending() && Future::poll(preface.deadline.as_mut(), context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}
