use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($code:ident $meaning:literal),+ $(,)?) => {
        /// The cross-system code of an event, so that one rule serves Windows, Linux, mainframe and cloud.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
        )]
        pub enum EventCode {
            $(#[doc = $meaning] $code,)+
        }

        impl EventCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The code as text, `LL01`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }

            /// What the code means, in lower case: `login succeeded`.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }
        }
    };
}

codes! {
    LL01 "login succeeded",
    LL02 "logoff",
    LL03 "login failed",
    LL04 "password change succeeded",
    LL05 "password change failed",
    LL06 "MFA challenge issued",
    LL07 "MFA verified",
    LL08 "MFA failed",
    CC01 "application configuration changed",
    CC02 "security configuration changed",
    PA01 "privileged operation succeeded",
    PA02 "privileged operation failed",
    SA01 "user created",
    SA02 "user changed",
    SA03 "user deleted",
    SA04 "role or group created",
    SA05 "role or group changed",
    SA06 "role or group deleted",
    SA07 "password reset by an administrator",
    SA08 "account locked",
    SA09 "account unlocked",
    SA10 "MFA device registered or changed",
    IG01 "access requested",
    IG02 "access approved",
    IG03 "access recertified",
    IG04 "segregation-of-duties violation",
    SS01 "application started",
    SS02 "application stopped",
    SS03 "data dump",
    SS04 "data restore",
    SS05 "logging changed",
    CM01 "sequencing failure",
    CM02 "utilisation threshold reached",
    CM03 "code changed",
    CM04 "memory allocation changed",
    AO01 "console action",
    AO02 "appliance shell command",
    AO03 "privilege policy bypass",
    AO04 "break-glass invoked",
    AO05 "break-glass keystrokes",
}

impl fmt::Display for EventCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}
