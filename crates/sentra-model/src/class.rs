/// The OCSF 1.x class of an event, by its `class_uid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Class(pub u32);

impl Class {
    /// No class fits, or the line was not understood further than its envelope.
    pub const BASE: Self = Self(0);
    /// File System Activity.
    pub const FILE: Self = Self(1001);
    /// Kernel Extension Activity (driver loads).
    pub const KERNEL_EXTENSION: Self = Self(1002);
    /// Memory Activity (process access).
    pub const MEMORY: Self = Self(1004);
    /// Module Activity (library loads).
    pub const MODULE: Self = Self(1005);
    /// Scheduled Job Activity.
    pub const SCHEDULED_JOB: Self = Self(1006);
    /// Process Activity.
    pub const PROCESS: Self = Self(1007);
    /// Registry Key Activity.
    pub const REGISTRY_KEY: Self = Self(201_001);
    /// Registry Value Activity.
    pub const REGISTRY_VALUE: Self = Self(201_002);
    /// Detection Finding.
    pub const DETECTION_FINDING: Self = Self(2004);
    /// Account Change.
    pub const ACCOUNT_CHANGE: Self = Self(3001);
    /// Authentication.
    pub const AUTHENTICATION: Self = Self(3002);
    /// Authorize Session.
    pub const AUTHORIZE_SESSION: Self = Self(3003);
    /// Group Management.
    pub const GROUP: Self = Self(3006);
    /// Network Activity.
    pub const NETWORK: Self = Self(4001);
    /// HTTP Activity.
    pub const HTTP: Self = Self(4002);
    /// DNS Activity.
    pub const DNS: Self = Self(4003);
    /// RDP Activity.
    pub const RDP: Self = Self(4005);
    /// SMB Activity.
    pub const SMB: Self = Self(4006);
    /// SSH Activity.
    pub const SSH: Self = Self(4007);
    /// FTP Activity.
    pub const FTP: Self = Self(4008);
    /// Email Activity.
    pub const EMAIL: Self = Self(4009);
    /// Network File Activity.
    pub const NETWORK_FILE: Self = Self(4010);
    /// Device Config State Change.
    pub const DEVICE_CONFIG: Self = Self(5019);
    /// Datastore Activity.
    pub const DATASTORE: Self = Self(6005);
    /// API Activity.
    pub const API: Self = Self(6003);
    /// Application Lifecycle.
    pub const APPLICATION_LIFECYCLE: Self = Self(6002);
}
