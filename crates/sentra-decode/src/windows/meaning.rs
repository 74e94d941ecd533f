//! Class, code and outcome of a Windows event by its service and id.

use sentra_model::{Class, EventCode, Outcome};

/// What an event means, as far as its id tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) class: Class,
    pub(super) code: Option<EventCode>,
    /// Where the id alone says it.
    pub(super) outcome: Option<Outcome>,
}

impl Meaning {
    const fn class(class: Class) -> Self {
        Self { class, code: None, outcome: None }
    }

    const fn done(class: Class, code: EventCode) -> Self {
        Self { class, code: Some(code), outcome: Some(Outcome::Success) }
    }

    const fn failed(class: Class, code: EventCode) -> Self {
        Self { class, code: Some(code), outcome: Some(Outcome::Failure) }
    }
}

/// The meaning of event `id` of `service`, whose audit keywords say `audited`.
pub(super) fn of(service: &str, id: i64, audited: Outcome) -> Meaning {
    match service {
        "security" => security(id, audited),
        "sysmon" => Meaning::class(sysmon(id)),
        "system" => system(id),
        "powershell" | "powershell-classic" => Meaning::class(Class::PROCESS),
        "taskscheduler" => Meaning::class(Class::SCHEDULED_JOB),
        "windefend" if matches!(id, 5001 | 5004 | 5007 | 5010 | 5012 | 5013) => {
            Meaning::done(Class::BASE, EventCode::CC02)
        }
        "openssh" => Meaning::class(Class::AUTHENTICATION),
        "dns-client" | "dns-server" | "dns-server-analytic" => Meaning::class(Class::DNS),
        "smbclient-connectivity" | "smbserver-connectivity" => Meaning::class(Class::NETWORK),
        "firewall-as" => Meaning::done(Class::BASE, EventCode::CC02),
        "terminalservices-localsessionmanager" => Meaning::class(Class::AUTHENTICATION),
        _ => Meaning::class(Class::BASE),
    }
}

fn security(id: i64, audited: Outcome) -> Meaning {
    use EventCode as Code;
    let either = |success, failure| match audited {
        Outcome::Failure => Meaning::failed(Class::AUTHENTICATION, failure),
        _ => Meaning::done(Class::AUTHENTICATION, success),
    };
    match id {
        1102 => Meaning::done(Class::BASE, Code::SS05),
        1100 => Meaning::done(Class::APPLICATION_LIFECYCLE, Code::SS02),
        4624 => Meaning::done(Class::AUTHENTICATION, Code::LL01),
        4625 => Meaning::failed(Class::AUTHENTICATION, Code::LL03),
        4634 | 4647 => Meaning::done(Class::AUTHENTICATION, Code::LL02),
        4648 => Meaning::class(Class::AUTHENTICATION),
        // Kerberos and NTLM checks at the domain controller: the machine that was logged on to counts the
        // attempt with 4624 or 4625, so these carry no code.
        4771 => Meaning { outcome: Some(Outcome::Failure), ..Meaning::class(Class::AUTHENTICATION) },
        4768 | 4769 | 4770 | 4772..=4779 => Meaning::class(Class::AUTHENTICATION),
        4672 => Meaning::done(Class::AUTHORIZE_SESSION, Code::PA01),
        4673 | 4674 => Meaning { class: Class::AUTHORIZE_SESSION, ..either(Code::PA01, Code::PA02) },
        4688 | 4689 | 4696 => Meaning::class(Class::PROCESS),
        4697 => Meaning::done(Class::APPLICATION_LIFECYCLE, Code::CC02),
        4698..=4702 => Meaning { code: Some(Code::CC01), ..Meaning::class(Class::SCHEDULED_JOB) },
        4719 | 4739 | 4713 | 4717 | 4718 | 4907 | 4706 | 4707 | 4950 => {
            Meaning::done(Class::BASE, Code::CC02)
        }
        4946..=4948 => Meaning::done(Class::BASE, Code::CC02),
        4720 => Meaning::done(Class::ACCOUNT_CHANGE, Code::SA01),
        4722 | 4725 | 4738 | 4781 | 4741 | 4742 => account(id),
        4726 | 4743 => Meaning::done(Class::ACCOUNT_CHANGE, Code::SA03),
        4723 => Meaning { class: Class::ACCOUNT_CHANGE, ..either(Code::LL04, Code::LL05) },
        4724 => Meaning::done(Class::ACCOUNT_CHANGE, Code::SA07),
        4727 | 4731 | 4744 | 4749 | 4754 | 4759 => Meaning::done(Class::GROUP, Code::SA04),
        4728 | 4729 | 4732 | 4733 | 4735 | 4737 | 4745..=4747 | 4750..=4752 | 4755..=4757 | 4760..=4762 => {
            Meaning::done(Class::GROUP, Code::SA05)
        }
        4730 | 4734 | 4748 | 4753 | 4758 | 4763 => Meaning::done(Class::GROUP, Code::SA06),
        4740 => Meaning::done(Class::ACCOUNT_CHANGE, Code::SA08),
        4767 => Meaning::done(Class::ACCOUNT_CHANGE, Code::SA09),
        4656 | 4658 | 4660 | 4663 | 4670 | 4690 | 5140 | 5142 | 5145 => Meaning::class(Class::FILE),
        4657 => Meaning::class(Class::REGISTRY_VALUE),
        5154..=5159 | 5031 | 5150..=5153 => Meaning::class(Class::NETWORK),
        _ => Meaning::class(Class::BASE),
    }
}

/// 4741 creates a computer account; the others change one.
fn account(id: i64) -> Meaning {
    let code = if id == 4741 { EventCode::SA01 } else { EventCode::SA02 };
    Meaning::done(Class::ACCOUNT_CHANGE, code)
}

fn sysmon(id: i64) -> Class {
    match id {
        1 | 5 | 25 => Class::PROCESS,
        2 | 11 | 15 | 23 | 26..=29 => Class::FILE,
        3 => Class::NETWORK,
        6 => Class::KERNEL_EXTENSION,
        7 => Class::MODULE,
        8 | 10 => Class::MEMORY,
        9 => Class::FILE,
        12 | 14 => Class::REGISTRY_KEY,
        13 => Class::REGISTRY_VALUE,
        22 => Class::DNS,
        _ => Class::BASE,
    }
}

fn system(id: i64) -> Meaning {
    match id {
        104 => Meaning::done(Class::BASE, EventCode::SS05),
        7045 => Meaning::done(Class::APPLICATION_LIFECYCLE, EventCode::CC02),
        7040 => Meaning::done(Class::APPLICATION_LIFECYCLE, EventCode::CC01),
        7034..=7036 => Meaning::class(Class::APPLICATION_LIFECYCLE),
        _ => Meaning::class(Class::BASE),
    }
}
