//! Which source fields hold what an indicator can be, by their names.

use std::sync::LazyLock;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::look::Look;

/// Bytes of the longest name that is known.
const NAME_BYTES_MAX: usize = 40;

/// Names in lower case without `_`, `-`, `.`, `@` and spaces, as [`look_of`] writes them.
const NAMES: [(Look, &[&str]); 6] = [
    (
        Look::Host,
        &[
            // addresses
            "ip",
            "ipaddr",
            "ipaddress",
            "address",
            "addr",
            "srcip",
            "dstip",
            "sourceip",
            "destip",
            "destinationip",
            "sourceaddress",
            "destaddress",
            "destinationaddress",
            "srcaddr",
            "dstaddr",
            "src",
            "dst",
            "clientip",
            "clientaddr",
            "clientaddress",
            "clientipaddress",
            "cip",
            "sip",
            "remoteip",
            "remoteaddr",
            "remoteaddress",
            "remotehost",
            "rhost",
            "peerip",
            "peeraddr",
            "peeraddress",
            "serverip",
            "serveraddr",
            "serveraddress",
            "hostip",
            "natip",
            "natsrcip",
            "natdstip",
            "callerip",
            "calleripaddress",
            "sourceipaddress",
            "senderip",
            "originip",
            "origh",
            "resph",
            "idorigh",
            "idresph",
            "localip",
            "attackerip",
            "sourcenetworkaddress",
            "destinationtranslatedaddress",
            "realip",
            "xrealip",
            "actoripaddress",
            "loginip",
            "lastip",
            "dhost",
            "shost",
            // names
            "domain",
            "query",
            "queryname",
            "dnsquery",
            "qname",
            "rrname",
            "question",
            "dnsquestionname",
            "hostname",
            "host",
            "fqdn",
            "servername",
            "sni",
            "tlssni",
            "sslservername",
            "httphost",
            "cshost",
            "desthost",
            "dsthost",
            "destinationhost",
            "destinationhostname",
            "sourcehost",
            "sourcehostname",
            "srchost",
            "remotehostname",
            "destinationdomain",
            "destdomain",
            "requesthost",
            "urldomain",
            "site",
            "serversubjectcn",
        ],
    ),
    (
        Look::Hosts,
        &[
            "queryresults",
            "answers",
            "answer",
            "xforwardedfor",
            "forwardedfor",
            "sourceips",
            "resolvedip",
            "resolvedips",
            "ips",
            "ipaddresses",
            "rdata",
            "subjectaltname",
            "sandns",
            "txhosts",
            "rxhosts",
            "relatedip",
            "relatedhosts",
        ],
    ),
    (
        Look::Url,
        &[
            "url",
            "uri",
            "urlfull",
            "urloriginal",
            "requesturl",
            "requesturi",
            "csurl",
            "csuri",
            "csreferer",
            "csreferrer",
            "referer",
            "referrer",
            "httpreferer",
            "httpreferrer",
            "httpurl",
            "redirecturl",
            "location",
            "hosturl",
            "referrerurl",
            "downloadurl",
            "remoteurl",
            "targeturl",
            "cuturi",
            "fullurl",
            "originalurl",
            "link",
        ],
    ),
    (
        Look::Hashes,
        &[
            "hash",
            "hashes",
            "md5",
            "sha1",
            "sha256",
            "filehash",
            "filehashes",
            "filemd5",
            "filesha1",
            "filesha256",
            "md5hash",
            "sha1hash",
            "sha256hash",
            "hashmd5",
            "hashsha1",
            "hashsha256",
            "imagehash",
            "processhash",
            "digest",
            "checksum",
            "parenthash",
            "targethash",
            "relatedhash",
            "sha256flat",
            "processsha256",
            "processmd5",
        ],
    ),
    (
        Look::Mails,
        &[
            "mail",
            "email",
            "emailaddress",
            "mailfrom",
            "rcptto",
            "from",
            "to",
            "cc",
            "bcc",
            "sender",
            "recipient",
            "recipients",
            "recipientaddress",
            "senderaddress",
            "fromaddress",
            "toaddress",
            "returnpath",
            "replyto",
            "p1sender",
            "p2sender",
            "envelopefrom",
            "envelopeto",
            "mailfromaddress",
            "senderfromaddress",
            "useremail",
            "actoremail",
        ],
    ),
    (
        Look::Text,
        &[
            "commandline",
            "command",
            "cmdline",
            "cmd",
            "processcommandline",
            "parentcommandline",
            "parentprocesscommandline",
            "scriptblocktext",
            "contents",
            "execve",
            "proctitle",
            "hostapplication",
            "taskcontent",
            "servicefilename",
            "imagepath",
        ],
    ),
];

/// How the values of the source field `name` are looked up; `None` for one that cannot hold an indicator. The whole
/// name counts before what stands behind its last dot: `process.hash.sha256` is a `sha256`.
pub(crate) fn look_of(name: &str) -> Option<Look> {
    static LOOKS: LazyLock<HashMap<&'static str, Look, FixedState>> = LazyLock::new(|| {
        NAMES.iter().flat_map(|(look, names)| names.iter().map(|name| (*name, *look))).collect()
    });
    let known = |name: &str| {
        let mut plain = [0_u8; NAME_BYTES_MAX];
        let mut length = 0;
        for byte in name.bytes().filter(|byte| !b"_-.@ []".contains(byte)) {
            *plain.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
        let plain = std::str::from_utf8(plain.get(..length)?).ok()?;
        LOOKS.get(plain).copied()
    };
    known(name).or_else(|| name.rsplit_once('.').and_then(|(_, last)| known(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_known_under_the_names_of_many_sources() {
        for (name, look) in [
            ("DestinationIp", Some(Look::Host)),
            ("id.orig_h", Some(Look::Host)),
            ("QueryName", Some(Look::Host)),
            ("QueryResults", Some(Look::Hosts)),
            ("X-Forwarded-For", Some(Look::Hosts)),
            ("Hashes", Some(Look::Hashes)),
            ("process.hash.sha256", Some(Look::Hashes)),
            ("url.full", Some(Look::Url)),
            ("user.email", Some(Look::Mails)),
            ("CommandLine", Some(Look::Text)),
            ("SubjectDomainName", None),
            ("TargetObject", None),
            ("Imphash", None),
            ("", None),
        ] {
            assert_eq!(look_of(name), look, "{name}");
        }
        assert_eq!(look_of(&"x".repeat(100_000)), None);
    }

    #[test]
    fn the_table_is_written_as_it_is_asked() {
        for (look, names) in NAMES {
            for name in names {
                assert_eq!(look_of(name), Some(look), "{name}");
            }
        }
    }
}
