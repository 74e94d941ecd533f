//! For how long freed memory is kept before the system gets it back.
//!
//! Events fill memory until they are flushed, then it is free, then the next ones fill it. The allocator gives back after
//! a second what is free, and the system clears every page that it hands out again: up to a seventh of the processor time
//! of storing went there. What is kept raises the most that is held, because what is free for one size of things is not for
//! another. A second and a half is a compromise: under a flood between 1,038 and 1,097 MB are held in five runs, with three
//! seconds once 1,291, which is more than is configured; storing takes 5 to 16 % more processor time than with a minute.
//!
//! The allocator is told by its environment, which it reads before `main` begins, and its setting has no safe call: a
//! command that works for long starts itself once more, as the same process with the same arguments.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

/// What the allocator calls its setting.
const SETTING: &str = "MIMALLOC_PURGE_DELAY";
/// For how long freed memory is kept, in milliseconds.
const FREED_KEPT_MS: &str = "1500";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Makes the process keep memory. Whoever has set the allocator's delay is obeyed.
pub(crate) fn keep_freed_memory() {
    if env::var_os(SETTING).is_some() {
        return;
    }
    let Ok(program) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into_os_string());
    // It comes back only where it failed, as where a process is confined: then memory is given back early.
    let _ = Command::new(program).arg0(name).args(arguments).env(SETTING, FREED_KEPT_MS).exec();
    // Before it fails it lets a closed connection end the process; as long as somebody listens to that, it does not.
    if let Ok(runtime) = Builder::new_current_thread().enable_io().build() {
        let _entered = runtime.enter();
        let _ = signal(SignalKind::pipe());
    }
}
