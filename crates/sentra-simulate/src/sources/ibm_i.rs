//! The audit journal of IBM i: entries of `QAUDJRN` as `DSPJRN OUTFILFMT(*TYPE5)` gives them, translated to ASCII,
//! as a transfer of the output file as text does it.
//!
//! As documented in *IBM i Security reference*, "Layout of audit journal entries": a heading of 609 characters,
//! then the data of the entry type. Positions count from 1.

use super::{Pen, Source};
use crate::acts::IbmI;
use crate::moment::{Form, put_time};
use crate::text::ip_text;
use crate::world::{AccountId, HostId};

/// Where the data of the entry type begin.
const DATA: usize = 610;
/// No field of names is wider.
const WIDEST: usize = 16;
const BLANKS: [u8; DATA - 1] = [b' '; DATA - 1];

pub(super) fn write(pen: &mut Pen<'_>, host: HostId, account: AccountId, what: IbmI) -> Source {
    let world = pen.world;
    let profile = world.account(account).host_name.as_str();
    let target = |target| world.account(target).host_name.as_str();
    let from = match what {
        IbmI::WrongPassword { from } | IbmI::JobStarted { from } | IbmI::JobEnded { from } => from,
        _ => 0,
    };
    // A display device stands for the address that it was given to.
    let device = format!("QPADEV{:04}", from % 10_000);
    let mut entry = Entry::new(pen, &device);
    entry.text(197, &world.host(host).name);
    // The sign-on program runs under the system's own profile until somebody is signed on.
    let user = if matches!(what, IbmI::WrongPassword { .. }) { "QSYS" } else { profile };
    entry.text(65, user).text(187, user);
    match what {
        IbmI::WrongPassword { from } => {
            entry.kind("PW").remote(from).data("P").field(1, profile).field(11, &device);
        }
        IbmI::JobStarted { from } => {
            entry.kind("JS").remote(from).job("S", profile, &device);
        }
        IbmI::JobEnded { from } => {
            entry.kind("JS").remote(from).job("E", profile, &device);
        }
        IbmI::ProfileCreated { target: created, is_special } => {
            entry.profile(target(created), "CRT").field(32, "Y").field(33, "N").field(34, "N");
            if is_special {
                entry.field(35, "YYYYYYYY").field(146, "*SECOFR");
            } else {
                entry.field(35, "NNNNNNNN").field(146, "*USER");
            }
            entry.field(157, "*ENABLED");
        }
        IbmI::ProfileDeleted { target: deleted } => {
            entry.kind("DO").data("A").field(1, target(deleted)).field(11, "QSYS").field(21, "*USRPRF");
        }
        IbmI::Refused { object, library } => {
            entry.kind("AF").data("A").field(1, object).field(11, library).field(21, "*FILE");
            entry.field(30, &device).field(40, profile).field(50, "004711").field(76, profile);
        }
        IbmI::SystemValue { name, value, before } => {
            entry.kind("SV").data("A").field(1, name).field(11, value).field(261, before);
        }
    }
    entry.finish();
    Source::Qaudjrn
}

/// One entry while it is written: blanks, over which fields are laid.
struct Entry<'o> {
    out: &'o mut Vec<u8>,
    begin: usize,
}

impl<'o> Entry<'o> {
    fn new(pen: &'o mut Pen<'_>, device: &str) -> Self {
        let (number, at, job) = (pen.number, pen.at, pen.dice.below(900_000) + 1000);
        let begin = pen.out.len();
        pen.out.extend_from_slice(&BLANKS);
        let mut entry = Self { out: pen.out, begin };
        entry.text(6, &format!("{number:020}")).text(26, "T");
        let mut time = Vec::with_capacity(26);
        put_time(&mut time, at, Form::Saa);
        entry.bytes(29, &time);
        entry.text(55, device).text(75, &format!("{job:06}")).text(81, "QWTMCMNL").text(91, "QSYS");
        entry.text(241, "AUDRCV0042").text(251, "QGPL").text(305, "4").text(306, "00000");
        entry
    }

    /// Lays bytes at `position`, growing the entry where it ends before.
    fn bytes(&mut self, position: usize, bytes: &[u8]) -> &mut Self {
        let from = self.begin + position - 1;
        let to = from + bytes.len();
        if self.out.len() < to {
            self.out.resize(to, b' ');
        }
        if let Some(place) = self.out.get_mut(from..to) {
            place.copy_from_slice(bytes);
        }
        self
    }

    fn text(&mut self, position: usize, text: &str) -> &mut Self {
        self.bytes(position, text.as_bytes())
    }

    fn kind(&mut self, kind: &str) -> &mut Self {
        self.text(27, kind)
    }

    fn remote(&mut self, from: u32) -> &mut Self {
        self.text(306, "50125").text(311, &ip_text(from))
    }

    /// The first character of the data says more closely what happened.
    fn data(&mut self, detail: &str) -> &mut Self {
        self.text(DATA, detail)
    }

    /// A field of the data, counted from their beginning as 0.
    fn field(&mut self, offset: usize, text: &str) -> &mut Self {
        self.text(DATA + offset, text)
    }

    fn profile(&mut self, name: &str, command: &str) -> &mut Self {
        self.kind("CP").data("A").field(1, name).field(11, "QSYS").field(21, "*USRPRF").field(29, command)
    }

    /// An interactive job.
    fn job(&mut self, detail: &str, profile: &str, device: &str) -> &mut Self {
        self.data(detail).field(1, "I").field(3, device).field(13, profile).field(23, "004711");
        self.field(29, device).field(39, profile)
    }

    /// The length stands in front, as five digits. The last field is blank to its full width.
    fn finish(&mut self) {
        self.out.extend_from_slice(&[b' '; WIDEST]);
        let length = self.out.len() - self.begin;
        self.text(1, &format!("{length:05}"));
    }
}
